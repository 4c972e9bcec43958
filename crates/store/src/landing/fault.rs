//! What an object storage says, by what the user can do about it.

use object_store::Error;

use crate::StoreError;

/// The class of an error of the landing at `place`.
pub(super) fn of(place: &str, error: Error) -> StoreError {
    Fault::of(&error).of_landing(place)
}

/// A fault that everybody who waited for the same request is told.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// Trying again later does not help.
    lasting: bool,
    reason: String,
}

impl Fault {
    pub(crate) fn of(error: &Error) -> Fault {
        let code = code(error);
        let coded = |status: &str| match &code {
            Some(code) => format!("{status} ({code}){}", meant_by(code)),
            None => status.to_owned(),
        };
        let (lasting, reason) = match error {
            Error::PermissionDenied { .. } => (true, coded("403 Forbidden")),
            Error::Unauthenticated { .. } => (true, coded("401 Unauthorized")),
            Error::NotFound { .. } if code.is_none() => {
                (true, "404 Not Found: is there such a bucket?".to_owned())
            }
            Error::NotFound { .. } => (true, coded("404 Not Found")),
            // The address at which a machine is asked for the credentials of its role.
            Error::Generic { source, .. } if source.to_string().contains("/latest/") => {
                (true, "no keys in the settings or AWS_* variables, and the machine gives none".to_owned())
            }
            Error::Generic { source, .. } => {
                let reason = in_short(source.as_ref());
                (is_refusal(&reason), coded(&reason))
            }
            // Others write the same object at the same time.
            Error::AlreadyExists { .. } | Error::Precondition { .. } => (false, in_short(error)),
            other => (true, coded(&in_short(other))),
        };
        Fault { lasting, reason }
    }

    pub(super) fn passing(reason: impl Into<String>) -> Fault {
        Fault { lasting: false, reason: reason.into() }
    }

    /// The same of an object that is no part of a landing.
    pub(crate) fn of_object(self, object: &str) -> StoreError {
        let (object, reason) = (object.to_owned(), self.reason);
        match self.lasting {
            true => StoreError::ObjectRefused { object, reason },
            false => StoreError::ObjectAway { object, reason },
        }
    }

    pub(super) fn of_landing(self, place: &str) -> StoreError {
        let (landing, reason) = (place.to_owned(), self.reason);
        match self.lasting {
            true => StoreError::LandingRefuses { landing, reason },
            false => StoreError::LandingAway { landing, reason },
        }
    }
}

/// A status that says that asking again would be in vain.
fn is_refusal(reason: &str) -> bool {
    let status: Option<u16> = reason.get(..3).and_then(|digits| digits.parse().ok());
    status.is_some_and(|status| (400..500).contains(&status) && !matches!(status, 408 | 409 | 429))
}

/// What the storage itself calls the error, in the XML that it answers with.
fn code(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.find_map(|cause| {
        let text = cause.to_string();
        let (code, _) = text.split_once("<Code>")?.1.split_once("</Code>")?;
        let sound = (1..=60).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_alphanumeric());
        sound.then(|| code.to_owned())
    })
}

/// What a code says about what to do, where it says more than that.
fn meant_by(code: &str) -> &'static str {
    match code {
        "AccessDenied" => ": these keys are not permitted to do this there",
        "InvalidAccessKeyId" => ": it does not know this s3_access_key_id",
        "SignatureDoesNotMatch" => ": s3_secret_access_key is not that of s3_access_key_id",
        "ExpiredToken" | "InvalidToken" => ": the credentials have run out",
        "NoSuchBucket" => ": there is no such bucket; make it, or name another",
        "InvalidBucketName" => ": a bucket cannot be called so",
        "RequestTimeTooSkewed" => ": the clock of this machine is wrong; compare `date -u`",
        "PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException" => {
            ": the bucket is in another region; set s3_region"
        }
        _ => "",
    }
}

/// The last cause says it best: the ones before it repeat the request with its whole address.
fn in_short(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let text = cause.to_string();
    let text = text.split(['\n', '<']).next().unwrap_or_default().trim().trim_end_matches([':', ' ']);
    text.strip_prefix("Server returned non-2xx status code: ").unwrap_or(text).chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_the_storage_is_told_with_what_to_do() {
        let said = |body: &str| format!("Server returned non-2xx status code: 400 Bad Request: {body}");
        let check = |body: &str, expected: &str| {
            let source = Box::new(std::io::Error::other(said(body)));
            let fault = Fault::of(&Error::Generic { store: "S3", source });
            let told = fault.of_object("s3://b/x").to_string();
            assert!(told.contains(expected), "{told}");
        };
        let xml = |code: &str| format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code></Error>");
        check(
            &xml("InvalidBucketName"),
            "400 Bad Request (InvalidBucketName): a bucket cannot be called so;",
        );
        check(&xml("EntityTooLarge"), "400 Bad Request (EntityTooLarge); check");
        check(&xml("\u{1b}[31m"), "400 Bad Request; check");
        check("plain", "400 Bad Request: plain; check");
        let source = Box::new(std::io::Error::other(xml("RequestTimeTooSkewed")));
        let refused = Fault::of(&Error::PermissionDenied { path: "x".to_owned(), source });
        let told = refused.of_landing("s3://b").to_string();
        assert!(told.contains("403 Forbidden (RequestTimeTooSkewed): the clock of this machine"), "{told}");
    }
}

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
        let (lasting, reason) = match error {
            Error::PermissionDenied { .. } => (true, "403 Forbidden".to_owned()),
            Error::Unauthenticated { .. } => (true, "401 Unauthorized".to_owned()),
            Error::NotFound { .. } => (true, "404 Not Found: is there such a bucket?".to_owned()),
            // The address at which a machine is asked for the credentials of its role.
            Error::Generic { source, .. } if source.to_string().contains("/latest/") => {
                (true, "no keys in the settings or AWS_* variables, and the machine gives none".to_owned())
            }
            Error::Generic { source, .. } => {
                let reason = in_short(source.as_ref());
                (is_refusal(&reason), reason)
            }
            // Others write the same object at the same time.
            Error::AlreadyExists { .. } | Error::Precondition { .. } => (false, in_short(error)),
            other => (true, in_short(other)),
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

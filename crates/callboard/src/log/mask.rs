//! Keeps secrets out of log lines: every known secret value, wherever it stands, what looks like a
//! credential in an address or a header, and addresses of e-mail.

use std::io::{self, Write};
use std::sync::Arc;

use model::mask::{MASK, names_credential};

/// Shorter values are too likely to be a part of something harmless.
const MIN_SECRET: usize = 6;

/// The secret values that this process knows.
#[derive(Debug, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Those that came in with the call: values of environment variables (those of `.env` included) and
    /// of `NAME=VALUE` arguments whose names are those of credentials.
    pub fn of_this_call() -> Secrets {
        let of_arguments = std::env::args().filter_map(|argument| {
            let (name, value) = argument.split_once('=')?;
            Some((name.trim_start_matches('-').to_owned(), value.to_owned()))
        });
        let named = std::env::vars().chain(of_arguments).filter(|(name, _)| names_credential(name));
        Secrets::new(named.map(|(_, value)| value))
    }

    pub fn new(values: impl Iterator<Item = String>) -> Secrets {
        let long = values.filter(|value| value.len() >= MIN_SECRET && *value != MASK);
        let both = long.flat_map(|value| {
            let encoded: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            let quoted = serde_json::to_string(&value).unwrap_or_default().trim_matches('"').to_owned();
            [value, encoded, quoted]
        });
        let mut secrets: Vec<String> = both.collect();
        // the longest first: one secret may be the beginning of another
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Secrets(secrets)
    }

    fn hide(&self, line: &str) -> String {
        let mut line = model::mask::line(line).into_owned();
        for secret in self.0.iter().filter(|secret| !secret.is_empty()) {
            if line.contains(secret.as_str()) {
                line = line.replace(secret.as_str(), MASK);
            }
        }
        line
    }
}

/// Writes to `inner` what is fit to be seen. Takes one event a call, as log lines come.
pub struct Masked<W> {
    inner: W,
    secrets: Arc<Secrets>,
}

impl<W: Write> Masked<W> {
    pub fn new(inner: W, secrets: Arc<Secrets>) -> Masked<W> {
        Masked { inner, secrets }
    }
}

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = self.secrets.hide(&String::from_utf8_lossy(event));
        self.inner.write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(secrets: &[&str], event: &str) -> String {
        let secrets = Secrets::new(secrets.iter().map(|secret| (*secret).to_owned()));
        let mut out = Vec::new();
        write!(Masked::new(&mut out, Arc::new(secrets)), "{event}").expect("written");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn known_secrets_never_get_through_in_any_form() {
        let check = |event: &str, expected: &str| {
            assert_eq!(written(&["s3cr/et+\"x", "s3cr/et+\"x-longer", "ab"], event), expected);
        };
        check("got s3cr/et+\"x back", "got *** back");
        check("got s3cr/et+\"x-longer back", "got *** back");
        check("in an address: s3cr%2Fet%2B%22x", "in an address: ***");
        check(r#"{"said":"s3cr/et+\"x"}"#, r#"{"said":"***"}"#);
        check("ab is too short to be told from text", "ab is too short to be told from text");
    }

    #[test]
    fn unknown_ones_are_told_by_their_names() {
        let event = r#"{"message":"GET https://a.test/?apikey=zzz999&page=2","token":"zzz999"}"#;
        let masked = r#"{"message":"GET https://a.test/?apikey=***&page=2","token":"***"}"#;
        assert_eq!(written(&[], event), masked);
    }
}

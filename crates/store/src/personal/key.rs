//! Keys, and what is sealed with them: ChaCha20-Poly1305, bound to kind and column, so that a value cannot be
//! moved to where it would be read as something else. Kept as `enc:v1:<key id>:<nonce and text, base64>`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Kind;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::Value;

use crate::StoreError;
use crate::sql::SqlResult;

const PREFIX: &str = "enc:v1:";
const KEY_BYTES: usize = 32;

/// A key that personal columns are sealed with.
pub struct PersonalKey {
    id: String,
    key: LessSafeKey,
}

impl fmt::Debug for PersonalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonalKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl PersonalKey {
    /// A new key, by chance, as it is written into settings.
    pub fn make() -> Result<String, StoreError> {
        Ok(STANDARD.encode(chance::<KEY_BYTES>().map_err(|error| StoreError::Question(error.to_string()))?))
    }

    /// The key that is written so.
    pub fn read(text: &str) -> Result<PersonalKey, StoreError> {
        let wrong = || {
            StoreError::Question(
                "the key of personal columns must be 32 bytes in base64: `callboard personal key` makes one"
                    .to_owned(),
            )
        };
        let bytes = STANDARD.decode(text.trim()).map_err(|_| wrong())?;
        let bytes: [u8; KEY_BYTES] = bytes.try_into().map_err(|_| wrong())?;
        let mut id = blake3::Hasher::new_derive_key("callboard: the id of a key of personal columns");
        let id = id.update(&bytes).finalize().to_hex()[..8].to_owned();
        let key = UnboundKey::new(&CHACHA20_POLY1305, &bytes).map_err(|_| wrong())?;
        Ok(PersonalKey { id, key: LessSafeKey::new(key) })
    }

    /// By which it is told from others; says nothing of the key.
    pub fn id(&self) -> &str {
        &self.id
    }
}

/// Bytes that nobody can guess.
pub(super) fn chance<const N: usize>() -> SqlResult<[u8; N]> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| sqlx::Error::Encode("the system gives no random bytes".into()))?;
    Ok(bytes)
}

/// The id of the key that a value is sealed with, if it is.
pub(crate) fn sealed_by(value: &Value) -> Option<&str> {
    Some(value.as_str()?.strip_prefix(PREFIX)?.split_once(':')?.0)
}

/// The keys at hand.
#[derive(Debug, Default)]
pub(crate) struct Keyring {
    pub(super) current: Option<PersonalKey>,
    pub(super) old: Option<PersonalKey>,
}

impl Keyring {
    /// The id of the key that is sealed with.
    pub(crate) fn current(&self) -> Option<&str> {
        self.current.as_ref().map(PersonalKey::id)
    }

    pub(super) fn old(&self) -> Option<&str> {
        self.old.as_ref().map(PersonalKey::id)
    }

    /// The value as it is to be kept. What is sealed stays as it is, and nothing is sealed without a key.
    pub(crate) fn seal(&self, kind: Kind, column: &str, value: &Value) -> SqlResult<Value> {
        let Some(PersonalKey { id, key }) = &self.current else { return Ok(value.clone()) };
        if value.is_null() || sealed_by(value).is_some() {
            return Ok(value.clone());
        }
        let nonce = chance::<NONCE_LEN>()?;
        // Values always serialise.
        let mut sealed = serde_json::to_vec(value).unwrap_or_default();
        key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            bound_to(kind, column),
            &mut sealed,
        )
        .map_err(|_| sqlx::Error::Encode("a value could not be sealed".into()))?;
        sealed.splice(0..0, nonce);
        Ok(format!("{PREFIX}{id}:{}", STANDARD.encode(sealed)).into())
    }

    /// The value as it was before it was sealed; `None` without its key, or where it was tampered with.
    pub(crate) fn open(&self, kind: Kind, column: &str, value: &Value) -> Option<Value> {
        let Some(id) = sealed_by(value) else { return Some(value.clone()) };
        let held = [&self.current, &self.old].into_iter().flatten().find(|key| key.id == id)?;
        let text = value.as_str()?.strip_prefix(PREFIX)?.split_once(':')?.1;
        let mut bytes = STANDARD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_mut_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let opened = held.key.open_in_place(nonce, bound_to(kind, column), sealed).ok()?;
        serde_json::from_slice(opened).ok()
    }
}

fn bound_to(kind: Kind, column: &str) -> Aad<String> {
    Aad::from(format!("{}.{column}", kind.name()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ring() -> Keyring {
        let key = PersonalKey::make().unwrap();
        Keyring { current: Some(PersonalKey::read(&key).unwrap()), old: None }
    }

    #[test]
    fn what_is_sealed_opens_with_its_key_and_place_alone() {
        let (ring, value) = (ring(), json!("ada@example.test"));
        let sealed = ring.seal(Kind::Organizer, "email", &value).unwrap();
        assert_eq!(sealed_by(&sealed), ring.current());
        assert!(!sealed.to_string().contains("ada"));
        assert_ne!(ring.seal(Kind::Organizer, "email", &value).unwrap(), sealed, "another each time");
        assert_eq!(ring.seal(Kind::Organizer, "email", &sealed).unwrap(), sealed, "once");
        assert_eq!(ring.open(Kind::Organizer, "email", &sealed), Some(value.clone()));
        assert_eq!(ring.open(Kind::Organizer, "phone", &sealed), None);
        assert_eq!(super::tests::ring().open(Kind::Organizer, "email", &sealed), None);
        assert_eq!(Keyring::default().open(Kind::Organizer, "email", &value), Some(value));
        let damaged = json!(sealed.as_str().unwrap().replace(":v1:", ":v1:x"));
        assert_eq!(ring.open(Kind::Organizer, "email", &damaged), None);
    }

    #[test]
    fn a_key_that_is_none_says_what_one_is() {
        for text in ["", "short", "AAAA", "not base64 !"] {
            assert!(PersonalKey::read(text).unwrap_err().to_string().contains("32 bytes in base64"));
        }
        let key = PersonalKey::make().unwrap();
        assert!(!format!("{:?}", PersonalKey::read(&key).unwrap()).contains(&key));
    }
}

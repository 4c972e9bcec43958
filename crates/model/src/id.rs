//! Identities. A row's id follows from its source and source key alone, so that any process, at any
//! time, gives the same listing the same id without asking the store.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::Kind;

/// The name of a configured connector, or of a host or file that was read without one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SourceName(String);

impl SourceName {
    /// Trims and lower-cases; white space inside becomes `-`; an empty name becomes `unnamed`.
    pub fn new(text: &str) -> SourceName {
        let name = text.split_whitespace().collect::<Vec<_>>().join("-").to_lowercase();
        SourceName(if name.is_empty() { "unnamed".to_owned() } else { name })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Stable id of a stored row: a prefix for its kind and 80 bits of the hash of source and key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RowId(String);

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

impl RowId {
    /// The id of the row that `source` calls `key`.
    pub fn of(kind: Kind, source: &SourceName, key: &str) -> RowId {
        let mut hasher = blake3::Hasher::new();
        for part in [kind.name(), source.as_str(), key] {
            hasher.update(part.as_bytes()).update(b"\0");
        }
        let mut bits = [0_u8; 16];
        bits[6..].copy_from_slice(&hasher.finalize().as_bytes()[..10]);
        let bits = u128::from_be_bytes(bits);
        let mut text = String::with_capacity(20);
        text.push_str(kind.prefix());
        text.push('_');
        for digit in (0..16).rev() {
            text.push(char::from(ALPHABET[(bits >> (digit * 5) & 31) as usize]));
        }
        RowId(text)
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Id of a run; sorts by start time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(uuid::Uuid);

impl RunId {
    /// A new id for a run that starts now.
    pub fn new() -> RunId {
        RunId(uuid::Uuid::now_v7())
    }

    /// The first of all ids of runs that start at this instant.
    pub fn at(instant: DateTime<Utc>) -> RunId {
        let mut bytes = [0_u8; 16];
        bytes[..6].copy_from_slice(&instant.timestamp_millis().to_be_bytes()[2..]);
        (bytes[6], bytes[8]) = (0x70, 0x80);
        RunId(uuid::Uuid::from_bytes(bytes))
    }

    /// The id of a run that `part` of this run begins: always the same one, so that what is begun
    /// again is found to be there. Sorts beside this run.
    pub fn derived(&self, part: &str) -> RunId {
        let hash = blake3::hash(format!("{self} {part}").as_bytes());
        let mut bytes = *self.0.as_bytes();
        bytes[6..].copy_from_slice(&hash.as_bytes()[..10]);
        // The marks of a version 7 id, as its first bytes are a time.
        bytes[6] = bytes[6] & 0x0f | 0x70;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        RunId(uuid::Uuid::from_bytes(bytes))
    }
}

impl Default for RunId {
    fn default() -> Self {
        RunId::new()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse()
            .map(RunId)
            .map_err(|_| format!("{text:?} is not a run id: they look like {}", RunId::new()))
    }
}

/// BLAKE3 hash of bytes; the address of a landed body.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash([u8; 32]);

impl ContentHash {
    /// The hash of `bytes`.
    pub fn of(bytes: &[u8]) -> ContentHash {
        ContentHash(*blake3::hash(bytes).as_bytes())
    }

    /// A hash that was kept as bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> ContentHash {
        ContentHash(bytes)
    }

    /// To be kept as bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 64 hexadecimal digits.
    pub fn to_hex(self) -> String {
        blake3::Hash::from_bytes(self.0).to_hex().to_string()
    }

    /// From 64 hexadecimal digits.
    pub fn from_hex(text: &str) -> Option<ContentHash> {
        blake3::Hash::from_hex(text).ok().map(|hash| ContentHash(*hash.as_bytes()))
    }

    /// The first 8 bytes as a signed integer, for columns where a collision only costs a comparison.
    pub fn short(self) -> i64 {
        let mut first = [0_u8; 8];
        first.copy_from_slice(&self.0[..8]);
        i64::from_be_bytes(first)
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_runs_sort_by_when_they_start() {
        let at = |secs| RunId::at(DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(secs));
        assert!(at(1_800_000_000) < at(1_800_003_600));
        assert!(at(1_800_000_000) <= at(1_800_000_000).derived("a"));
        assert_eq!(at(1).to_string().parse::<RunId>(), Ok(at(1)));
    }

    #[test]
    fn derived_run_ids_are_stable_and_distinct() {
        let run = RunId::new();
        assert_eq!(run.derived("1"), run.derived("1"));
        assert!(run.derived("1") != run.derived("2") && run.derived("1") != RunId::new().derived("1"));
        let derived = run.derived("1");
        assert_eq!(derived.to_string()[..8], run.to_string()[..8]);
        assert_eq!(derived.to_string().parse(), Ok(derived));
        assert_eq!(derived.0.get_version_num(), 7);
    }

    #[test]
    fn row_ids_are_stable_and_distinct() {
        let source = SourceName::new(" Event Brite ");
        assert_eq!(source.as_str(), "event-brite");
        let id = RowId::of(Kind::Event, &source, "42");
        assert_eq!(id, RowId::of(Kind::Event, &source, "42"));
        assert_ne!(id, RowId::of(Kind::Venue, &source, "42"));
        assert_ne!(id, RowId::of(Kind::Event, &source, "43"));
        assert!(id.as_str().starts_with("ev_") && id.as_str().len() == 19, "{id}");
    }
}

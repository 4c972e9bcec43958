//! The chain: each row's hash covers the hash before it, its number, and every field with its
//! length, so that no two different rows give the same bytes.

use super::Fields;
use crate::sql::{self, Conn, SqlResult};

/// The hash before the first row.
pub(super) const ORIGIN: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// A point of the chain: a row's number and hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub seq: i64,
    pub hash: String,
}

impl Link {
    /// Before the first row.
    pub fn origin() -> Link {
        Link { seq: 0, hash: ORIGIN.to_owned() }
    }

    /// Where the chain ends according to the head row; the origin where there is none.
    pub async fn head(conn: &mut Conn) -> SqlResult<Link> {
        let row = sql::query("SELECT rows, hash FROM audit_head").fetch_optional(conn).await?;
        row.map_or_else(|| Ok(Link::origin()), |row| Ok(Link { seq: row.try_get(0)?, hash: row.try_get(1)? }))
    }

    /// The link of a row with `fields` that follows this one.
    pub fn next(&self, fields: &Fields) -> Link {
        let seq = self.seq + 1;
        Link { seq, hash: hash(&self.hash, seq, fields) }
    }
}

/// Hash of row `seq` after `before`.
pub(super) fn hash(before: &str, seq: i64, fields: &Fields) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before.as_bytes()).update(&seq.to_le_bytes());
    for field in fields {
        match field {
            // one more than any text's length can be
            None => hasher.update(&u64::MAX.to_le_bytes()),
            Some(text) => hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes()),
        };
    }
    hasher.finalize().to_hex().to_string()
}

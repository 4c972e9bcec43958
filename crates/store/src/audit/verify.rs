//! Whether the audit log is what was written: walks the chain once, in constant memory, in one view of
//! the database, and names the first row that is not as it was.
//!
//! Who can write the file can also write a new chain from some row on, with its head. Against that, a
//! hash that was noted elsewhere earlier is given as the anchor: the chain must still pass through it.

use super::chain::{Link, hash};
use super::{COVERED, Fields};
use crate::sql::{self, Conn, Row, SqlResult};
use crate::{Store, StoreError};

/// What a check of the audit log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCheck {
    /// Rows that are as they were written, from the first on.
    pub rows: i64,
    /// Hash of the last of those: to be noted, as the anchor of a later check.
    pub hash: String,
    /// The first thing that is wrong.
    pub fault: Option<AuditFault>,
}

/// How the audit log was tampered with; `seq` is the number of the first row concerned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// Its content is not what was written.
    #[error("row {seq} was changed after it was written")]
    Changed {
        /// The row.
        seq: i64,
    },
    /// It is not there, while later ones are.
    #[error("row {seq} was removed")]
    Removed {
        /// The row.
        seq: i64,
    },
    /// It is whole, but does not belong after the row before it.
    #[error("row {seq} does not follow from the row before it: rows were moved or inserted here")]
    OutOfPlace {
        /// The row.
        seq: i64,
    },
    /// It is not there, nor is any after it.
    #[error("the rows from {seq} to {last} were cut off the end")]
    CutOff {
        /// The first that is missing.
        seq: i64,
        /// The last that was written.
        last: i64,
    },
    /// It is there although fewer were written.
    #[error("row {seq} was added past the end of what was written")]
    Added {
        /// The row.
        seq: i64,
    },
    /// The chain does not pass through the hash that was noted.
    #[error("no row has the hash {anchor}: the rows up to there were written anew")]
    Rewritten {
        /// The hash that was noted.
        anchor: String,
    },
}

impl Store {
    /// Checks the whole audit log; with `anchor` also that it passes through that hash.
    pub async fn verify_audit(&self, anchor: Option<&str>) -> Result<AuditCheck, StoreError> {
        self.walk(anchor).await.map_err(|error| self.fault("verifying the audit log", error))
    }

    async fn walk(&self, anchor: Option<&str>) -> SqlResult<AuditCheck> {
        let mut view = self.readers.begin_reading().await?;
        let head = Link::head(&mut view).await?;
        let mut last = Link::origin();
        let mut anchored = anchor.is_none();
        let mut fault = None;
        let mut read = i64::MIN;
        'pages: loop {
            let page = page_after(&mut view, read).await?;
            let Some(end) = page.last() else { break };
            read = end.try_get("seq")?;
            for row in &page {
                match follow(&last, row, &head) {
                    Ok(link) => last = link,
                    Err(found) => {
                        fault = Some(found);
                        break 'pages;
                    }
                }
                anchored = anchored || anchor == Some(last.hash.as_str());
            }
        }
        let fault = fault.or_else(|| at_the_end(&last, &head));
        let rewritten =
            || anchor.filter(|_| !anchored).map(|a| AuditFault::Rewritten { anchor: a.to_owned() });
        Ok(AuditCheck { rows: last.seq, fault: fault.or_else(rewritten), hash: last.hash })
    }
}

async fn page_after(conn: &mut Conn, seq: i64) -> SqlResult<Vec<Row>> {
    let sql = "SELECT * FROM audit WHERE seq > ? ORDER BY seq LIMIT 1000";
    sql::query(sql).bind(seq).fetch_all(conn).await
}

/// The link of `row`, if it is whole and follows `last`.
fn follow(last: &Link, row: &Row, head: &Link) -> Result<Link, AuditFault> {
    let expected = last.seq + 1;
    // A value of another type than was written is a change like any other.
    let changed = |_: sqlx::Error| AuditFault::Changed { seq: expected };
    let seq: i64 = row.try_get("seq").map_err(changed)?;
    if seq < expected {
        return Err(AuditFault::Added { seq });
    }
    if seq > expected {
        return Err(AuditFault::Removed { seq: expected });
    }
    if seq > head.seq {
        return Err(AuditFault::Added { seq });
    }
    let before: String = row.try_get("before").map_err(changed)?;
    let stored: String = row.try_get("hash").map_err(changed)?;
    let fields = read(row).map_err(changed)?;
    if hash(&before, seq, &fields) != stored {
        // A whole row under another number is told apart by what it would be there.
        return Err(if before == last.hash {
            AuditFault::Changed { seq }
        } else {
            AuditFault::OutOfPlace { seq }
        });
    }
    match before == last.hash {
        true => Ok(Link { seq, hash: stored }),
        false => Err(AuditFault::OutOfPlace { seq }),
    }
}

fn at_the_end(last: &Link, head: &Link) -> Option<AuditFault> {
    match (last.seq < head.seq, last.hash == head.hash) {
        (true, _) => Some(AuditFault::CutOff { seq: last.seq + 1, last: head.seq }),
        (false, true) => None,
        // the last row was written anew, with a hash that fits it but not the head
        (false, false) => Some(AuditFault::Changed { seq: last.seq }),
    }
}

fn read(row: &Row) -> SqlResult<Fields> {
    let mut fields = Fields::default();
    for (field, column) in fields.iter_mut().zip(COVERED) {
        *field = match column {
            "duration_ms" => row.try_get::<Option<i64>>(column)?.map(|ms| ms.to_string()),
            _ => row.try_get(column)?,
        };
    }
    Ok(fields)
}

//! Retention ceilings: some sources allow their data to be kept for so long only. What is older goes
//! altogether: rows, changes, quarantine, documents, landed bodies and their lines in the index, words in the
//! text index, and the days of the cache that they were in. Of some, only bodies or single columns may not be
//! kept so long.
//!
//! It goes some at a time, and each transaction adds to a proof: how much went, and a hash over the keys of
//! what went, for whoever knows them. Bodies go before the store forgets them, so that a kill in between
//! leaves nothing behind that the next purge would not find.

mod columns;
mod proof;
mod rows;

use chrono::{DateTime, TimeDelta, Utc};
use model::SourceName;
use serde_json::{Value, json};

use crate::landing::Amend;
use crate::runs::stamp;
use crate::sql::{self, Dialect, SqlResult};
use crate::{AuditEntry, Purged, Store, StoreError, audit};

pub(crate) use proof::Proof;
pub use proof::ProofRow;
pub(crate) use rows::delete_rows;

/// What may be kept for so long only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ceiling {
    /// Everything of the source.
    Rows,
    /// Its landed bodies.
    Bodies,
    /// What these columns hold, in rows of any kind, and their history.
    Columns(Vec<String>),
}

/// A ceiling of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purge {
    /// Whose data.
    pub source: SourceName,
    /// What of it.
    pub ceiling: Ceiling,
    /// For how long it may be kept.
    pub keep: TimeDelta,
    /// Now.
    pub now: DateTime<Utc>,
    /// Tell, and remove nothing.
    pub dry_run: bool,
    /// Who does it, for the audit log.
    pub by: String,
}

impl Purge {
    /// What was received before may not be kept any longer.
    fn cutoff(&self) -> DateTime<Utc> {
        self.now.checked_sub_signed(self.keep).unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// The rule in words: `rows 24 h`.
    pub fn rule(&self) -> String {
        let what = match &self.ceiling {
            Ceiling::Rows => "rows".to_owned(),
            Ceiling::Bodies => "bodies".to_owned(),
            Ceiling::Columns(columns) => columns.join(","),
        };
        let hours = self.keep.num_hours();
        if hours % 24 == 0 && hours > 48 {
            format!("{what} {} d", hours / 24)
        } else {
            format!("{what} {hours} h")
        }
    }
}

/// A purge that is under way.
struct Going<'a> {
    source: &'a str,
    cutoff: String,
    purge: &'a Purge,
    purged: Purged,
    /// Begun with the first thing that goes.
    proof: Option<Proof>,
}

impl Store {
    /// Takes away everything of `source` that no document has stated since `cutoff`, and everything
    /// logged about it before. What was stated since stays, with the changes since.
    pub async fn purge_older(
        &self,
        source: &SourceName,
        cutoff: DateTime<Utc>,
    ) -> Result<Purged, StoreError> {
        let (source, by) = (source.clone(), "callboard".to_owned());
        let keep = TimeDelta::zero();
        self.purge(&Purge { source, ceiling: Ceiling::Rows, keep, now: cutoff, dry_run: false, by }).await
    }

    /// Takes away what is over a ceiling, and leaves proof of it where there was something.
    pub async fn purge(&self, purge: &Purge) -> Result<Purged, StoreError> {
        let cutoff = stamp(purge.cutoff());
        let mut going =
            Going { source: purge.source.as_str(), cutoff, purge, purged: Purged::default(), proof: None };
        match &purge.ceiling {
            Ceiling::Rows => self.purge_everything(&mut going).await?,
            Ceiling::Bodies => self.purge_bodies(&mut going).await?,
            Ceiling::Columns(columns) => {
                let went = self.purge_columns(&mut going, columns).await;
                went.map_err(|error| self.fault(DOING, error))?;
            }
        }
        let ended = self.end_purge(&mut going).await;
        ended.map_err(|error| self.fault(DOING, error))?;
        if going.purged != Purged::default() && !purge.dry_run {
            self.leave_no_words_behind(&going.purged).await.map_err(|error| self.fault(DOING, error))?;
        }
        Ok(going.purged)
    }

    /// In SQLite what goes is written over with zeros (`open/file.rs`). But its words stand in the index until
    /// that is put together anew, and all of it in the log beside the file until that is folded in.
    async fn leave_no_words_behind(&self, purged: &Purged) -> SqlResult<()> {
        if self.writer.dialect() != Dialect::Sqlite {
            return Ok(());
        }
        if purged.rows > 0 || purged.values > 0 {
            let mut transaction = self.begin().await?;
            let sql = "INSERT INTO event_search (event_search, rank) VALUES ('merge', ?)";
            sql::query(sql).bind(-MERGED).execute(&mut *transaction).await?;
            transaction.commit().await?;
        }
        self.fold_log_in().await
    }

    /// Folds the log beside a file into it and empties it: what was written over is not left there to be read.
    /// Whoever reads keeps the log, and is not waited for longer than anybody else.
    pub(crate) async fn fold_log_in(&self) -> SqlResult<()> {
        sql::query("PRAGMA wal_checkpoint(TRUNCATE)").fetch_all(&self.writer).await.map(drop)
    }

    async fn purge_everything(&self, going: &mut Going<'_>) -> Result<(), StoreError> {
        self.purge_rows(going).await.map_err(|error| self.fault(DOING, error))?;
        self.purge_documents(going).await?;
        self.purge_places(going).await.map_err(|error| self.fault(DOING, error))?;
        if !going.purge.dry_run {
            let (source, cutoff) = (going.source.to_owned(), going.purge.cutoff());
            let is_old = |line: &Value| line["source"] == source.as_str() && fetched_before(line, cutoff);
            for file in self.landing().index_files(Some(&going.purge.source)).await? {
                let amend = |line: &Value| if is_old(line) { Amend::Drop } else { Amend::Keep };
                going.purged.index_lines += self.landing().amend(&file, amend).await?;
            }
        }
        Ok(())
    }

    /// The purge as such is over; it and its proof are in the audit log.
    async fn end_purge(&self, going: &mut Going<'_>) -> SqlResult<()> {
        if going.purge.dry_run || (going.proof.is_none() && going.purged == Purged::default()) {
            return Ok(());
        }
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let mut proof = match going.proof.take() {
            Some(proof) => proof,
            None => begin_proof(conn, going.purge).await?,
        };
        let counts = serde_json::to_value(going.purged).unwrap_or_default();
        proof.end(conn, &counts, going.purge.now).await?;
        let entry = AuditEntry::new(going.purge.now, &going.purge.by, "purge", "completed");
        let detail = json!({"proof": proof.seq(), "rule": going.purge.rule(), "purged": counts});
        audit::append(conn, &[entry.about(going.source).with(detail)]).await?;
        transaction.commit().await
    }
}

async fn begin_proof(conn: &mut crate::sql::Conn, purge: &Purge) -> SqlResult<Proof> {
    Proof::begin(conn, "retention", Some(purge.source.as_str()), &purge.rule(), purge.now).await
}

impl Going<'_> {
    /// Adds keys to the proof, which begins with the first of them.
    async fn prove<'k>(
        &mut self,
        conn: &mut crate::sql::Conn,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> SqlResult<()> {
        if self.proof.is_none() {
            self.proof = Some(begin_proof(conn, self.purge).await?);
        }
        match &mut self.proof {
            Some(proof) => {
                proof.count(&serde_json::to_value(self.purged).unwrap_or_default());
                proof.add(conn, keys).await
            }
            None => Ok(()),
        }
    }
}

fn fetched_before(line: &Value, cutoff: DateTime<Utc>) -> bool {
    let at = line["fetched_at"].as_str().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
    at.is_some_and(|at| at < cutoff)
}

const DOING: &str = "purging";

/// Pages of the index of words that one purge puts together at most; the next one goes on.
const MERGED: i64 = 5_000;

//! What a run did, asked from what is kept: so that it is the same whoever did it, in however many
//! processes, and however often it was taken up again.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::try_join3;
use model::{Kind, RunId, SourceName};

use crate::rows::{code_of, kind_of};
use crate::runs::seq_of;
use crate::sql::{self, Conn, Pool, Row, SqlResult};
use crate::{Counts, Store, StoreError};

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reckoning {
    /// Its documents.
    pub documents: DocumentCounts,
    /// Rows by kind, each once.
    pub by_kind: BTreeMap<Kind, Counts>,
    /// Rows that have a tombstone since, by kind; what hangs on an event vanishes with it and is not counted.
    pub vanished: BTreeMap<Kind, u64>,
    /// Quarantined listings by reason, each once.
    pub quarantined: BTreeMap<String, u64>,
    /// Documents that failed, and why; the first of them.
    pub failures: Vec<(String, String)>,
    /// Remarks on documents: name and remark; the first of them.
    pub notes: Vec<(String, String)>,
    /// Some document was damaged in part.
    pub damaged: bool,
}

/// Documents by what became of them; each counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DocumentCounts {
    /// Came with content that is new, or told that there is nothing.
    pub fetched: u64,
    /// Came with the content of last time, or were answered "not modified".
    pub unchanged: u64,
    /// Did not come, or could not be read.
    pub failed: u64,
}

/// How much of a scope a run has covered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Covered {
    /// Whose documents it holds.
    pub sources: BTreeSet<SourceName>,
    /// Every document was a complete list.
    pub lists: bool,
    /// Some document failed or was damaged.
    pub missing: bool,
    /// How many listings the source says it holds.
    pub total: Option<u64>,
    /// Events that were stated, those in quarantine included.
    pub events: u64,
}

/// Failures and remarks that are told one by one.
const TOLD_MAX: i64 = 1_000;

impl Store {
    /// What `run` did so far; with `scope`, what it did there.
    pub async fn reckon(&self, run: RunId, scope: Option<&str>) -> Result<Reckoning, StoreError> {
        let reckoned = async {
            let run = seq_of(&mut self.readers.acquire().await?, run).await?;
            Of { readers: &self.readers, run, scope: scope.map(str::to_owned) }.reckon().await
        };
        reckoned.await.map_err(|error| self.fault("summing up a run", error))
    }

    /// How much of `scope` the run has covered so far.
    pub async fn covered(&self, run: RunId, scope: &str) -> Result<Covered, StoreError> {
        let covered = async {
            let mut conn = self.readers.acquire().await?;
            covered(&mut conn, run, scope).await
        };
        covered.await.map_err(|error| self.fault("summing up a run", error))
    }
}

/// A run, or what it did in one scope.
struct Of<'a> {
    readers: &'a Pool,
    run: i64,
    scope: Option<String>,
}

impl Of<'_> {
    async fn reckon(&self) -> SqlResult<Reckoning> {
        // The long ones go side by side, each on a connection of its own: whoever waits for them has nothing
        // else to do.
        let (documents, by_kind, changed) =
            try_join3(self.documents(), self.rows_stated(), self.rows(CHANGED)).await?;
        let mut reckoning = Reckoning { documents, by_kind, ..Reckoning::default() };
        enter_changed(&changed, &mut reckoning)?;
        for counts in reckoning.by_kind.values_mut() {
            counts.unchanged = counts.read - counts.new - counts.changed;
        }
        for row in self.rows(QUARANTINED).await? {
            reckoning.quarantined.insert(row.try_get(0)?, count(&row, 1)?);
        }
        if reckoning.documents.failed > 0 {
            for row in self.rows(FAILURES).await? {
                let error: Option<String> = row.try_get(1)?;
                reckoning.failures.push((row.try_get(0)?, error.unwrap_or_default()));
            }
        }
        for row in self.rows(NOTES).await? {
            reckoning.notes.push((row.try_get(0)?, row.try_get(1)?));
            reckoning.damaged |= row.try_get::<bool>(2)?;
        }
        Ok(reckoning)
    }

    async fn rows(&self, sql: &'static str) -> SqlResult<Vec<Row>> {
        sql::query(sql).bind(self.run).bind(self.scope.clone()).bind(TOLD_MAX).fetch_all(self.readers).await
    }

    async fn documents(&self) -> SqlResult<DocumentCounts> {
        let mut counts = DocumentCounts::default();
        let mut rows = self.rows(DOCUMENTS).await?;
        let mut failed = false;
        for row in &rows {
            failed |= row.try_get::<&str>(0)? == "failed";
        }
        if failed {
            // Some may have come at a later attempt: that is looked at only where it can matter.
            rows = self.rows(LAST_DOCUMENTS).await?;
        }
        for row in rows {
            let several = count(&row, 1)?;
            match row.try_get::<&str>(0)? {
                "failed" => counts.failed += several,
                "unchanged" | "reread" => counts.unchanged += several,
                _ => counts.fetched += several,
            }
        }
        Ok(counts)
    }

    async fn rows_stated(&self) -> SqlResult<BTreeMap<Kind, Counts>> {
        let counts = |row: &Row| -> SqlResult<(Kind, Counts)> {
            Ok((kind_of(row.try_get(0)?)?, Counts { read: row.try_get(1)?, ..Counts::default() }))
        };
        self.rows(STATED).await?.iter().map(counts).collect()
    }
}

fn enter_changed(changed: &[Row], reckoning: &mut Reckoning) -> SqlResult<()> {
    for row in changed {
        let kind = kind_of(row.try_get(0)?)?;
        let (new, changed): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
        let gone = count(row, 3)?;
        if gone > 0 && !matches!(kind, Kind::Offer | Kind::Shop | Kind::ShopOffer) {
            reckoning.vanished.insert(kind, gone);
        }
        if new + changed > 0 {
            let counts = reckoning.by_kind.entry(kind).or_default();
            (counts.new, counts.changed) = (new, changed);
            // A row that two documents of the run state differently may be stated by neither in the end.
            counts.read = counts.read.max(new + changed);
        }
    }
    Ok(())
}

const DOCUMENTS: &str = "SELECT outcome, count(*) FROM documents \
                         WHERE run = ?1 AND (scope = ?2 OR ?2 IS NULL) AND CAST(?3 AS BIGINT) > 0 GROUP BY outcome";

/// The same, where what counts of a document that was taken several times is the last time.
const LAST_DOCUMENTS: &str = "
    SELECT outcome, count(*) FROM (
        SELECT outcome, row_number() OVER (PARTITION BY scope, name ORDER BY rid DESC) AS back FROM documents
        WHERE run = ?1 AND (scope = ?2 OR ?2 IS NULL) AND CAST(?3 AS BIGINT) > 0) taken
    WHERE back = 1 GROUP BY outcome";

/// The rows that places seen by the run state now.
const STATED: &str = "
    SELECT s.kind, count(DISTINCT s.rid) FROM places p CROSS JOIN sightings s ON s.place = p.place
    WHERE p.seen_run = ?1 AND s.run = p.read_run AND s.reading <> 0 AND CAST(?3 AS BIGINT) > 0
      AND (p.scope = (SELECT scope FROM scopes WHERE name = ?2) OR ?2 IS NULL)
    GROUP BY s.kind";

/// What the run entered into the change log, which for it begins where it ended when the run began.
/// What vanishes does so for want of a document: it counts for the run alone.
const CHANGED: &str = "
    SELECT kind, sum(new), sum(CASE WHEN new = 0 THEN changed ELSE 0 END), sum(gone) FROM (
        SELECT c.kind, c.rid, max(CASE WHEN c.op = 'insert' THEN 1 ELSE 0 END) AS new,
               max(CASE WHEN c.op IN ('update', 'return') THEN 1 ELSE 0 END) AS changed,
               max(CASE WHEN c.op = 'vanish' THEN 1 ELSE 0 END) AS gone
        FROM changes c NOT INDEXED
        WHERE c.seq > (SELECT first_change FROM runs WHERE seq = ?1) AND c.run = ?1 AND CAST(?3 AS BIGINT) > 0
          AND (CAST(?2 AS TEXT) IS NULL OR EXISTS (SELECT 1 FROM documents d WHERE d.rid = c.document AND d.scope = ?2))
        GROUP BY c.kind, c.rid) touched
    GROUP BY kind";

const QUARANTINED: &str = "
    SELECT q.reason, count(*) FROM quarantine q JOIN places p ON p.place = q.place
    WHERE q.run = ?1 AND q.resolved_at IS NULL AND CAST(?3 AS BIGINT) > 0
      AND (p.scope = (SELECT scope FROM scopes WHERE name = ?2) OR ?2 IS NULL)
    GROUP BY q.reason";

/// Documents that failed, the last time they were taken.
const FAILURES: &str = "
    SELECT name, error FROM (
        SELECT name, error, outcome, rid, row_number() OVER (PARTITION BY scope, name ORDER BY rid DESC) AS back
        FROM documents
        WHERE run = ?1 AND (scope = ?2 OR ?2 IS NULL)
) taken
    WHERE back = 1 AND outcome = 'failed' ORDER BY rid LIMIT ?3";

const NOTES: &str = "SELECT d.name, n.value, d.damaged FROM documents d CROSS JOIN json_each(d.notes) n ON TRUE \
                     WHERE d.run = ?1 AND d.notes IS NOT NULL AND (d.scope = ?2 OR ?2 IS NULL) \
                     ORDER BY d.rid, n.key LIMIT ?3";

async fn covered(conn: &mut Conn, run: RunId, scope: &str) -> SqlResult<Covered> {
    let run = seq_of(conn, run).await?;
    let mut covered = Covered { lists: true, ..Covered::default() };
    let sql = "SELECT source, outcome, damaged, total, coalesce(reading_key, ''), name FROM documents \
               WHERE run = ? AND scope = ? ORDER BY rid";
    // What failed and came at a later attempt is not missing.
    let mut missing = BTreeSet::new();
    for row in sql::query(sql).bind(run).bind(scope.to_owned()).fetch_all(&mut *conn).await? {
        let total: Option<i64> = row.try_get(3)?;
        covered.total = covered.total.max(total.and_then(|total| u64::try_from(total).ok()));
        covered.missing |= row.try_get::<bool>(2)?;
        let name: &str = row.try_get(5)?;
        match row.try_get::<&str>(1)? {
            "failed" => drop(missing.insert(name.to_owned())),
            "nothing" => drop(missing.remove(name)),
            _ => {
                missing.remove(name);
                covered.sources.insert(SourceName::new(row.try_get(0)?));
                covered.lists &= row.try_get::<&str>(4)?.contains('+');
            }
        }
    }
    covered.missing |= !missing.is_empty();
    if covered.total.is_some() {
        covered.events = events_stated(conn, run, scope).await?;
    }
    Ok(covered)
}

async fn events_stated(conn: &mut Conn, run: i64, scope: &str) -> SqlResult<u64> {
    let sql = "
        SELECT (SELECT count(DISTINCT s.rid) FROM scopes c JOIN places p ON p.scope = c.scope
                JOIN sightings s ON s.place = p.place AND s.kind = ?3
                WHERE c.name = ?2 AND p.seen_run = ?1 AND s.run = p.read_run AND s.reading <> 0)
             + (SELECT count(DISTINCT q.key) FROM scopes c JOIN places p ON p.scope = c.scope
                JOIN quarantine q ON q.place = p.place
                WHERE c.name = ?2 AND q.run = ?1 AND q.resolved_at IS NULL AND q.key IS NOT NULL)";
    let events: i64 = sql::query_scalar(sql)
        .bind(run)
        .bind(scope.to_owned())
        .bind(code_of(Kind::Event))
        .fetch_one(conn)
        .await?;
    Ok(u64::try_from(events).unwrap_or(0))
}

fn count(row: &Row, index: usize) -> SqlResult<u64> {
    Ok(u64::try_from(row.try_get::<i64>(index)?).unwrap_or(0))
}

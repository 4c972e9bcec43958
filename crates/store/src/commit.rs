//! A commit: rows, change log, documents, sightings, quarantine and text index in one transaction.
//!
//! A document that says about a row exactly what it said the last time changes nothing, whatever
//! other documents said meanwhile: so two pages that disagree do not make a row flap. Everything
//! else is compared with the stored row field by field, and only real differences are written.

mod merge;
mod places;
pub(crate) mod search;
mod sightings;
mod statement;

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use model::{Kind, Op, RunId};

use crate::personal::{Guard, Personal};
use crate::rows::{self, Writing};
use crate::runs::{seq_of, stamp};
use crate::sql::{Cell, Conn, Insert, SqlResult};
use crate::tally::Fate;
use crate::{Batch, CommitOutcome, LandedDocument, Store, StoreError, quarantine};

use merge::{Dirty, Ledger};

use sightings::Sightings;

pub(crate) use places::Places;
pub(crate) use search::{forget, reindex};
pub(crate) use statement::{Entry, Prepared, PreparedDocument, Statement};

/// What is the same for everything one commit writes.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    /// Number of the run.
    pub(crate) run: i64,
    /// Now, as stored.
    pub(crate) at: String,
}

impl Store {
    /// Enters a batch: all of it or, on an error or a kill, nothing. What its run did is asked of the store
    /// ([`Store::reckon`]).
    pub async fn enter(&self, batch: Batch) -> Result<(), StoreError> {
        let written = self.write(batch.run, stamp(batch.at), Prepared::of(shared(batch.documents))).await;
        written.map(drop).map_err(|error| self.fault("committing", error))
    }

    /// Enters a batch and counts what became of each row, once a run, until the run is ended.
    pub async fn commit(&self, batch: Batch) -> Result<CommitOutcome, StoreError> {
        let (run, at) = (batch.run, stamp(batch.at));
        let prepared = Prepared::of(shared(batch.documents));
        let written = self.write(run, at, prepared).await.map_err(|error| self.fault("committing", error))?;
        let mut outcome = CommitOutcome {
            quarantined: written.quarantined,
            touched: written.touched,
            ..CommitOutcome::default()
        };
        // Only what has been committed counts.
        let mut tallies = self.tallies.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = tallies.entry(run).or_default();
        for (kind, rid, fate) in written.fates {
            tally.count(kind, rid, fate, outcome.by_kind.entry(kind).or_default());
        }
        Ok(outcome)
    }

    async fn write(&self, run: RunId, at: String, prepared: Prepared) -> SqlResult<Written> {
        let mut transaction = self.begin().await?;
        let stamp = Stamp { run: seq_of(&mut transaction, run).await?, at };
        let written = write_batch(&mut transaction, &stamp, prepared, &self.personal).await?;
        transaction.commit().await?;
        Ok(written)
    }
}

/// Writes what documents state, inside a transaction.
pub(crate) async fn write_batch(
    conn: &mut Conn,
    stamp: &Stamp,
    mut prepared: Prepared,
    personal: &Personal,
) -> SqlResult<Written> {
    let guard = Guard::load(conn, &personal.keyring).await?;
    guard.pass(conn, &mut prepared.documents, stamp).await?;
    let mut places = Places::load(conn, &prepared.documents, stamp).await?;
    let first_number = places::write_documents(conn, &prepared.documents, &places, stamp).await?;
    let mut sightings = Sightings::load(conn, &prepared.documents, &places).await?;

    let mut ledger = Ledger::load(conn, &prepared.documents, &places, &sightings, personal).await?;
    ledger.enter_all(&mut prepared.documents, &places, &mut sightings, first_number)?;
    write_rows(conn, &ledger, stamp).await?;
    write_changes(conn, &mut ledger, stamp).await?;
    search::update(conn, &ledger).await?;

    sightings.write(conn, &mut places, stamp).await?;
    places.write(conn, &prepared.documents, stamp).await?;
    let quarantined = quarantine::update(conn, &prepared.documents, &places, stamp).await?;

    let mut fates = ledger.fates;
    fates.extend(sightings.unchanged());
    let touched = ledger.dirty.into_iter().map(|dirty| dirty.id).collect();
    Ok(Written { fates, quarantined, touched })
}

fn shared(documents: Vec<LandedDocument>) -> Vec<Arc<LandedDocument>> {
    documents.into_iter().map(Arc::new).collect()
}

/// What one transaction did.
pub(crate) struct Written {
    fates: Vec<(Kind, i64, Fate)>,
    quarantined: std::collections::BTreeMap<String, u64>,
    pub(crate) touched: Vec<model::RowId>,
}

async fn write_rows(conn: &mut Conn, ledger: &Ledger<'_>, stamp: &Stamp) -> SqlResult<()> {
    let mut by_kind: HashMap<(Kind, bool), Vec<&Dirty>> = HashMap::new();
    for dirty in &ledger.dirty {
        by_kind.entry((dirty.kind, dirty.is_new)).or_default().push(dirty);
    }
    for kind in Kind::ALL {
        // That a row is new is known: it need not be looked for once more.
        for is_new in [true, false] {
            let Some(dirty) = by_kind.remove(&(*kind, is_new)) else { continue };
            let insert = if is_new { rows::insert(*kind) } else { rows::upsert(*kind) };
            insert.write_each(conn, dirty.into_iter().map(|dirty| cells(ledger, dirty, stamp))).await?;
        }
    }
    Ok(())
}

fn cells(ledger: &Ledger<'_>, dirty: &Dirty, stamp: &Stamp) -> SqlResult<Vec<Cell>> {
    let row = ledger.rows.get(&dirty.id).ok_or(sqlx::Error::RowNotFound)?;
    let (source, id) = (dirty.source.as_str(), dirty.id.as_str());
    let writing = Writing { run: stamp.run, at: &stamp.at, source, key: &dirty.key, id };
    Ok(rows::cells(dirty.kind, &*ledger.sealed(dirty.kind, row)?, &writing))
}

async fn write_changes(conn: &mut Conn, ledger: &mut Ledger<'_>, stamp: &Stamp) -> SqlResult<()> {
    let rows = ledger.changes.iter_mut().map(|change| {
        Ok(vec![
            stamp.at.as_str().into(),
            stamp.run.into(),
            change.document.into(),
            rows::code_of(change.kind).into(),
            change.rid.into(),
            change.op.name().into(),
            change.edits.take_json().into(),
        ])
    });
    change_insert().write_each(conn, rows).await
}

/// The insert into the change log; its order is the log's order.
pub(crate) fn change_insert() -> Insert {
    Insert::into("changes", &["at", "run", "document", "kind", "rid", "op", "edits"])
}

/// The operation called `name`.
pub(crate) fn op_of(name: &str) -> Option<Op> {
    [Op::Insert, Op::Update, Op::Vanish, Op::Return].into_iter().find(|op| op.name() == name)
}

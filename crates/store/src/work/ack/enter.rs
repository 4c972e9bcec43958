//! Entering a group of acks: who still holds what, then documents, follow-ups, endings, and sums last.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};

use super::endings::Endings;
use super::{Ack, Acked, Acks, ParentCount};
use crate::commit::{Prepared, PreparedDocument, Stamp, write_batch};
use crate::personal::Personal;
use crate::runs::stamp;
use crate::sql::{self, Conn, Row, SqlResult, keys};
use crate::work::counts::Counts;
use crate::work::held::Held;
use crate::work::{ItemId, NewItem, RunnerId, children, control};
use crate::{AuditEntry, Store, audit};

impl Store {
    pub(in crate::work) async fn ack_in_transaction(&self, mut acks: Acks) -> SqlResult<Acked> {
        // Before anyone has to wait for it.
        let mut prepared = prepare(&mut acks.acks);
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let (mut kept, refused) = sort_out(conn, acks.runner, acks.acks).await?;
        let mut acked = Acked { refused, ..Acked::default() };
        if kept.is_empty() {
            return Ok(acked);
        }
        let mut counts = Counts::default();
        acked.touched = write_documents(conn, &kept, &mut prepared, acks.at, &self.personal).await?;
        enter_follow_ups(conn, &mut kept, &mut counts).await?;
        let ended = Endings::new(acks.at, &mut counts).write(conn, kept).await?;
        counts.write(conn).await?;
        let parents = counts.parents();
        children::close(conn, &parents).await?;
        control::end_cancelled(conn, acks.at).await?;
        count_for(conn, acks.runner.0, ended.items).await?;
        tell(conn, acks.runner.0, ended.audit).await?;
        acked.parents = parent_counts(conn, &parents).await?;
        transaction.commit().await?;
        Ok(acked)
    }
}

/// The acks that count, with what their runner holds, and the items of those that do not.
async fn sort_out(
    conn: &mut Conn,
    runner: RunnerId,
    acks: Vec<Ack>,
) -> SqlResult<(Vec<(Held, Ack)>, Vec<ItemId>)> {
    let mut held = Held::of_acks(conn, runner, &acks).await?;
    let mut kept = Vec::with_capacity(acks.len());
    let mut refused = Vec::new();
    for ack in acks {
        let holds = held.get(&ack.item.0).is_some_and(|held| held.attempt == i64::from(ack.attempt));
        // Taken out: nothing is entered twice, even when it is said twice.
        match if holds { held.remove(&ack.item.0) } else { None } {
            Some(held) => kept.push((held, ack)),
            None => refused.push(ack.item),
        }
    }
    Ok((kept, refused))
}

/// The documents of what was done, ready to be written; where something is said twice, those said first.
fn prepare(acks: &mut [Ack]) -> HashMap<(ItemId, u32), Vec<PreparedDocument>> {
    let mut prepared = HashMap::new();
    for ack in acks.iter_mut().filter(|ack| !ack.documents.is_empty()) {
        let documents = std::mem::take(&mut ack.documents);
        prepared.entry((ack.item, ack.attempt)).or_insert_with(|| Prepared::of(documents).documents);
    }
    prepared
}

/// Writes what the documents state, run by run, in the order of the acks; gives how many rows changed.
async fn write_documents(
    conn: &mut Conn,
    acks: &[(Held, Ack)],
    prepared: &mut HashMap<(ItemId, u32), Vec<PreparedDocument>>,
    at: DateTime<Utc>,
    personal: &Personal,
) -> SqlResult<u64> {
    let mut by_run: BTreeMap<i64, Vec<PreparedDocument>> = BTreeMap::new();
    for (held, ack) in acks {
        let documents = prepared.remove(&(ack.item, ack.attempt)).unwrap_or_default();
        by_run.entry(held.place.run).or_default().extend(documents);
    }
    by_run.retain(|_, documents| !documents.is_empty());
    let mut touched = 0;
    for (run, documents) in by_run {
        let stamp = Stamp { run, at: stamp(at) };
        touched += write_batch(conn, &stamp, Prepared { documents }, personal).await?.touched.len() as u64;
    }
    Ok(touched)
}

/// Enters follow-ups, together for each parent, before any ending is looked at: what an ending stops or
/// releases is then there already.
async fn enter_follow_ups(conn: &mut Conn, acks: &mut [(Held, Ack)], counts: &mut Counts) -> SqlResult<()> {
    let mut by_parent: BTreeMap<(i64, i64), Vec<NewItem>> = BTreeMap::new();
    for (held, ack) in acks.iter_mut() {
        let Some(parent) = held.place.parent else { continue };
        if ack.left_out > 0 {
            counts.leave_out(parent, i64::try_from(ack.left_out).unwrap_or(i64::MAX));
        }
        if !ack.follow.is_empty() {
            by_parent.entry((held.place.run, parent)).or_default().append(&mut ack.follow);
        }
    }
    for ((run, parent), items) in by_parent {
        children::enter(conn, run, parent, items, counts).await?;
    }
    Ok(())
}

/// Writes the audit log in the runner's name.
async fn tell(conn: &mut Conn, runner: i64, mut entries: Vec<AuditEntry>) -> SqlResult<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let sql = "SELECT id FROM runners WHERE runner = ?";
    let name: String = sql::query_scalar(sql).bind(runner).fetch_one(&mut *conn).await?;
    entries.iter_mut().for_each(|entry| entry.runner.clone_from(&name));
    audit::append(conn, &entries).await
}

/// Adds to the number of items that a runner has ended.
async fn count_for(conn: &mut Conn, runner: i64, ended: i64) -> SqlResult<()> {
    if ended > 0 {
        let sql = "UPDATE runners SET items = items + ? WHERE runner = ?";
        sql::query(sql).bind(ended).bind(runner).execute(conn).await?;
    }
    Ok(())
}

/// The children, by state, of those of these items that have some.
pub(in crate::work) async fn parent_counts(conn: &mut Conn, parents: &[i64]) -> SqlResult<Vec<ParentCount>> {
    let sql = "SELECT s.item, s.total, s.open, s.failed, s.left_out, s.stopped, i.state = 2 \
               FROM spreads s JOIN items i ON i.id = s.item \
               WHERE s.item IN (SELECT value FROM json_each(?)) ORDER BY s.item";
    let rows = sql::query(sql).bind(keys(parents)).fetch_all(conn).await?;
    rows.iter().map(parent_count).collect()
}

fn parent_count(row: &Row) -> SqlResult<ParentCount> {
    let count =
        |index: usize| -> SqlResult<u64> { Ok(u64::try_from(row.try_get::<i64>(index)?).unwrap_or(0)) };
    Ok(ParentCount {
        item: ItemId(row.try_get(0)?),
        total: count(1)?,
        open: count(2)?,
        failed: count(3)?,
        left_out: count(4)?,
        stopped: row.try_get(5)?,
        spreading: row.try_get(6)?,
    })
}

//! The quarantine: listings that were kept out, with the reason. One row a listing, however many
//! runs it comes back in; marked as resolved when it passes or is no longer there.

use std::collections::{BTreeMap, HashMap};

use model::Kind;

use crate::commit::{Entry, Places, PreparedDocument, Stamp};
use crate::runs::run_id;
use crate::sql::{self, Cell, Conn, Insert, Row, SqlResult, json, keys};
use crate::{QuarantineRow, Store, StoreError};

/// Enters what was kept out, confirms what unchanged documents still hold, resolves what has passed.
/// Gives the listings by reason, each once per run.
pub(crate) async fn update(
    conn: &mut Conn,
    documents: &[PreparedDocument],
    places: &Places,
    stamp: &Stamp,
) -> SqlResult<BTreeMap<String, u64>> {
    let mut counted = confirm_unchanged(conn, documents, places, stamp).await?;
    enter(conn, documents, places, stamp, &mut counted).await?;
    resolve(conn, documents, places, stamp).await?;
    Ok(counted)
}

async fn enter(
    conn: &mut Conn,
    documents: &[PreparedDocument],
    places: &Places,
    stamp: &Stamp,
    counted: &mut BTreeMap<String, u64>,
) -> SqlResult<()> {
    let mut entries: HashMap<i64, (&PreparedDocument, &Entry)> = HashMap::new();
    for document in documents {
        entries.extend(document.entries.iter().map(|entry| (entry.fingerprint, (document, entry))));
    }
    if entries.is_empty() {
        return Ok(());
    }
    let known = last_runs(conn, entries.keys().copied().collect()).await?;
    let mut rows = Vec::with_capacity(entries.len());
    for (fingerprint, (document, entry)) in &entries {
        if known.get(fingerprint) != Some(&stamp.run) {
            *counted.entry(entry.quarantined.reason.clone()).or_default() += 1;
        }
        let Some(place) = places.number(document) else { continue };
        rows.push(cells(document, entry, place, stamp));
    }
    insert().write(conn, rows).await
}

async fn last_runs(conn: &mut Conn, fingerprints: Vec<i64>) -> SqlResult<HashMap<i64, i64>> {
    let sql = "SELECT fingerprint, run FROM quarantine WHERE fingerprint IN (SELECT value FROM json_each(?))";
    let rows = sql::query(sql).bind(keys(&fingerprints)).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

fn insert() -> Insert {
    let columns = [
        "fingerprint",
        "run",
        "place",
        "source",
        "kind",
        "key",
        "reason",
        "detail",
        "said",
        "first_seen_at",
        "last_seen_at",
        "count",
    ];
    Insert::into("quarantine", &columns).with(
        "ON CONFLICT (fingerprint) DO UPDATE SET run = excluded.run, \
         count = quarantine.count + CASE WHEN quarantine.run <> excluded.run THEN 1 ELSE 0 END, \
         place = excluded.place, reason = excluded.reason, detail = excluded.detail, said = excluded.said, \
         last_seen_at = excluded.last_seen_at, resolved_at = NULL",
    )
}

fn cells(document: &PreparedDocument, entry: &Entry, place: i64, stamp: &Stamp) -> Vec<Cell> {
    let kept_out = &entry.quarantined;
    vec![
        entry.fingerprint.into(),
        stamp.run.into(),
        place.into(),
        document.landed.source.as_str().into(),
        kept_out.kind.map(Kind::name).into(),
        kept_out.key.clone().into(),
        kept_out.reason.as_str().into(),
        kept_out.detail.as_str().into(),
        kept_out.said.to_string().into(),
        stamp.at.as_str().into(),
        stamp.at.as_str().into(),
        1.into(),
    ]
}

/// What an unchanged document held in quarantine is still there.
async fn confirm_unchanged(
    conn: &mut Conn,
    documents: &[PreparedDocument],
    places: &Places,
    stamp: &Stamp,
) -> SqlResult<BTreeMap<String, u64>> {
    let standing = documents.iter().filter(|document| places.stands(document));
    let standing: Vec<i64> = standing.filter_map(|document| places.number(document)).collect();
    if standing.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sql = "UPDATE quarantine SET run = ?1, last_seen_at = ?2, count = count + 1 \
               WHERE place IN (SELECT value FROM json_each(?3)) AND resolved_at IS NULL AND run <> ?1 \
               RETURNING reason";
    let reasons: Vec<String> = sql::query_scalar(sql)
        .bind(stamp.run)
        .bind(stamp.at.clone())
        .bind(keys(&standing))
        .fetch_all(conn)
        .await?;
    let mut counted = BTreeMap::new();
    for reason in reasons {
        *counted.entry(reason).or_default() += 1;
    }
    Ok(counted)
}

/// A listing is resolved when its row is stated, by whatever document, or when the document that held
/// it holds it no longer.
async fn resolve(
    conn: &mut Conn,
    documents: &[PreparedDocument],
    places: &Places,
    stamp: &Stamp,
) -> SqlResult<()> {
    let open: bool = sql::query_scalar("SELECT EXISTS (SELECT 1 FROM quarantine WHERE resolved_at IS NULL)")
        .fetch_one(&mut *conn)
        .await?;
    if !open {
        return Ok(());
    }
    let read = documents.iter().filter(|document| document.was_read());
    let stated: Vec<i64> = read.clone().flat_map(|d| d.statements.iter().map(|s| s.row_key)).collect();
    let places: Vec<i64> = read.filter_map(|document| places.number(document)).collect();
    let sql = "UPDATE quarantine SET resolved_at = ? WHERE resolved_at IS NULL AND \
               fingerprint IN (SELECT value FROM json_each(?))";
    sql::query(sql).bind(stamp.at.clone()).bind(keys(&stated)).execute(&mut *conn).await?;
    let sql = "UPDATE quarantine SET resolved_at = ?1 WHERE resolved_at IS NULL AND run <> ?2 \
               AND place IN (SELECT value FROM json_each(?3))";
    sql::query(sql).bind(stamp.at.clone()).bind(stamp.run).bind(keys(&places)).execute(conn).await?;
    Ok(())
}

impl Store {
    /// The quarantined listings that stand, last seen first.
    pub async fn quarantine(&self, limit: usize) -> Result<Vec<QuarantineRow>, StoreError> {
        let sql = "SELECT q.*, r.id AS run_id, p.name AS document FROM quarantine q \
                   JOIN runs r ON r.seq = q.run JOIN places p ON p.place = q.place \
                   WHERE q.resolved_at IS NULL ORDER BY q.last_seen_at DESC, q.rid LIMIT ?";
        let rows =
            sql::query(sql).bind(i64::try_from(limit).unwrap_or(i64::MAX)).fetch_all(&self.readers).await;
        let rows = rows.and_then(|rows| rows.iter().map(quarantine_row).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("listing the quarantine", error))
    }
}

fn quarantine_row(row: &Row) -> SqlResult<QuarantineRow> {
    let kind: Option<String> = row.try_get("kind")?;
    Ok(QuarantineRow {
        run: run_id(row, "run_id")?,
        document: row.try_get("document")?,
        source: model::SourceName::new(row.try_get("source")?),
        kind: kind.and_then(|name| Kind::from_name(&name)),
        key: row.try_get("key")?,
        reason: row.try_get("reason")?,
        detail: row.try_get("detail")?,
        said: json(row.try_get("said")?)?,
        first_seen: row.try_get("first_seen_at")?,
        last_seen: row.try_get("last_seen_at")?,
        count: u64::try_from(row.try_get::<i64>("count")?).unwrap_or(0),
        resolved_at: row.try_get("resolved_at")?,
    })
}

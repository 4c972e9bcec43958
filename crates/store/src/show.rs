//! One row with everything that is known of it: what set each field, its history, who states it.
//! And documents and counts.

mod documents;

pub(crate) use documents::document_row;

use std::collections::HashMap;

use model::{Change, Kind, SourceName};
use serde_json::{Map, Value};

use crate::history::{By, Found, change, change_list, origins_within};
use crate::query::row_id;
use crate::rows::{code_of, column_list, kept_values};
use crate::runs::run_id;
use crate::sql::{self, Dialect, Row, SqlResult};
use crate::{FieldOrigin, Shown, Sighting, Store, StoreCounts, StoreError};

impl Store {
    /// The row that `wanted` names: its id, the beginning of one that fits no other, or its source
    /// key. `None` when nothing fits, [`StoreError::Ambiguous`] when several rows do.
    pub async fn show(&self, wanted: &str) -> Result<Option<Shown>, StoreError> {
        let Some(found) = self.one_row(None, wanted).await? else { return Ok(None) };
        let shown = self.shown(&found).await;
        shown.map(Some).map_err(|error| self.fault("showing a row", error))
    }

    async fn shown(&self, place: &Found) -> SqlResult<Shown> {
        let spec = place.kind.spec();
        let sql = format!(
            "SELECT id, source, source_key, first_seen_at, gone_at, {} FROM \"{}\" WHERE rid = ?",
            column_list(spec),
            spec.table
        );
        let row = sql::query(sql).bind(place.rid).fetch_one(&self.readers).await?;
        let (history, documents) = self.history(place).await?;
        let sightings = self.sightings(place).await?;
        let (first_seen, gone_at): (String, Option<String>) = (row.try_get(3)?, row.try_get(4)?);
        let last_seen = sightings.iter().map(|sighting| &sighting.seen_at).max().cloned();
        let (source, source_key): (SourceName, String) = (SourceName::new(row.try_get(1)?), row.try_get(2)?);
        Ok(Shown {
            kind: place.kind,
            id: row_id(&row, "id")?,
            last_seen: last_seen.or_else(|| gone_at.clone()).unwrap_or_else(|| first_seen.clone()),
            first_seen,
            gone_at,
            fields: self.fields(&row, place.kind, 5)?,
            origins: self.origins(place.kind, &history, &documents).await?,
            offers: if place.kind == Kind::Event {
                self.offers(&source, &source_key).await?
            } else {
                Vec::new()
            },
            source,
            source_key,
            history,
            sightings,
        })
    }

    async fn sightings(&self, place: &Found) -> SqlResult<Vec<Sighting>> {
        let sql = "SELECT p.name, p.connector, c.name, p.seen_at FROM sightings s \
                   JOIN places p ON p.place = s.place JOIN scopes c ON c.scope = p.scope \
                   WHERE s.kind = ? AND s.rid = ? AND s.run = p.read_run ORDER BY p.seen_at DESC, p.name";
        let rows = sql::query(sql).bind(code_of(place.kind)).bind(place.rid).fetch_all(&self.readers).await?;
        let sighting = |row: &Row| {
            let (document, connector) = (row.try_get(0)?, row.try_get(1)?);
            Ok(Sighting { document, connector, scope: row.try_get(2)?, seen_at: row.try_get(3)? })
        };
        rows.iter().map(sighting).collect()
    }

    async fn offers(&self, source: &SourceName, event: &str) -> SqlResult<Vec<Map<String, Value>>> {
        let columns = column_list(Kind::Offer.spec());
        let sql = format!(
            "SELECT id, source_key, {columns} FROM offers \
             WHERE event = ? AND source = ? AND gone_at IS NULL ORDER BY price, rid"
        );
        let query = sql::query(sql).bind(event.to_owned()).bind(source.as_str().to_owned());
        let offer = |row: &Row| {
            let mut offer = Map::new();
            offer.insert("id".to_owned(), row.try_get::<String>(0)?.into());
            offer.insert("key".to_owned(), row.try_get::<String>(1)?.into());
            offer.extend(self.fields(row, Kind::Offer, 2)?);
            Ok(offer)
        };
        query.fetch_all(&self.readers).await?.iter().map(offer).collect()
    }

    async fn history(&self, place: &Found) -> SqlResult<(Vec<Change>, HashMap<i64, Origin>)> {
        let sql = format!("{} WHERE c.kind = ? AND c.rid = ? ORDER BY c.seq", change_list(place.kind));
        let query = sql::query(sql).bind(code_of(place.kind)).bind(place.rid);
        let (mut history, mut documents) = (Vec::new(), HashMap::new());
        for row in query.fetch_all(&self.readers).await? {
            let change = self.veiled(change(&row)?);
            let folded = row.try_get::<Option<i64>>("folded")?.is_some();
            let origin = Origin {
                url: row.try_get("url")?,
                fetched_at: row.try_get("fetched_at")?,
                within: if folded { origins_within(row.try_get("edits")?) } else { HashMap::new() },
            };
            documents.insert(change.seq, origin);
            history.push(change);
        }
        Ok((history, documents))
    }

    /// What last set each field; a change that others were folded into knows which of them did.
    async fn origins(
        &self,
        kind: Kind,
        history: &[Change],
        documents: &HashMap<i64, Origin>,
    ) -> SqlResult<Vec<FieldOrigin>> {
        let mut origins = origins(kind, history, documents);
        for origin in &mut origins {
            let by = documents.get(&origin.change).and_then(|document| document.within.get(&origin.field));
            if let Some(by) = by {
                self.set_by(origin, by).await?;
            }
        }
        Ok(origins)
    }

    async fn set_by(&self, origin: &mut FieldOrigin, by: &By) -> SqlResult<()> {
        let sql = "SELECT r.id AS run_id, d.name, d.url, d.fetched_at FROM runs r \
                   LEFT JOIN documents d ON d.rid = ? WHERE r.seq = ?";
        let query = sql::query(sql).bind(by.document).bind(by.run);
        let Some(row) = query.fetch_optional(&self.readers).await? else { return Ok(()) };
        *origin = FieldOrigin {
            field: std::mem::take(&mut origin.field),
            change: by.seq,
            run: run_id(&row, "run_id")?,
            at: by.at.clone(),
            document: row.try_get("name")?,
            url: row.try_get("url")?,
            fetched_at: row.try_get("fetched_at")?,
        };
        Ok(())
    }

    /// How much the store holds.
    pub async fn counts(&self) -> Result<StoreCounts, StoreError> {
        self.count_all().await.map_err(|error| self.fault("counting", error))
    }

    async fn count_all(&self) -> SqlResult<StoreCounts> {
        let mut counts = StoreCounts::default();
        for kind in Kind::ALL {
            counts.rows.insert(*kind, self.count(kind.spec().table).await?);
        }
        counts.changes = self.count("changes").await?;
        counts.runs = self.count("runs").await?;
        counts.documents = self.count("documents").await?;
        counts.quarantined = self.count("quarantine WHERE resolved_at IS NULL").await?;
        let sql = match self.readers.dialect() {
            Dialect::Sqlite => "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
            Dialect::Postgres => {
                "SELECT coalesce(sum(pg_total_relation_size(oid)), 0) FROM pg_class \
                 WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) AND relkind = 'r'"
            }
        };
        let size: i64 = sql::query_scalar(sql).fetch_one(&self.readers).await?;
        counts.size_bytes = u64::try_from(size).unwrap_or(0);
        Ok(counts)
    }

    async fn count(&self, from: &str) -> SqlResult<u64> {
        let sql = format!("SELECT count(*) FROM {from}");
        let count: i64 = sql::query_scalar(sql).fetch_one(&self.readers).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// The document behind a change.
struct Origin {
    url: Option<String>,
    fetched_at: Option<String>,
    /// What set each field, where the change stands for several.
    within: HashMap<String, By>,
}

/// For each field the last change that set it; the history is oldest first.
fn origins(kind: Kind, history: &[Change], documents: &HashMap<i64, Origin>) -> Vec<FieldOrigin> {
    let mut last: HashMap<&str, &Change> = HashMap::new();
    for change in history {
        last.extend(change.edits.iter().map(|edit| (edit.field.as_str(), change)));
    }
    let columns = kind.spec().columns.iter();
    let set = columns.filter_map(|column| last.get(column.name).map(|change| (column.name, *change)));
    let origin = |(field, change): (&str, &Change)| FieldOrigin {
        field: field.to_owned(),
        change: change.seq,
        run: change.run,
        at: change.at.clone(),
        document: change.document.clone(),
        url: documents.get(&change.seq).and_then(|origin| origin.url.clone()),
        fetched_at: documents.get(&change.seq).and_then(|origin| origin.fetched_at.clone()),
    };
    set.map(origin).collect()
}

impl Store {
    /// The values of a result row that are there, by column name, as they may be seen.
    fn fields(&self, row: &Row, kind: Kind, first: usize) -> SqlResult<Map<String, Value>> {
        let mut values = kept_values(row, kind.spec(), first)?;
        self.veil(kind, &mut values);
        let named = kind.spec().columns.iter().zip(values).filter(|(_, value)| !value.is_null());
        Ok(named.map(|(column, value)| (column.name.to_owned(), value)).collect())
    }
}

//! Who said what: which rows a place states, and the hash of what it said about each.
//!
//! A place whose statements are all as before costs one write, however many they are: its sightings
//! keep the run they were read in (`read_run`), and the place alone says that they were seen again
//! (`seen_run`).

use std::collections::HashMap;

use model::Kind;

use super::Stamp;
use super::places::Places;
use super::statement::{Entry, PreparedDocument, Statement};
use crate::rows::{code_of, kind_of};
use crate::sql::{self, Cell, Conn, Insert, SqlResult, keys};
use crate::tally::Fate;

/// The hash under which a statement stands that the gate kept out: the row is still there for the
/// sweep, and whatever passes next is compared in full.
const KEPT_OUT: i64 = 0;

type Key = (Kind, i64);

/// What a place says about a row.
#[derive(Debug, Clone, Copy)]
struct Seen {
    rid: i64,
    reading: i64,
    /// The run that read it; the place still says so when that is the place's `read_run`.
    run: i64,
}

/// Sightings of the places in a batch: before it, and as stated by it.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    before: HashMap<i64, HashMap<Key, Seen>>,
    stated: HashMap<i64, HashMap<Key, (i64, i64)>>,
    standing: Vec<(Kind, i64)>,
    /// The occurrences that a place listed of a series, for those of whose series it now says something that
    /// was kept out.
    of_series: HashMap<(i64, String), Vec<i64>>,
}

impl Sightings {
    /// Loads what the places of these documents said the last time.
    pub(crate) async fn load(
        conn: &mut Conn,
        documents: &[PreparedDocument],
        places: &Places,
    ) -> SqlResult<Sightings> {
        let known: Vec<i64> = documents.iter().filter_map(|d| places.known_number(d)).collect();
        let mut sightings = Sightings::default();
        for document in documents.iter().filter(|document| document.was_read()) {
            if let Some(place) = places.number(document) {
                sightings.stated.entry(place).or_default();
            }
        }
        if known.is_empty() {
            return Ok(sightings);
        }
        let sql = "SELECT place, kind, row_key, rid, reading, run FROM sightings \
                   WHERE place IN (SELECT value FROM json_each(?))";
        for row in sql::query(sql).bind(keys(&known)).fetch_all(&mut *conn).await? {
            let place: i64 = row.try_get(0)?;
            let key = (kind_of(row.try_get(1)?)?, row.try_get(2)?);
            let seen = Seen { rid: row.try_get(3)?, reading: row.try_get(4)?, run: row.try_get(5)? };
            sightings.before.entry(place).or_default().insert(key, seen);
        }
        sightings.stand(documents, places);
        sightings.load_series(conn, documents, places).await?;
        Ok(sightings)
    }

    /// Loads the occurrences of series that were kept out whole: none of their keys is known to the document.
    async fn load_series(
        &mut self,
        conn: &mut Conn,
        documents: &[PreparedDocument],
        places: &Places,
    ) -> SqlResult<()> {
        let held = documents.iter().filter(|document| document.entries.iter().any(Entry::is_event));
        let live: HashMap<i64, i64> =
            held.clone().filter_map(|d| places.of(d)).map(|place| (place.number, place.read_run)).collect();
        let series: Vec<&str> = held.flat_map(|document| &document.entries).filter_map(Entry::key).collect();
        if series.is_empty() {
            return Ok(());
        }
        let sql = "SELECT s.place, e.series, s.row_key, s.run FROM sightings s \
                   JOIN event_listings e ON e.rid = s.rid \
                   WHERE s.place IN (SELECT value FROM json_each(?)) AND s.kind = ? \
                   AND e.series IN (SELECT value FROM json_each(?))";
        let places: Vec<i64> = live.keys().copied().collect();
        let query = sql::query(sql).bind(keys(&places)).bind(code_of(Kind::Event)).bind(keys(&series));
        for row in query.fetch_all(conn).await? {
            let (place, series, row_key) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            if live.get(&place) == Some(&row.try_get(3)?) {
                self.of_series.entry((place, series)).or_default().push(row_key);
            }
        }
        Ok(())
    }

    /// Notes what unchanged documents go on stating.
    fn stand(&mut self, documents: &[PreparedDocument], places: &Places) {
        for document in documents.iter().filter(|document| places.stands(document)) {
            let Some(place) = places.of(document) else { continue };
            let before = self.before.get(&place.number).into_iter().flatten();
            let live = before.filter(|(_, seen)| seen.run == place.read_run);
            self.standing.extend(live.map(|((kind, _), seen)| (*kind, seen.rid)));
        }
    }

    /// The row's number, when the place says about it exactly what it said the last time.
    pub(crate) fn same_as_before(&self, place: Option<i64>, statement: &Statement) -> Option<i64> {
        let seen = self.before.get(&place?)?.get(&(statement.kind, statement.row_key))?;
        (seen.reading == statement.reading).then_some(seen.rid)
    }

    /// Notes that the place states the row.
    pub(crate) fn state(&mut self, place: i64, statement: &Statement, rid: i64) {
        let stated = self.stated.entry(place).or_default();
        stated.insert((statement.kind, statement.row_key), (rid, statement.reading));
    }

    /// Keeps rows in sight that the place still lists in a form the gate kept out: the event itself, or the
    /// occurrences of the series.
    pub(crate) fn hold(&mut self, place: i64, entries: &[Entry]) {
        let Some(before) = self.before.get(&place) else { return };
        let stated = self.stated.entry(place).or_default();
        for entry in entries.iter().filter(|entry| entry.keyed) {
            let Some(kind) = entry.quarantined.kind else { continue };
            let series = entry.key().and_then(|key| self.of_series.get(&(place, key.to_owned())));
            for row_key in series.into_iter().flatten().chain([&entry.fingerprint]) {
                let key = (kind, *row_key);
                if let Some(seen) = before.get(&key) {
                    stated.entry(key).or_insert((seen.rid, KEPT_OUT));
                }
            }
        }
    }

    /// The rows that unchanged documents go on stating.
    pub(crate) fn unchanged(&self) -> impl Iterator<Item = (Kind, i64, Fate)> + '_ {
        self.standing.iter().map(|(kind, rid)| (*kind, *rid, Fate::Unchanged))
    }

    /// Writes the sightings of every place that says something else than before.
    pub(crate) async fn write(&self, conn: &mut Conn, places: &mut Places, stamp: &Stamp) -> SqlResult<()> {
        let (mut new, mut known) = (Vec::new(), Vec::new());
        for place in places.all_mut() {
            let Some(stated) = self.stated.get(&place.number) else { continue };
            if !place.fresh && self.is_as_before(place.number, place.read_run) {
                continue;
            }
            // An earlier document of this run confirmed what the place said: carry that over.
            if place.seen_run == stamp.run && place.read_run != stamp.run {
                carry_over(conn, place.number, place.read_run, stamp.run).await?;
            }
            place.read_run = stamp.run;
            let before = self.before.get(&place.number);
            for ((kind, row_key), (rid, reading)) in stated {
                let is_known = before.is_some_and(|before| before.contains_key(&(*kind, *row_key)));
                let rows = if is_known { &mut known } else { &mut new };
                rows.push([place.number, code_of(*kind), *row_key, *rid, *reading, stamp.run]);
            }
        }
        let insert = Insert::into("sightings", &["place", "kind", "row_key", "rid", "reading", "run"]);
        insert.write(conn, cells(new)).await?;
        insert.or_update("place, kind, row_key", &["rid", "reading", "run"]).write(conn, cells(known)).await
    }

    fn is_as_before(&self, place: i64, read_run: i64) -> bool {
        let (Some(before), Some(stated)) = (self.before.get(&place), self.stated.get(&place)) else {
            return self.stated.get(&place).is_none_or(HashMap::is_empty);
        };
        let live = before.values().filter(|seen| seen.run == read_run).count();
        live == stated.len()
            && stated.iter().all(|(key, (_, reading))| {
                before.get(key).is_some_and(|seen| seen.run == read_run && seen.reading == *reading)
            })
    }
}

/// In the order of the table's key: so each page is come to once.
fn cells(mut rows: Vec<[i64; 6]>) -> Vec<Vec<Cell>> {
    rows.sort_unstable();
    rows.into_iter().map(|numbers| numbers.map(Cell::from).to_vec()).collect()
}

async fn carry_over(conn: &mut Conn, place: i64, from: i64, to: i64) -> SqlResult<()> {
    sql::query("UPDATE sightings SET run = ? WHERE place = ? AND run = ?")
        .bind(to)
        .bind(place)
        .bind(from)
        .execute(conn)
        .await?;
    Ok(())
}

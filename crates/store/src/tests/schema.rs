//! Schemas that lack something: what is told, what is added at once, and what only when it is asked for.

use model::{Event, Kind, Record};
use testkit::TempFolder;

use crate::rows::following;
use crate::schema::{Numbered, VERSION};
use crate::sql;
use crate::tests::kit::{Kit, about_files, db, event, on, page, titled};
use crate::{EventQuery, Store, StoreError};

/// Does something to the store of `folder` behind its back.
async fn behind(folder: &TempFolder, statements: &str) {
    let store = Store::open_existing(db(folder)).await.unwrap();
    sql::run_all(&mut store.writer.acquire().await.unwrap(), statements).await.unwrap();
    store.close().await;
}

async fn filled(folder: &TempFolder) {
    let mut kit = Kit::of(Store::open(db(folder)).await.unwrap());
    kit.collect(vec![page("1", vec![titled("1", "Gala"), titled("2", "Ball")])]).await;
    kit.store.close().await;
}

const OTHER: &str = "UPDATE schema_version SET fingerprint = 'of another program'";

#[tokio::test]
async fn a_new_store_lacks_nothing() {
    let folder = TempFolder::new();
    filled(&folder).await;
    let status = Store::schema_at(db(&folder)).await.unwrap();
    assert_eq!((status.version, status.pending), (VERSION, Vec::new()));
}

#[tokio::test]
async fn a_missing_column_is_told_and_added_when_the_store_is_opened() {
    let folder = TempFolder::new();
    filled(&folder).await;
    behind(&folder, &format!("ALTER TABLE event_listings DROP COLUMN age_restriction; {OTHER}")).await;
    let status = Store::schema_at(db(&folder)).await.unwrap();
    let told: Vec<(bool, bool)> =
        status.pending.iter().map(|p| (p.change.contains("\"age_restriction\""), p.when_asked)).collect();
    assert_eq!(told, [(true, false)]);
    let kit = Kit::of(Store::open(db(&folder)).await.unwrap());
    assert_eq!(kit.titles(EventQuery::default()).await.len(), 2);
    kit.store.close().await;
    assert_eq!(Store::schema_at(db(&folder)).await.unwrap().pending, []);
}

#[tokio::test]
async fn an_index_on_rows_of_a_server_is_built_apart_and_by_one_of_two() {
    let folder = TempFolder::new();
    filled(&folder).await;
    behind(&folder, &format!("DROP INDEX event_listings_days; {OTHER}")).await;
    let status = Store::schema_at(db(&folder)).await.unwrap();
    assert_eq!(status.pending.len(), 1, "{status:?}");
    assert_eq!(status.pending[0].when_asked, !about_files_only());
    let (one, two) = tokio::join!(Store::migrate_at(db(&folder)), Store::migrate_at(db(&folder)));
    let told = [one.unwrap(), two.unwrap()].map(|made| made.pending.len());
    assert_eq!(told.iter().sum::<usize>(), 1, "who did nothing says so: {told:?}");
    assert_eq!(Store::schema_at(db(&folder)).await.unwrap().pending, []);
    let store = Store::open(db(&folder)).await.unwrap();
    let sql = "SELECT count(*) FROM schema_changes WHERE statement LIKE '%event_listings_days%'";
    let recorded: i64 = sql::query_scalar(sql).fetch_one(&store.readers).await.unwrap();
    assert_eq!(recorded, 2, "made with the table, and once more");
}

/// Stores of this run of the tests are files.
fn about_files_only() -> bool {
    !about_files()
}

#[tokio::test]
async fn a_numbered_change_is_made_once() {
    const CHANGE: Numbered = Numbered {
        version: VERSION + 1,
        title: "titles in capitals",
        statements: |_, _| vec!["UPDATE event_listings SET title = upper(title)".to_owned()],
    };
    let folder = TempFolder::new();
    filled(&folder).await;
    let store = Store::open(db(&folder)).await.unwrap();
    let made = store.migrate_with(&[CHANGE]).await.unwrap().unwrap();
    assert_eq!(made.pending.iter().map(|change| change.version).collect::<Vec<_>>(), [Some(VERSION + 1)]);
    assert_eq!(store.migrate_with(&[CHANGE]).await.unwrap().unwrap().pending, []);
    let kit = Kit::of(store);
    assert_eq!(kit.titles(EventQuery::default()).await.len(), 2);
    kit.store.close().await;
    let refused = Store::open(db(&folder)).await.unwrap_err().to_string();
    assert!(refused.contains("newer callboard"), "{refused}");
    // Nor is it taken for one that lacks nothing.
    for refused in [Store::schema_at(db(&folder)).await, Store::migrate_at(db(&folder)).await] {
        assert!(matches!(refused, Err(StoreError::Newer { .. })), "{refused:?}");
    }
}

/// Before version 3 the database computed what follows from times.
#[tokio::test]
async fn computed_columns_become_written_ones() {
    let folder = TempFolder::new();
    let mut kit = Kit::of(Store::open(db(&folder)).await.unwrap());
    kit.collect(vec![page("1", vec![starting("1", "Gala", "2026-05-01"), titled("2", "Ball")])]).await;
    kit.store.close().await;
    behind(&folder, &computed()).await;
    let refused = Store::open(db(&folder)).await.unwrap_err();
    assert!(matches!(refused, StoreError::Behind { found: 2, .. }), "{refused}");

    // A rehearsal asks for no migration: it reads what the old store computes.
    let rehearsal = Store::rehearse(db(&folder)).await.unwrap();
    assert_eq!(days(&rehearsal).await, ["2026-05-01", "2026-03-10"]);

    let made = Store::migrate_at(db(&folder)).await.unwrap();
    assert_eq!((made.version, made.pending[0].version), (2, Some(3)), "{made:?}");
    assert_eq!(Store::schema_at(db(&folder)).await.unwrap().pending, []);
    let mut kit = Kit::of(Store::open(db(&folder)).await.unwrap());
    assert_eq!(days(&kit.store).await, ["2026-05-01", "2026-03-10"]);
    kit.collect(vec![page("1", vec![starting("1", "Gala", "2026-05-02"), titled("2", "Ball")])]).await;
    assert_eq!(days(&kit.store).await, ["2026-05-02", "2026-03-10"]);
}

fn starting(key: &str, title: &str, day: &str) -> Record {
    Record::new(key, Event { start: on(day).into(), ..event(title) })
}

async fn days(store: &Store) -> Vec<String> {
    let sql = "SELECT last_date FROM event_listings ORDER BY rid";
    let rows = sql::query(sql).fetch_all(&store.readers).await.unwrap();
    rows.iter().map(|row| row.try_get(0).unwrap()).collect()
}

/// Makes the columns of events what they were in version 2.
fn computed() -> String {
    let mut all = vec!["DROP INDEX event_listings_start; DROP INDEX event_listings_days".to_owned()];
    if !about_files_only() {
        all.push(
            "create function day(said text) returns date language sql immutable as 'select said::date'"
                .into(),
        );
        all.push(
            "create function instant(said text) returns timestamptz language sql immutable as \
             'select said::timestamptz'"
                .into(),
        );
    }
    for column in following(Kind::Event.spec()) {
        let name = &column.name;
        let said = match name.rsplit_once('_').unwrap() {
            ("last", _) => "coalesce(\"end\" ->> 'date', \"start\" ->> 'date')".to_owned(),
            (time, part) => format!("\"{time}\" ->> '{part}'"),
        };
        let instant = name.ends_with("_at");
        let declared = match (about_files_only(), instant) {
            (true, _) => format!("TEXT GENERATED ALWAYS AS ({said}) VIRTUAL"),
            (false, true) => format!("TIMESTAMPTZ GENERATED ALWAYS AS (instant({said})) STORED"),
            (false, false) => format!("DATE GENERATED ALWAYS AS (day({said})) STORED"),
        };
        all.push(format!("ALTER TABLE event_listings DROP COLUMN \"{name}\""));
        all.push(format!("ALTER TABLE event_listings ADD COLUMN \"{name}\" {declared}"));
    }
    all.push("CREATE INDEX event_listings_start ON event_listings (start_at)".into());
    all.push("CREATE INDEX event_listings_days ON event_listings (last_date, start_date)".into());
    all.push("DELETE FROM schema_version; INSERT INTO schema_version (version) VALUES (2)".into());
    all.join("; ")
}

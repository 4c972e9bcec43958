//! Schemas that lack something: what is told, what is added at once, and what only when it is asked for.

use testkit::TempFolder;

use crate::schema::{Numbered, VERSION};
use crate::sql::{self, Dialect};
use crate::tests::kit::{Kit, about_files, db, page, titled};
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
    assert!(one.is_ok() && two.is_ok(), "{one:?} {two:?}");
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
        statements: |dialect| match dialect {
            Dialect::Sqlite | Dialect::Postgres => &["UPDATE event_listings SET title = upper(title)"],
        },
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

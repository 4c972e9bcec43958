//! Scripts: what they give, what they may not write, how they end.

use std::time::Duration;

use serde_json::{Value, json};

use super::kit::*;
use crate::{Script, ScriptLimits, ScriptOutcome, ScriptParams, Store, StoreError};

fn script(text: &str, params: Value) -> Script {
    let params = match params {
        Value::Object(named) => ScriptParams::Named(named),
        Value::Array(listed) => ScriptParams::Listed(listed),
        _ => ScriptParams::None,
    };
    Script { text: text.to_owned(), params, limits: ScriptLimits::default() }
}

async fn run(store: &Store, text: &str) -> Result<ScriptOutcome, StoreError> {
    store.run_script(script(text, Value::Null)).await
}

async fn refused(store: &Store, text: &str, expected: &str) {
    let why = run(store, text).await.unwrap_err().to_string();
    assert!(why.contains(expected), "{text}: {why}");
}

#[tokio::test]
async fn values_come_back_as_they_are() {
    let store = store().await;
    let text = "SELECT :a AS a, @b AS b, $c AS c, ':a' AS d, x'00ff' AS e, 1.5 AS f, 9007199254740993 AS g, NULL AS a";
    let params = json!({"a": "o'x; --", "b": true, "c": [1, "é"]});
    let outcome = store.run_script(script(text, params)).await.unwrap();
    assert_eq!(outcome.columns, ["a", "b", "c", "d", "e", "f", "g", "a_2"]);
    let expected = json!({
        "a": "o'x; --", "b": 1, "c": "[1,\"é\"]", "d": ":a", "e": {"hex": "00ff"}, "f": 1.5,
        "g": 9_007_199_254_740_993_i64, "a_2": null,
    });
    assert_eq!(outcome.rows, [expected]);
    let listed = store.run_script(script("SELECT ? AS x, ?1 AS y, ? AS z", json!([1, 2]))).await.unwrap();
    assert_eq!(listed.rows, [json!({"x": 1, "y": 1, "z": 2})]);
    let none = run(&store, "SELECT rid, title FROM event_listings").await.unwrap();
    assert_eq!((none.columns, none.rows), (vec!["rid".to_owned(), "title".to_owned()], Vec::new()));
}

#[tokio::test]
async fn params_that_do_not_fit_are_named() {
    let store = store().await;
    let check = async |text: &str, params: Value, expected: &str| {
        let why = store.run_script(script(text, params)).await.unwrap_err().to_string();
        assert!(why.contains(expected), "{why}");
    };
    check("SELECT :a", json!({}), "`:a` is in the script and not in `params`").await;
    check("SELECT 1", json!({"a": 1}), "`params` has `a`, which the script does not use").await;
    check("SELECT ?", json!([1, 2]), "element 2 of `params` is not used").await;
    check("SELECT ?", json!({"a": 1}), "which is no list").await;
}

#[tokio::test]
async fn a_script_commits_whole_or_not_at_all() {
    let folder = testkit::TempFolder::new();
    let store = Store::open(db(&folder)).await.unwrap();
    let made = "CREATE TABLE own_t (a INTEGER PRIMARY KEY AUTOINCREMENT, b UNIQUE);
                INSERT INTO own_t (b) VALUES (1), (2); UPDATE own_t SET b = b + 10 RETURNING b";
    let outcome = run(&store, made).await.unwrap();
    assert_eq!((outcome.changed, outcome.statements), (4, 3));
    assert_eq!(outcome.rows, [json!({"b": 11}), json!({"b": 12})]);

    refused(
        &store,
        "INSERT INTO own_t (b) VALUES (3); INSERT INTO own_t (b) VALUES (11)",
        "UNIQUE constraint",
    )
    .await;
    refused(
        &store,
        "DELETE FROM own_t; SELECT * FROM nowhere",
        "statement 2 (`SELECT * FROM nowhere`): no such table",
    )
    .await;
    let left = run(&store, "SELECT count(*) AS n FROM own_t").await.unwrap();
    assert_eq!(left.rows, [json!({"n": 2})]);
}

#[tokio::test]
async fn what_callboard_keeps_is_not_written() {
    let mut kit = Kit::new().await;
    kit.collect(vec![page("a", vec![titled("1", "Gala")])]).await;
    let store = &kit.store;
    refused(store, "UPDATE event_listings SET title = 'x'", "writes `event_listings`").await;
    refused(store, "CREATE TABLE event_listings_2 AS SELECT 1", "names begin with `own_`").await;
    let copied =
        run(store, "CREATE TABLE own_copy AS SELECT title FROM event_listings; SELECT * FROM own_copy");
    assert_eq!(copied.await.unwrap().rows.len(), 1);
}

/// The database's own word is asked as well: it is not by the text alone that tables are safe.
#[tokio::test]
async fn the_database_is_asked_what_a_statement_writes() {
    if about_files() {
        return;
    }
    let store = store().await;
    run(&store, "CREATE TABLE own_t (a)").await.unwrap();
    let crate::sql::Pool::Sqlite(pool) = &store.writer else { return };
    let mut conn = pool.acquire().await.unwrap();
    let mut check = async |sql: &str, expected: Option<&str>| {
        let refusal = crate::script::lock::refusal(&mut conn, sql).await.unwrap();
        assert_eq!(refusal.as_deref(), expected, "{sql}");
    };
    check("SELECT * FROM event_listings", None).await;
    check("INSERT INTO own_t SELECT title FROM event_listings", None).await;
    check("DELETE FROM event_listings", Some("`event_listings`")).await;
    check("DELETE FROM sightings", Some("`sightings`")).await;
    check("UPDATE items SET state = 4", Some("`items`")).await;
    check("INSERT INTO event_search (rowid, title) VALUES (1, 'x')", Some("an index of words")).await;
    check("DROP TABLE own_t", Some("`the schema`")).await;
}

const ENDLESS: &str =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_stopped_and_so_is_what_nobody_waits_for() {
    let folder = testkit::TempFolder::new();
    for store in [store().await, Store::open(db(&folder)).await.unwrap()] {
        let mut slow = script(ENDLESS, Value::Null);
        slow.limits.reading = Duration::from_millis(30);
        let why = store.run_script(slow).await.unwrap_err().to_string();
        assert!(why.contains("took longer than 30ms"), "{why}");

        let into = format!("CREATE TABLE own_n AS {ENDLESS}");
        let dropped = tokio::time::timeout(Duration::from_millis(30), run(&store, &into)).await;
        assert!(dropped.is_err());
        // The connection is given back without its limit, and nothing was kept.
        let left = run(&store, "SELECT count(*) AS n FROM sqlite_schema WHERE name = 'own_n'").await.unwrap();
        assert_eq!(left.rows, [json!({"n": 0})]);
    }
}

#[tokio::test]
async fn rows_and_bytes_are_bounded() {
    let store = store().await;
    let numbers =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000) SELECT i FROM n";
    let few = run(&store, numbers).await.unwrap();
    assert_eq!((few.rows.len(), few.more), (1_000, true));
    let mut large = script("SELECT printf('%.*c', 2000000, 'x') AS x", Value::Null);
    large.limits.bytes = 1_000;
    let why = store.run_script(large).await.unwrap_err().to_string();
    assert!(why.contains("gives more than 1000 bytes"), "{why}");
}

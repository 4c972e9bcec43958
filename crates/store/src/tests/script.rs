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

/// What is written otherwise in the two databases.
fn either(sqlite: &'static str, postgres: &'static str) -> &'static str {
    if about_files() { postgres } else { sqlite }
}

async fn refused(store: &Store, text: &str, expected: &str) {
    let why = run(store, text).await.unwrap_err().to_string();
    assert!(why.to_lowercase().contains(&expected.to_lowercase()), "{text}: {why}");
}

#[tokio::test]
async fn values_come_back_as_they_are() {
    let store = store().await;
    if about_files() {
        return values_of_postgresql(&store).await;
    }
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

async fn values_of_postgresql(store: &Store) {
    let text = "SELECT :a AS a, @b AS b, $c::jsonb AS c, ':a' AS d, '\\x00ff'::bytea AS e, 1.50 AS f, \
                9007199254740993 AS g, 12345678901234567890.5 AS h, ARRAY[1, NULL] AS i, \
                TIMESTAMPTZ '2026-03-01 13:00+01' AS j, DATE '2026-03-01' AS k, INTERVAL '1 day' AS l, NULL AS a";
    let params = json!({"a": "o'x; --", "b": true, "c": [1, "é"]});
    let outcome = store.run_script(script(text, params)).await.unwrap();
    assert_eq!(outcome.columns, ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "a_2"]);
    let expected = json!({
        "a": "o'x; --", "b": true, "c": [1, "é"], "d": ":a", "e": {"hex": "00ff"}, "f": 1.5,
        "g": 9_007_199_254_740_993_i64, "h": "12345678901234567890.5", "i": [1, null],
        "j": "2026-03-01T12:00:00Z", "k": "2026-03-01", "l": "1 day", "a_2": null,
    });
    assert_eq!(outcome.rows, [expected]);
    let listed = store.run_script(script("SELECT ? AS x, ?1 AS y, ? AS z", json!([1, 2]))).await.unwrap();
    assert_eq!(listed.rows, [json!({"x": 1, "y": 1, "z": 2})]);
    // A number where a text is wanted is one.
    let compared =
        script("SELECT count(*) AS n FROM event_listings WHERE title = ? OR rid = ?", json!([5, 7]));
    assert_eq!(store.run_script(compared).await.unwrap().rows, [json!({"n": 0})]);
    let day = script(
        "SELECT count(*) AS n FROM event_listings WHERE start_date >= :day",
        json!({"day": "2026-03-01"}),
    );
    assert_eq!(store.run_script(day).await.unwrap().rows, [json!({"n": 0})]);
    let explained = run(store, "EXPLAIN SELECT * FROM event_listings").await.unwrap();
    assert_eq!(explained.columns, ["QUERY PLAN"]);
    let none = run(store, "SELECT rid, title FROM event_listings").await.unwrap();
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
    let table = either(
        "CREATE TABLE own_t (a INTEGER PRIMARY KEY AUTOINCREMENT, b UNIQUE);",
        "CREATE TABLE own_t (a BIGINT GENERATED ALWAYS AS IDENTITY, b BIGINT UNIQUE);",
    );
    let made =
        format!("{table} INSERT INTO own_t (b) VALUES (1), (2); UPDATE own_t SET b = b + 10 RETURNING b");
    let outcome = run(&store, &made).await.unwrap();
    assert_eq!((outcome.changed, outcome.statements), (4, 3));
    assert_eq!(outcome.rows, [json!({"b": 11}), json!({"b": 12})]);

    refused(
        &store,
        "INSERT INTO own_t (b) VALUES (3); INSERT INTO own_t (b) VALUES (11)",
        "UNIQUE constraint",
    )
    .await;
    let missing = either("no such table", "relation \"nowhere\" does not exist");
    let expected = format!("statement 2 (`SELECT * FROM nowhere`): {missing}");
    refused(&store, "DELETE FROM own_t; SELECT * FROM nowhere", &expected).await;
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

/// On a server there are functions that write, and more than one statement that can hold another.
#[tokio::test]
async fn what_callboard_keeps_is_not_written_by_functions_either() {
    if !about_files() {
        return;
    }
    let mut kit = Kit::new().await;
    kit.collect(vec![page("a", vec![titled("1", "Gala")])]).await;
    let store = &kit.store;
    let wipe = "CREATE FUNCTION own_wipe() RETURNS bigint LANGUAGE sql AS 'DELETE FROM event_listings RETURNING 1::bigint'";
    crate::sql::query(wipe).execute(&store.writer).await.unwrap();
    run(store, "CREATE TABLE own_t (a bigint)").await.unwrap();
    refused(store, "SELECT own_wipe()", "read-only transaction").await;
    refused(
        store,
        "INSERT INTO own_t VALUES (1); INSERT INTO own_t SELECT own_wipe()",
        "writes `event_listings`",
    )
    .await;
    refused(
        store,
        "WITH gone AS (DELETE FROM event_listings RETURNING 1) SELECT * FROM gone",
        "must be at the top level",
    )
    .await;
    refused(
        store,
        "CREATE TABLE own_u (a int); EXPLAIN ANALYZE DELETE FROM event_listings",
        "writes `event_listings`",
    )
    .await;
    refused(store, "SELECT title INTO other FROM event_listings", "gives nothing").await;
    refused(store, "DELETE FROM pg_class", "writes `pg_class`").await;
    // What a script sets lasts no longer than the script.
    run(store, "DELETE FROM own_t; SELECT set_config('search_path', 'nowhere', false)").await.unwrap();
    for _ in 0..3 {
        let left =
            run(store, "SELECT (SELECT count(*) FROM own_t) AS own, count(*) AS ours FROM event_listings");
        assert_eq!(left.await.unwrap().rows, [json!({"own": 0, "ours": 1})]);
    }
}

/// Two that write the same rows do not fail for each other.
#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_write_take_turns() {
    let store = store().await;
    run(&store, "CREATE TABLE own_n (n INTEGER); INSERT INTO own_n VALUES (0)").await.unwrap();
    let adding = |store: Store| async move {
        for _ in 0..10 {
            run(&store, "UPDATE own_n SET n = n + 1").await.unwrap();
        }
    };
    let adding: Vec<_> = (0..4).map(|_| tokio::spawn(adding(store.clone()))).collect();
    for task in adding {
        task.await.unwrap();
    }
    assert_eq!(run(&store, "SELECT n FROM own_n").await.unwrap().rows, [json!({"n": 40})]);
}

/// The database's own word is asked as well: it is not by the text alone that tables are safe.
#[tokio::test]
async fn the_database_is_asked_what_a_statement_writes() {
    if about_files() {
        return;
    }
    let store = store().await;
    run(&store, "CREATE TABLE own_t (a)").await.unwrap();
    let crate::sql::Connections::Sqlite(pool) = &store.writer.of else { return };
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
    "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";

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
        let left = either(
            "SELECT count(*) AS n FROM sqlite_schema WHERE name = 'own_n'",
            "SELECT count(*) AS n FROM pg_class WHERE oid = to_regclass('own_n')",
        );
        assert_eq!(run(&store, left).await.unwrap().rows, [json!({"n": 0})]);
        if about_files() {
            nothing_runs_on(&store).await;
        }
    }
}

/// The server has stopped it, well before its time was over.
async fn nothing_runs_on(store: &Store) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%RECURSIVE n(i)%' \
               AND pid <> pg_backend_pid() AND query NOT LIKE '%pg_stat_activity%'";
    for _ in 0..200 {
        let found = crate::sql::query_scalar::<i64>(sql).fetch_one(&store.readers).await.unwrap();
        if found == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it goes on");
}

#[tokio::test]
async fn rows_and_bytes_are_bounded() {
    let store = store().await;
    let numbers =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) SELECT i FROM n";
    let few = run(&store, numbers).await.unwrap();
    assert_eq!((few.rows.len(), few.more), (1_000, true));
    let mut large = script(
        either("SELECT printf('%.*c', 2000000, 'x') AS x", "SELECT repeat('x', 2000000) AS x"),
        Value::Null,
    );
    large.limits.bytes = 1_000;
    let why = store.run_script(large).await.unwrap_err().to_string();
    assert!(why.contains("gives more than 1000 bytes"), "{why}");
}

//! SQL as a step.

use serde_json::json;

use super::kit::Kit;

#[tokio::test]
async fn transforms_and_asks() {
    let kit = Kit::new().await;
    kit.folder.write(
        "make.sql",
        "CREATE TABLE IF NOT EXISTS own_n (n NUMERIC); INSERT INTO own_n VALUES (:n), (2)",
    );
    let made = kit.step("function: sql\nwith: {file: make.sql, params: {n: 1.5}}").await;
    assert_eq!(made.output()["changed"], 2);
    let asked = kit
        .step("function: sql\nwith: {query: 'SELECT n FROM own_n WHERE n > ? ORDER BY n', params: [1]}")
        .await;
    let expected = json!({
        "rows": [{"n": 1.5}, {"n": 2}], "count": 2, "columns": ["n"], "changed": 0, "truncated": false,
    });
    assert_eq!(*asked.output(), expected);
}

#[tokio::test]
async fn more_rows_than_asked_for_are_told() {
    let kit = Kit::new().await;
    let numbers =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200) SELECT i FROM n";
    let all = kit.step(&format!("function: sql\nwith: {{query: '{numbers}'}}")).await;
    assert_eq!((all.outcome(), all.outputs["one"]["count"].as_u64()), ("partial", Some(1_000)));
    let few = kit.step(&format!("function: sql\nwith: {{rows: 2, query: '{numbers}'}}")).await;
    assert_eq!((few.output()["count"].as_u64(), &few.output()["truncated"]), (Some(2), &json!(true)));
}

#[tokio::test]
async fn failures_last_and_say_why() {
    let kit = Kit::new().await;
    let check = async |with: &str, expected: &str| {
        let ran = kit.step(&format!("function: sql\nmax_retries: 2\nwith: {with}")).await;
        assert_eq!((ran.outcome(), ran.attempts()), ("failed", 1), "{with}");
        assert!(ran.reason().contains(expected), "{with}: {}", ran.reason());
    };
    check("{query: DELETE FROM event_listings}", "names begin with `own_`").await;
    let missing = match testkit::servers::stores_are_on() {
        None => "no such table: nowhere",
        Some(_) => "relation \"nowhere\" does not exist",
    };
    check("{query: SELECT * FROM nowhere}", missing).await;
    check("{query: 'SELECT :a'}", "`:a` is in the script and not in `params`").await;
    check("{query: SELECT 1, file: a.sql}", "give either query or file").await;
    check("{file: ../a.sql}", "is not inside the pipeline's folder").await;
    check("{file: absent.sql}", "cannot read absent.sql").await;
    check("{query: \"SELECT '{{ env.KIT_SECRET }}' FROM nowhere\"}", "'***'").await;
}

#[tokio::test]
async fn a_dry_run_reads_and_does_not_write() {
    let kit = Kit::new().await.dry();
    let ran = kit.step("function: sql\nwith: {query: CREATE TABLE own_t (a)}").await;
    assert_eq!(ran.output()["dry_run"], "would run: CREATE TABLE own_t (a)");
    let missing = kit.step("function: sql\nwith: {query: SELECT count(*) FROM own_t}").await;
    assert!(missing.reason().contains("own_t`): "), "{}", missing.reason());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_limit_of_the_step_stops_it() {
    let kit = Kit::on_disk().await;
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
    let ran = kit.step(&format!("function: sql\ntimeout: 0.05\nwith: {{query: '{endless}'}}")).await;
    assert!(ran.reason().contains("took longer than 50ms"), "{}", ran.reason());
}

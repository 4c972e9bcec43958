//! Exports, and notifications, which are as short.

use serde_json::json;

use super::kit::Kit;

const EVENTS: &str = r#"printf '%s\n' '{"record": {"key": "1", "title": "Gala", "start": "2026-12-01T20:00:00+01:00"}}' '{"record": {"key": "2", "title": "Ball", "start": "2026-12-05"}}'"#;

async fn kit() -> Kit {
    let kit = Kit::new().await;
    kit.folder.write("events.sh", EVENTS);
    kit.step("function: shell\nwith: {command: [sh, events.sh]}").await.output();
    kit
}

#[tokio::test]
async fn writes_every_format_whole() {
    let kit = kit().await;
    let check = async |with: &str, rows: u64, expected: &[&str]| {
        let ran = kit.step(&format!("function: export\nwith: {{path: out/events.x, {with}}}")).await;
        let text = std::fs::read_to_string(kit.folder.path().join("out/events.x")).unwrap();
        assert_eq!(
            *ran.output(),
            json!({"path": "out/events.x", "rows": rows, "bytes": text.len(), "sha256": ran.output()["sha256"], "change": 2})
        );
        expected.iter().for_each(|part| assert!(text.contains(part), "{with}: {text}"));
        text
    };
    let lines = check("format: ndjson", 2, &["\"title\":\"Gala\""]).await;
    assert_eq!(lines.lines().count(), 2);
    check("format: json", 2, &["[\n"]).await;
    check("format: csv", 2, &["id,title,", ",Ball,"]).await;
    check("format: ics, to: 2026-12-02", 1, &["BEGIN:VCALENDAR", "SUMMARY:Gala"]).await;
    check("q: ball", 1, &["Ball"]).await;
    check("limit: 1", 1, &["Gala"]).await;
    check("where: [title=Ball]", 1, &["Ball"]).await;
    check("format: jsonld", 2, &["\"startDate\":\"2026-12-05\""]).await;
    check("kind: venue", 0, &[]).await;
    check("source: nobody", 0, &[]).await;
    let left = std::fs::read_dir(kit.folder.path().join("out")).unwrap().count();
    assert_eq!(left, 1, "no part of a file is left beside it");
}

#[tokio::test]
async fn says_what_is_wrong_with_an_export() {
    let kit = Kit::new().await;
    kit.folder.write("taken", "");
    let check = async |with: &str, expected: &str| {
        let ran = kit.step(&format!("function: export\nwith: {with}")).await;
        assert!(ran.outcome() == "failed" && ran.reason().contains(expected), "{with}: {}", ran.reason());
    };
    check("{path: /tmp/x.csv}", "is not inside the pipeline's folder").await;
    check("{path: a/../../x.csv}", "is not inside the pipeline's folder").await;
    check("{path: x, kind: poster}", "kind: \"poster\" cannot be exported; there are venue").await;
    check("{path: x, kind: venue, format: ics}", "ics holds events only").await;
    check("{path: x, kind: venue, q: jazz}", "venue has no column \"q\"").await;
    check("{path: x, where: [titel=x]}", "did you mean title").await;
    check("{path: x, from: soon}", "from: \"soon\" is neither a day").await;
    check("{path: taken/x}", "cannot write taken/x").await;
}

#[tokio::test]
async fn a_dry_run_writes_no_file() {
    let kit = kit().await.dry();
    let ran = kit.step("function: export\nwith: {path: x.csv, format: csv}").await;
    assert_eq!((&ran.output()["rows"], &ran.output()["dry_run"]), (&json!(2), &json!("would write x.csv")));
    assert_eq!(kit.folder.names(), ["events.sh"]);
}

#[tokio::test]
async fn notifies_without_secrets() {
    let kit = Kit::new().await;
    let ran = kit.step("function: notify\nwith: {message: 'up {{ env.KIT_SECRET }}', level: warn, fields: {a: '{{ env.KIT_SECRET }}'}}").await;
    let expected =
        json!({"channel": "log", "level": "warn", "message": "up ***", "fields": {"a": "***"}, "told": true});
    assert_eq!(*ran.output(), expected);
    let ran = kit.step("function: notify\nwith: {message: x, channel: telegraph}").await;
    assert!(ran.reason().contains("there is no \"telegraph\"; there is log"), "{}", ran.reason());
    assert_eq!(kit.dry().step("function: notify\nwith: {message: x}").await.output()["told"], false);
}

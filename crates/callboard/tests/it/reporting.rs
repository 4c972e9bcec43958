//! Reports on ticketing, from a store that a plug-in has filled: numbers, what they count, the workbook, and
//! the way into Slack.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::call::{Answer, Desk};

const PIPELINE: &str = "name: fill\nsteps:\n  - name: tickets\n    function: shell\n    with: {command: [cat, \
                        records.ndjson], output: records, source: vivenu/hong-kong}\n";

fn ticket(key: &str, name: &str, order: &str, born: &str) -> Value {
    json!({
        "kind": "ticket", "key": key, "event": "e1", "offer": "o1", "name": name, "status": "VALID",
        "transaction": order, "birth_date": born, "gender": "Male", "nationality": "HK", "price": 99.5,
        "currency": "HKD", "created_at": "2025-09-01T10:00:00Z",
        "extra_fields": {"gender": "Male 男", "birth_date": born},
        "add_ons": [{"name": "Patch"}, {"name": "Photo Package"}],
    })
}

fn records() -> Vec<Value> {
    vec![
        json!({
            "kind": "event", "key": "e1", "title": "HYROX Hong Kong", "timezone": "Asia/Hong_Kong",
            "start": "2025-10-22T08:00:00+08:00", "end": "2025-10-26T20:00:00+08:00",
            "extra": {"questions": [{"name": "gender", "options": ["Male 男", "Female 女"]}]},
        }),
        json!({"kind": "offer", "key": "o1", "event": "e1", "name": "HYROX MEN | Saturday", "capacity": 10}),
        ticket("t1", "HYROX MEN | Saturday", "a", "1990-10-25"),
        ticket("t2", "HYROX WOMEN | Sunday", "b", "1991-01-01"),
        ticket("t3", "HYROX DOUBLES MIXED | Saturday", "c", "1980-01-01"),
        ticket("t4", "HYROX DOUBLES MIXED ATHLETE2 | Saturday", "c", "1990-01-01"),
        ticket("t5", "SPECTATOR | All days", "d", ""),
        json!({"kind": "ticket", "key": "t6", "event": "e1", "name": "HYROX MEN", "status": "INVALID"}),
    ]
}

/// A desk with a region and its tickets.
fn filled() -> Desk {
    let desk = Desk::new();
    let lines: Vec<String> = records().iter().map(Value::to_string).collect();
    desk.folder.write("records.ndjson", lines.join("\n"));
    desk.folder.write("fill.yaml", PIPELINE);
    desk.folder.write(
        "data_static/schemas/hk.json",
        r#"{"ticket_capacities": {"all": {"HYROX MEN": 4}, "by_day": {"SATURDAY": {"HYROX MEN": 4}}}}"#,
    );
    let run = desk.call(&["run", "fill.yaml"]);
    assert_eq!(run.code, 0, "{}\n{}", run.stdout, run.stderr);
    desk
}

const REGION: [(&str, &str); 4] = [
    ("EVENT_CONFIGS__hong_kong__token", "t0ken"),
    ("EVENT_CONFIGS__hong_kong__event_id", "e1"),
    ("EVENT_CONFIGS__hong_kong__schema_name", "hk"),
    ("EVENT_CONFIGS__hong_kong__price_trigger", "10"),
];

fn told(desk: &Desk, args: &[&str], more: &[(&str, &str)]) -> Answer {
    desk.start_with(args, &[&REGION, more].concat()).end()
}

fn report(desk: &Desk, args: &[&str]) -> Value {
    let answer = told(desk, &[&["report"], args, &["--format", "json"]].concat(), &[]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    serde_json::from_str::<Value>(&answer.stdout).expect("a list of reports")[0].clone()
}

fn row<'a>(report: &'a Value, section: &str, column: &str, value: &str) -> &'a Value {
    let rows = report["sections"][section]["rows"].as_array().expect("rows");
    rows.iter().find(|row| row[column] == value).unwrap_or_else(|| panic!("no {value} in {rows:?}"))
}

#[test]
fn numbers_are_told_with_what_they_count() {
    let desk = filled();
    let sales = report(&desk, &["sales"]);
    assert_eq!((&sales["region"], &sales["timezone"]), (&json!("hong-kong"), &json!("Asia/Hong_Kong")));
    assert!(sales["sections"]["totals"]["counts"].as_str().is_some_and(|text| text.contains("one a person")));
    let athletes = row(&sales, "totals", "group", "Total_athletes");
    assert_eq!(
        (&athletes["sold"], &athletes["of"], &athletes["share"]),
        (&json!(4), &json!(10), &json!(0.4))
    );
    let men = row(&sales, "breakdown", "group", "HYROX MEN");
    assert_eq!((&men["sold"], &men["capacity"]), (&json!(1), &json!(4)));
    assert_eq!(row(&sales, "add_ons", "add_on", "Patch")["count"], 5);
    let note = sales["sections"]["growth"]["notes"][0].as_str().unwrap_or_default();
    assert!(note.starts_with("too few samples"), "{note}");

    // Nothing was known yesterday; and who asks for names of reports is helped.
    let before = report(&desk, &["sales", "--as-of", "1d"]);
    assert_eq!(row(&before, "totals", "group", "Total_athletes")["sold"], 0);
    let unknown = told(&desk, &["report", "sale"], &[]);
    assert!(unknown.code == 2 && unknown.stderr.contains("did you mean sales?"), "{}", unknown.stderr);
    let nowhere = told(&desk, &["report", "sales", "--region", "honkong"], &[]);
    assert!(nowhere.code == 2 && nowhere.stderr.contains("did you mean hong-kong?"), "{}", nowhere.stderr);

    let ages = report(&desk, &["age-groups"]);
    let single = ages["sections"]["age_groups"]["rows"].as_array().expect("rows");
    let people = |group: &str, range: &str| {
        let found = single.iter().find(|row| row["group"] == group && row["range"] == range);
        found.map_or(Value::Null, |row| row["people"].clone())
    };
    // Thirty-five on that very Saturday; a pair by its average.
    assert_eq!((people("HYROX MEN", "35-39"), people("HYROX DOUBLES MIXED", "40-49")), (json!(1), json!(2)));
    let status = report(&desk, &["status"]);
    assert_eq!(row(&status, "gender_check", "result", "different")["people"], 1);
    assert_eq!(row(&status, "statuses", "status", "INVALID")["tickets"], 1);

    let table = told(&desk, &["report", "spectators"], &[]);
    assert!(table.stdout.contains("MULTI_DAY") && table.stdout.contains("tickets;"), "{}", table.stdout);
    let book = told(&desk, &["report", "all", "--to", "figures.xlsx"], &[]);
    assert_eq!(book.code, 0, "{}", book.stderr);
    let bytes = std::fs::read(desk.folder.path().join("figures.xlsx")).expect("a workbook");
    assert!(bytes.starts_with(b"PK") && bytes.len() > 5_000);
}

/// What one who asks is answered, and what they sent.
fn listen(answers: usize) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(answers).flatten() {
            let mut reader = BufReader::new(stream);
            let (mut line, mut length) = (String::new(), 0);
            while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
                if let Some(said) = line.to_lowercase().strip_prefix("content-length:") {
                    length = said.trim().parse().unwrap_or(0);
                }
                line.clear();
            }
            let mut body = vec![0; length];
            let read = reader.read_exact(&mut body);
            let said = String::from_utf8_lossy(&body).into_owned();
            let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
            let _ = reader.get_mut().write_all(answer.as_bytes());
            if read.is_err() || sender.send(said).is_err() {
                return;
            }
        }
    });
    (address, heard)
}

#[test]
fn a_webhook_is_enough_for_slack() {
    let desk = filled();
    let (address, heard) = listen(1);
    let webhook = format!("{address}/services/T1/B2/s3cret");
    let more = [("SLACK_WEBHOOK_URL", webhook.as_str()), ("CALLBOARD_ALLOW_PRIVATE", "true")];
    let posted = told(&desk, &["report", "sales", "--post", "slack"], &more);
    assert_eq!(posted.code, 0, "{}", posted.stderr);
    let said = heard.recv_timeout(Duration::from_secs(20)).expect("a message");
    let message: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(message["blocks"][0]["type"], "header");
    assert!(message["text"].as_str().is_some_and(|text| text.contains("hong-kong: Sales")), "{said}");
    // Nobody listens any more: it is told, and not where to.
    let refused = told(&desk, &["report", "sales", "--post", "slack"], &more);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert!(refused.stderr.contains("Slack") && !refused.stderr.contains("s3cret"), "{}", refused.stderr);
}

const COUNT: &str = r#"
name: count
steps:
  - {name: static, function: static_data_ingestion}
  - {name: ages, function: age_groups_ingestion}
  - {name: genders, function: gender_fix_ingestion}
  - {name: numbers, function: analytics_processing}
  - name: book
    function: ticketing_report
    with: {reports: [sales], workbook: sales.xlsx}
  - name: right
    function: notify
    condition: >-
      steps.ages.output.regions["hong-kong"].people == 4
      and steps.genders.output.regions["hong-kong"].listed[0].to == "Female 女"
      and steps.genders.output.regions["hong-kong"].changes == 1
      and steps.numbers.output.regions["hong-kong"].totals.athletes == 4
    with: {message: as it should be}
"#;

#[test]
fn fault_1_steps_count_what_was_gathered_and_a_gender_fix_is_dry() {
    let desk = filled();
    desk.folder.write("count.yaml", COUNT);
    let (code, run) = told(&desk, &["run", "count.yaml", "--format", "json"], &[]).object();
    assert_eq!(code, 0, "{run:#}");
    let steps = run["steps"].as_array().expect("steps");
    let right = steps.iter().find(|step| step["name"] == "right").expect("a step");
    assert_eq!(right["status"], "completed", "{run:#}");
    assert!(desk.folder.path().join("sales.xlsx").is_file());
}

#[test]
fn fault_5_every_step_understands_skip_fetch_and_debug() {
    let desk = filled();
    for name in ["default", "minimal", "parallel", "full"] {
        let args =
            ["run", "vivenu", "--pipeline-name", name, "--region", "hong-kong", "--skip-fetch", "--debug"];
        let ran = told(&desk, &args, &[]);
        assert_eq!(ran.code, 0, "{name}: {}{}", ran.stdout, ran.stderr);
    }
    let unknown = told(&desk, &["run", "vivenu", "--pipeline-name", "paralel", "--skip-fetch"], &[]);
    assert!(unknown.code == 2 && unknown.stderr.contains("did you mean parallel?"), "{}", unknown.stderr);
}

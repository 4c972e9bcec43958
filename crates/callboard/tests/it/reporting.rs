//! Reports on ticketing, from a store that a plug-in has filled: numbers, what they count, the workbook, and
//! the way into Slack.

mod asking;

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
        "barcode": format!("bc-{key}"),
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
        json!({"kind": "coupon", "key": "c1", "code": "G-1", "name": "Gyms", "used": 2}),
        json!({"kind": "coupon", "key": "c2", "code": "G-2", "name": "Gyms", "used": 0}),
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
    let (short, long) = (
        told(&desk, &["report", "origin"], &[]).stdout,
        told(&desk, &["report", "origin", "--detail"], &[]).stdout,
    );
    // Only lists that are long are told by their length.
    assert!(short.contains("Athletes by every country (") && long.contains("Athletes by every country ("));
    let book = told(&desk, &["report", "all", "--to", "figures.xlsx"], &[]);
    assert_eq!(book.code, 0, "{}", book.stderr);
    let bytes = std::fs::read(desk.folder.path().join("figures.xlsx")).expect("a workbook");
    assert!(bytes.starts_with(b"PK") && bytes.len() > 5_000);
}

/// Who asks is answered so, one after the other; what they sent.
fn listen(answers: &'static [&'static str]) -> (String, mpsc::Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (sender, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for (stream, answer) in listener.incoming().zip(answers).filter_map(|(it, say)| Some((it.ok()?, say)))
        {
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
            let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
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
    let (address, heard) = listen(&["200 OK"]);
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

const LEVELS: &str = r#"
name: levels
parallel_execution: true
max_parallel_steps: 3
steps:
  - {name: static_data_ingestion, function: static_data_ingestion, depends_on: []}
  - {name: age_groups_ingestion, function: age_groups_ingestion, depends_on: [static_data_ingestion]}
  - {name: gender_fix_ingestion, function: gender_fix_ingestion, depends_on: [static_data_ingestion]}
  - {name: analytics_processing, function: analytics_processing, depends_on: [age_groups_ingestion, gender_fix_ingestion]}
  - {name: tell, function: ticketing_report, depends_on: [analytics_processing], with: {reports: [spectators]}}
  - {name: never, function: analytics_processing, depends_on: [tell], condition: "steps.tell.output.count > 1"}
"#;

/// What steps wait for is looked at when it has ended, however deep; and conditions hold.
#[test]
fn fault_7_steps_two_levels_down_run_and_conditions_are_heeded() {
    let desk = filled();
    desk.folder.write("levels.yaml", LEVELS);
    let (code, run) = told(&desk, &["run", "levels.yaml", "--format", "json"], &[]).object();
    assert_eq!(code, 0, "{run:#}");
    let steps = run["steps"].as_array().expect("steps");
    let shown: Vec<(&str, &str)> = steps
        .iter()
        .map(|step| (step["name"].as_str().unwrap_or_default(), step["status"].as_str().unwrap_or_default()))
        .collect();
    let all = [
        "static_data_ingestion",
        "age_groups_ingestion",
        "gender_fix_ingestion",
        "analytics_processing",
        "tell",
    ];
    for name in all {
        assert!(shown.contains(&(name, "completed")), "{name}: {shown:?}");
    }
    assert!(shown.contains(&("never", "skipped")), "{shown:?}");
}

/// A partner's own table comes back with what became of each code, by what is in the store or by the table that
/// its seller can download.
#[test]
fn a_partner_is_told_which_codes_were_redeemed() {
    let desk = filled();
    desk.folder.write("gym.csv", "name,mail,club,code\nA,a@x.org,Gym,g-1\nB,b@x.org,Gym,G-2\n");
    let of_store = told(&desk, &["report", "coupons", "--partner", "gym.csv", "--region", "hong-kong"], &[]);
    assert_eq!(of_store.code, 0, "{}", of_store.stderr);
    assert_eq!(
        of_store.stdout,
        "name,mail,club,code,redeemed\nA,a@x.org,Gym,g-1,yes\nB,b@x.org,Gym,G-2,no\n"
    );
    assert!(of_store.stderr.contains("1 of 2 codes were redeemed"), "{}", of_store.stderr);
    desk.folder.write("series.csv", "id;code;used\n1;G-1;0\n2;G-2;1\n");
    let args = ["report", "coupons", "--partner", "gym.csv", "--series", "series.csv", "--to", "out.csv"];
    let of_table = desk.call(&args);
    assert_eq!(of_table.code, 0, "{}", of_table.stderr);
    let table = std::fs::read_to_string(desk.folder.path().join("out.csv")).expect("a table");
    assert!(table.ends_with("B,b@x.org,Gym,G-2,yes\n"), "{table}");
    let other = told(&desk, &["report", "sales", "--partner", "gym.csv"], &[]);
    assert!(other.code == 2 && other.stderr.contains("coupons"), "{}", other.stderr);
}

#[test]
fn a_section_is_a_table_for_programs() {
    let desk = filled();
    let types = told(&desk, &["report", "sales", "--section", "add_ons", "--format", "csv"], &[]);
    assert_eq!(types.code, 0, "{}", types.stderr);
    let mut lines = types.stdout.lines();
    assert_eq!(lines.next(), Some("region,as_of,add_on,count"));
    assert!(
        lines.any(|line| line.starts_with("hong-kong,") && line.ends_with(",Patch,5")),
        "{}",
        types.stdout
    );
    let (several, wrong) = (
        told(&desk, &["report", "sales", "--format", "csv"], &[]),
        told(&desk, &["report", "sales", "--section", "adons"], &[]),
    );
    assert!(several.code == 2 && several.stderr.contains("--section"), "{}", several.stderr);
    assert!(wrong.code == 2 && wrong.stderr.contains("did you mean add_ons?"), "{}", wrong.stderr);
}

/// Barcodes are personal: they are shown to who asks for them, and that is noted.
#[test]
fn barcodes_of_tickets_that_do_not_fit_are_shown_when_they_are_asked_for() {
    let desk = filled();
    let masked = report(&desk, &["status"]);
    assert_eq!(row(&masked, "gender_mismatches", "ticket", "t2")["barcode"], "***");
    assert!(!masked.to_string().contains("bc-t2"), "{masked:#}");
    let shown = report(&desk, &["status", "--personal"]);
    assert_eq!(row(&shown, "gender_mismatches", "ticket", "t2")["barcode"], "bc-t2");
    let audit = desk.call(&["audit", "--format", "ndjson"]).stdout;
    assert!(audit.lines().any(|line| line.contains("personal.read") && line.contains("barcode")), "{audit}");
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

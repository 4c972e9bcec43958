//! How reports are asked for, and what is said to who asks wrongly or in the words of the programs before; where
//! they are posted when a channel fails.

use std::time::Duration;

use serde_json::Value;

use crate::call::Desk;

use super::{COUNT, filled, listen, report, row, told};

const JAPAN: [(&str, &str); 2] =
    [("EVENT_CONFIGS__japan__token", "t0ken"), ("EVENT_CONFIGS__japan__event_id", "e2")];

/// A file is written as its ending says; one that says nothing is no guess.
#[test]
fn an_ending_that_nothing_is_written_as_is_refused() {
    let desk = filled();
    for (name, hint) in [("x.xls", "did you mean .xlsx?"), ("x.pdf", ".xlsx, .json, .csv and .txt")] {
        let refused = told(&desk, &["report", "sales", "--to", name], &[]);
        assert!(refused.code == 2 && refused.stderr.contains(hint), "{name}: {}", refused.stderr);
        assert!(!desk.folder.path().join(name).exists(), "{name}");
    }
    for (args, name, begins) in [
        (&["--to", "X.XLSX"][..], "X.XLSX", "PK"),
        (&["--excel", "y.xlsx"], "y.xlsx", "PK"),
        (&["--to", "x.d/sales"], "x.d/sales", ""),
        (&["--to", "x.pdf", "--format", "json"], "x.pdf", "["),
    ] {
        desk.folder.write("x.d/there", "");
        let written = told(&desk, &[&["report", "sales"], args].concat(), &[]);
        assert_eq!(written.code, 0, "{args:?}: {}", written.stderr);
        let bytes = std::fs::read(desk.folder.path().join(name)).expect("a file");
        assert!(bytes.starts_with(begins.as_bytes()), "{name}");
    }
}

#[test]
fn a_window_that_is_none_stops_only_who_looks_through_it() {
    let desk = filled();
    for name in ["HISTORY_MINUTES", "PROJECTION_MINUTES"] {
        let wrong = [(name, "abc")];
        for report in ["revenue", "spectators", "age-groups", "status"] {
            let other = told(&desk, &["report", report], &wrong);
            assert_eq!(other.code, 0, "{report}: {}", other.stderr);
        }
        let sales = told(&desk, &["report", "sales"], &wrong);
        assert!(sales.code == 2 && sales.stderr.contains(name), "{}", sales.stderr);
    }
}

/// A region that there is not is wrong use, and no run that failed.
#[test]
fn no_run_begins_for_regions_that_are_not_there() {
    let desk = filled();
    let before = desk.runs().len();
    for how in [&["--region", "honkong"][..], &["--set", "regions=hong-kong,honkong"]] {
        for name in ["default", "full"] {
            let run = told(&desk, &[&["run", "vivenu", "--pipeline-name", name], how].concat(), &[]);
            assert_eq!(run.code, 2, "{}", run.stderr);
            assert!(run.stderr.contains("did you mean hong-kong?"), "{}", run.stderr);
        }
    }
    let none = desk.call(&["run", "vivenu"]);
    assert!(none.code == 2 && none.stderr.contains("no region is configured"), "{}", none.stderr);
    assert_eq!(desk.runs().len(), before);
}

#[test]
fn flags_of_the_programs_before_are_understood_or_answered() {
    let desk = filled();
    let before = ["--version", "v2", "--max-workers", "4", "--batch-size", "20", "--skip_fetch"];
    let ran = told(&desk, &[&["run", "vivenu"], &before[..]].concat(), &[]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for flag in ["--version", "--max-workers", "--batch-size"] {
        assert!(ran.stderr.contains(&format!("{flag} does nothing any more")), "{}", ran.stderr);
    }
    let script = told(&desk, &["run", "vivenu", "--script", "age_groups"], &[]);
    assert!(script.code == 2 && script.stderr.contains("--only STEP"), "{}", script.stderr);
}

const STATIC: &str = r#"
name: static
steps:
  - {name: static, function: static_data_ingestion}
  - name: right
    function: notify
    condition: steps.static.output.regions["hong-kong"].capacities == 3
    with: {message: as it should be}
"#;

/// Whether what the pipeline holds to be right is so.
fn is_right(desk: &Desk, pipeline: &str, more: &[(&str, &str)]) -> bool {
    desk.folder.write("held.yaml", pipeline);
    let (code, run) = told(desk, &["run", "held.yaml", "--format", "json"], more).object();
    assert_eq!(code, 0, "{run:#}");
    let steps = run["steps"].as_array().expect("steps");
    steps.iter().any(|step| step["name"] == "right" && step["status"] == "completed")
}

/// Where files are is a setting as any other.
#[test]
fn steps_read_the_files_of_ticketing_where_the_settings_say() {
    let desk = filled();
    assert!(!is_right(&desk, STATIC, &[]), "in the usual place there are others");
    desk.folder.write("callboard.yaml", "ticketing_files: own\n");
    let rooms = r#"{"ticket_capacities": {"all": {"HYROX MEN": 4, "HYROX WOMEN": 5, "MIXED RELAY": 6}}}"#;
    desk.folder.write("own/schemas/hk.json", rooms);
    assert!(is_right(&desk, STATIC, &[]));
}

/// The form's question may have another name than the usual one: its options are those that count.
#[test]
fn a_gender_is_corrected_in_the_words_of_the_question_that_it_is_read_from() {
    let desk = filled();
    let records = std::fs::read_to_string(desk.folder.path().join("records.ndjson")).expect("records");
    let moved = records
        .replace(r#""name":"gender""#, r#""name":"sex""#)
        .replace(r#""gender":"Male 男""#, r#""sex":"Male 男""#);
    assert!(moved.contains(r#""name":"sex""#) && moved.contains(r#""sex":"Male 男""#), "{moved}");
    desk.folder.write("records.ndjson", moved);
    assert_eq!(desk.call(&["run", "fill.yaml"]).code, 0);
    assert!(is_right(&desk, COUNT, &[("EVENT_CONFIGS__hong_kong__field_gender", "sex")]));
    assert!(!is_right(&desk, COUNT, &[]), "what is not asked about has no options");
}

/// One channel that fails is told, and the others get theirs.
#[test]
fn what_cannot_be_posted_of_one_region_does_not_keep_the_others() {
    let desk = filled();
    const ANSWERS: &[&str] = &["404 Not Found", "200 OK", "200 OK", "200 OK"];
    let check = |args: &[&str]| {
        let (address, heard) = listen(ANSWERS);
        let webhook = format!("{address}/services/T1/B2/s3cret");
        let more = [("SLACK_WEBHOOK_URL", webhook.as_str()), ("CALLBOARD_ALLOW_PRIVATE", "true")];
        let posted = told(&desk, args, &[&JAPAN[..], &more].concat());
        assert_eq!(posted.code, 3, "{}{}", posted.stdout, posted.stderr);
        let said = format!("{}{}", posted.stdout, posted.stderr);
        assert!(said.contains("region hong-kong: not posted"), "{said}");
        let mut sent = Vec::new();
        for _ in 0..2 {
            let text = heard.recv_timeout(Duration::from_secs(20)).expect("a message");
            let message: Value = serde_json::from_str(&text).expect("JSON");
            sent.push(message["text"].as_str().unwrap_or_default().to_owned());
        }
        assert!(sent[0].contains("hong-kong") && sent[1].contains("japan"), "{sent:?}");
    };
    check(&["report", "spectators", "--post", "slack"]);
    desk.folder.write(
        "post.yaml",
        "name: post\nsteps:\n  - {name: post, function: ticketing_report, max_retries: 0, with: {reports: spectators, post: slack}}\n",
    );
    check(&["run", "post.yaml", "--format", "json"]);
}

/// Ages of today are those of the day where the event is.
#[test]
fn ages_of_today_are_told_with_their_day() {
    let desk = filled();
    let today = report(&desk, &["age-groups", "--age-on", "today"]);
    let day = today["facts"]["age_on"].as_str().expect("a day").to_owned();
    let as_of = today["as_of"].as_str().expect("a time");
    let there = as_of.parse::<chrono::DateTime<chrono::Utc>>().expect("a time");
    assert_eq!(day, there.with_timezone(&chrono_tz::Asia::Hong_Kong).date_naive().to_string());
    assert!(row(&today, "age_groups", "group", "HYROX MEN")["people"].is_number());
}

//! Pipelines from the command line: run, shown, paused, cancelled, done again.

use std::process::Command;

use serde_json::Value;
use testkit::servers::stores_are_on;

use crate::call::{Desk, until};

/// Four steps of every kind; all of it completes at once.
const KINDS: &str = "\
name: kinds
params: {days: 2, note: none}
parallel_execution: true
steps:
  - {name: first, function: sleep}
  - {name: each, for_each: 'range(params.days) | list', function: sleep, depends_on: [first]}
  - name: nested
    for_each: [a, b]
    steps:
      - {name: in, function: sleep}
      - {name: out, function: sleep, depends_on: [in]}
  - {name: never, function: sleep, condition: params.note == 'yes'}
";

/// One step of `SECONDS` between two that take no time.
fn slow(seconds: f64) -> String {
    format!(
        "name: slow\nsteps:\n  - {{name: before, function: sleep}}\n  \
         - {{name: wait, for_each: 'range(40) | list', max_concurrency: 2, function: sleep, with: {{seconds: {seconds}}}}}\n  \
         - {{name: after, function: sleep}}\n"
    )
}

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:a\r\n\
DTSTART:20261205T190000Z\r\nSUMMARY:Gala\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

/// Reads two files, of which one is no listing.
const FILES: &str = "\
name: files
stop_on_failure: false
max_retries: 0
steps:
  - {name: read, function: collect, with: {inputs: [good.ics, bad.ics], source: files}}
  - {name: after, function: sleep, depends_on: [read]}
";

fn desk(name: &str, pipeline: &str) -> Desk {
    let desk = Desk::new();
    desk.folder.write(&format!("pipelines/{name}.yaml"), pipeline);
    desk
}

fn steps(run: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let steps = run["steps"].as_array().expect("steps");
    steps.iter().map(|step| (text(&step["name"]), text(&step["status"]))).collect()
}

fn status<'a>(run: &'a Value, name: &str) -> &'a Value {
    let steps = run["steps"].as_array().expect("steps");
    &steps.iter().find(|step| step["name"] == name).expect("the step")["status"]
}

/// Starts `args` and gives its run once it is under way.
fn under_way(desk: &Desk, count: usize) -> String {
    until("the run begins", || desk.has_store());
    until("the run is listed", || desk.runs().len() >= count);
    desk.runs()[0]["id"].as_str().expect("an id").to_owned()
}

fn done(desk: &Desk, run: &str) -> u64 {
    desk.run(run)["items"]["done"].as_u64().expect("a count")
}

#[test]
fn a_run_tells_its_steps_items_and_outcome_as_one_object() {
    let desk = desk("kinds", KINDS);
    let (code, run) = desk.object(&["run", "kinds", "--set", "days=5", "--format", "json"]);
    assert_eq!((code, &run["outcome"]), (0, &"completed".into()), "{run}");
    let expected = [
        ("first", "completed"),
        ("each", "completed"),
        ("nested", "completed"),
        ("nested/in", "completed"),
        ("nested/out", "completed"),
        ("never", "skipped"),
    ];
    assert_eq!(steps(&run), expected.map(|(name, status)| (name.to_owned(), status.to_owned())));
    for key in ["total", "done", "failed", "skipped", "dead", "running", "waiting"] {
        assert!(run["items"][key].is_u64(), "{key}: {run}");
    }
    assert_eq!((&run["pipeline"], &run["items"]["running"]), (&"kinds".into(), &0.into()));
    assert!(run["started_at"].is_string() && run["ended_at"].is_string(), "{run}");
    let each = &run["steps"][1];
    assert_eq!((&each["items"]["done"], &each["attempts"]), (&5.into(), &5.into()), "{each}");

    let shown = desk.run("last");
    assert_eq!((&shown["id"], &shown["outcome"]), (&run["id"], &"completed".into()));
    let id = run["id"].as_str().expect("an id");
    assert_eq!(desk.run(&id[..id.len() - 2])["id"], run["id"]);
    let listed = &desk.runs()[0];
    assert_eq!((&listed["id"], &listed["trigger"]), (&run["id"], &"manual".into()), "{listed}");
}

#[test]
fn milestones_go_to_stderr_and_the_summary_to_stdout() {
    let desk = desk("kinds", KINDS);
    let answer = desk.call(&["run", "kinds"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(
        answer.stdout.contains("kinds: completed in") && answer.stdout.contains("each"),
        "{}",
        answer.stdout
    );
    assert!(answer.stderr.contains("never: skipped: condition"), "{}", answer.stderr);
    assert!(!answer.stdout.contains('\u{1b}') && !answer.stderr.contains('\u{1b}'));
}

#[test]
fn what_is_wrong_with_a_file_or_a_call_is_told_with_exit_code_2() {
    let desk = desk("kinds", KINDS);
    desk.folder.write(
        "bad.yaml",
        "name: bad\nsteps:\n  - {name: a, function: slep}\n  - {name: b, function: sleep, depends_on: [c]}\n",
    );
    let check = |args: &[&str], said: &[&str]| {
        let answer = desk.call(args);
        assert_eq!(answer.code, 2, "{args:?}: {}{}", answer.stdout, answer.stderr);
        said.iter().for_each(|said| {
            assert!(answer.stderr.contains(said), "{args:?}: no {said:?} in {}", answer.stderr)
        });
    };
    check(&["run", "bad.yaml"], &["bad.yaml:3:25", "did you mean `sleep`?", "bad.yaml:4:"]);
    check(&["run", "knids"], &["did you mean `kinds`?"]);
    check(&["run", "gone.yaml"], &["cannot read"]);
    check(&["run"], &["no pipeline"]);
    check(&["run", "kinds", "--set", "dys=3"], &["did you mean `days`?"]);
    check(&["run", "kinds", "--from", "frist"], &["did you mean `first`?"]);
    check(&["run", "kinds", "--set", "days=many"], &["`many` is not a whole number"]);
    assert_eq!(desk.folder.names(), ["bad.yaml", "pipelines"], "nothing was begun");
    desk.call(&["run", "kinds"]);
    check(&["runs", "ffff"], &["no run begins with"]);
    check(&["run", "--resume", "ffff"], &["no run begins with"]);
    check(&["pause", "last"], &["it is ended"]);
    check(&["dead", "show", "4711"], &["no item 4711"]);
    check(&["tune", "last", "each", "--max-concurrency", "3"], &["has ended"]);
}

#[test]
fn a_part_of_a_pipeline_can_be_run() {
    let desk = desk("kinds", KINDS);
    let names = |args: &[&str]| -> Vec<String> {
        let (code, run) = desk.object(&[args, &["--format", "json"]].concat());
        assert_eq!(code, 0, "{run}");
        steps(&run).into_iter().map(|(name, _)| name).collect()
    };
    assert_eq!(names(&["run", "kinds", "--only", "first"]), ["first"]);
    assert_eq!(names(&["run", "kinds", "--from", "first"]), ["first", "each"]);
}

#[test]
fn names_of_older_systems_and_standard_input_are_taken() {
    let desk = desk("kinds", KINDS);
    let code = |args: &[&str], env: &[(&str, &str)]| desk.start_with(args, env).end().code;
    assert_eq!(code(&["run", "--pipeline-name", "kinds"], &[]), 0);
    assert_eq!(code(&["run", "--pipeline-config", "pipelines/kinds.yaml"], &[]), 0);
    assert_eq!(
        code(&["run"], &[("PIPELINE_NAME", "kinds"), ("SKIP_FETCH", "false"), ("DEBUG_MODE", "0")]),
        0
    );
    assert_eq!(code(&["run"], &[("PIPELINE_NAME", "kinds"), ("PIPELINE_CONFIG", "pipelines")]), 0);
    assert_eq!(desk.runs().len(), 4);
}

#[test]
fn a_dry_run_prints_the_plan_and_writes_nothing() {
    let desk = desk("files", FILES);
    desk.folder.write("good.ics", CALENDAR);
    desk.folder.write("bad.ics", CALENDAR);
    let answer = desk.call(&["run", "files", "--dry-run"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(answer.stdout.contains("after  (sleep; after read)"), "{}", answer.stdout);
    assert!(
        answer.stdout.contains("nothing was written") && answer.stdout.contains("1 new"),
        "{}",
        answer.stdout
    );
    assert_eq!(desk.folder.names(), ["bad.ics", "good.ics", "pipelines"]);
    let (_, run) = desk.object(&["run", "files", "--dry-run", "--format", "json"]);
    assert_eq!((&run["dry_run"], &run["collected"]["records"]["new"]), (&true.into(), &1.into()), "{run}");
    assert_eq!(run["plan"][1]["after"], serde_json::json!(["read"]), "{run}");
}

#[test]
fn what_failed_is_listed_with_its_cause_and_done_again_alone() {
    let desk = desk("files", FILES);
    desk.folder.write("good.ics", CALENDAR);
    desk.folder.write("bad.ics", "garbage");
    let (code, run) = desk.object(&["run", "files", "--format", "json"]);
    assert_eq!((code, &run["outcome"]), (3, &"partial".into()), "{run}");
    assert_eq!((&run["items"]["failed"], &run["errors"][0]["count"]), (&1.into(), &1.into()), "{run}");
    let told = desk.call(&["runs", "last"]).stdout;
    assert!(told.contains("callboard dead show") && told.contains("callboard retry"), "{told}");

    let item = run["errors"][0]["item"].to_string();
    let (_, dead) = desk.object(&["dead", "show", &item, "--format", "json"]);
    assert!(dead["input"].to_string().contains("bad.ics"), "{dead}");
    assert_eq!(dead["attempts"].as_array().map(Vec::len), Some(1), "{dead}");
    assert!(desk.call(&["dead", "--run", "last"]).stdout.contains("bad.ics"));

    desk.folder.write("pipelines/files.yaml", format!("description: other\n{FILES}"));
    let retried = desk.call(&["retry", "last", "--format", "json"]);
    assert!(retried.stderr.contains("files.yaml has been changed since"), "{}", retried.stderr);
    desk.folder.write("pipelines/files.yaml", FILES);
    let again = retried.object();
    assert_eq!((again.0, &again.1["items"]["failed"]), (3, &1.into()), "still garbage: {}", again.1);
    let (_, dead) = desk.object(&["dead", "show", &item, "--format", "json"]);
    assert_eq!(dead["attempts"].as_array().map(Vec::len), Some(2), "every attempt stays: {dead}");

    desk.folder.write("bad.ics", CALENDAR.replace("UID:a", "UID:b"));
    let (code, mended) = desk.object(&["retry", "last", "--format", "json"]);
    assert_eq!((code, &mended["id"]), (0, &run["id"]), "{mended}");
    let good_attempts = mended["steps"][0]["attempts"].as_u64();
    assert_eq!(
        (good_attempts, desk.events(&[]).len()),
        (Some(4), 2),
        "the good file was read once: {mended}"
    );
    assert!(desk.call(&["retry", "last"]).stderr.contains("nothing to do again"));
    assert!(!desk.call(&["retry", "last"]).stderr.contains("has been changed since"));
    assert!(desk.call(&["dead"]).stderr.contains("no item ended badly"));
}

#[test]
fn a_dead_item_is_redriven_for_others_to_take_or_dropped() {
    let desk = desk("files", FILES);
    desk.folder.write("good.ics", CALENDAR);
    desk.folder.write("bad.ics", "garbage");
    let (_, run) = desk.object(&["run", "files", "--format", "json"]);
    let item = run["errors"][0]["item"].to_string();
    assert!(desk.call(&["dead", "redrive", &item]).stdout.contains("1 item"));
    assert_eq!(desk.run("last")["outcome"], Value::Null, "it goes on");
    assert_eq!(desk.call(&["runner", "--until-idle"]).code, 0);
    assert_eq!(desk.run("last")["outcome"], "partial");

    assert!(desk.call(&["dead", "drop", &item]).stdout.contains("1 item"));
    assert!(desk.call(&["dead"]).stderr.contains("no item ended badly"));
    assert_eq!(desk.call(&["dead", "show", &item]).code, 2);
}

/// Elements of two steps each, of which every second fails in its second step.
const HALF: &str = "name: half
steps:
  - name: each
    for_each: 'range(40) | list'
    max_concurrency: 1
    tolerated_failure_count: 1000
    steps:
      - {name: one, function: sleep, with: {seconds: 0.02}}
      - {name: two, function: shell, with: {command: 'test {{ item % 2 }} = 0'}, max_retries: 0, depends_on: [one]}
";

#[test]
fn the_failures_that_a_step_bears_are_changed_while_it_is_on_and_a_dead_item_names_its_element() {
    let desk = desk("half", HALF);
    let running = desk.start(&["run", "half", "--format", "json"]);
    let run = under_way(&desk, 1);
    let nothing = desk.call(&["tune", &run, "each"]);
    assert!(nothing.code == 2 && nothing.stderr.contains("--max-concurrency"), "{}", nothing.stderr);
    until("one has failed", || desk.run(&run)["items"]["failed"].as_u64() >= Some(1));
    let tuned = desk.call(&["tune", &run, "each", "--tolerated-failure-count", "2"]);
    assert!(tuned.code == 0 && tuned.stdout.contains("each: failures"), "{}", tuned.stderr);
    let (code, ended) = running.end().object();
    assert_eq!((code, &ended["outcome"]), (1, &"failed".into()), "{ended}");
    assert!(ended["steps"][0]["reason"].as_str().is_some_and(|why| why.contains("more than is tolerated")));
    assert_eq!(desk.call(&["tune", &run, "each", "--minimum-sample", "2"]).code, 2, "it has ended");
    let dead = desk.call(&["dead", "--run", &run, "--format", "ndjson"]).stdout;
    let inputs: Vec<Value> = dead
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON")["input"].clone())
        .collect();
    assert!(
        inputs.iter().any(|input| input.to_string().contains('1')) && !inputs.contains(&Value::Null),
        "{dead}"
    );
}

#[test]
fn cancelling_stops_what_is_in_hand_and_the_rest() {
    let desk = desk("slow", &slow(20.0));
    let running = desk.start(&["run", "slow", "--format", "json"]);
    let run = under_way(&desk, 1);
    until("items are in hand", || desk.run(&run)["items"]["running"].as_u64() > Some(1));
    let told = desk.call(&["cancel", &run, "--reason", "enough"]);
    assert_eq!(told.code, 0, "{}", told.stderr);
    assert!(told.stdout.contains("2 in hand") && told.stdout.contains("has ended"), "{}", told.stdout);
    let (code, ended) = running.end().object();
    assert_eq!(
        (code, &ended["outcome"], &ended["note"]),
        (130, &"cancelled".into(), &"enough".into()),
        "{ended}"
    );
    assert_eq!(ended["items"]["running"], 0, "{ended}");
    assert_eq!(
        (status(&ended, "before"), status(&ended, "wait")),
        (&"completed".into(), &"cancelled".into())
    );
    let again = desk.call(&["cancel", &run]);
    assert!(again.code == 1 && again.stderr.contains("had ended already"), "{}", again.stderr);
}

#[test]
fn a_paused_run_begins_nothing_and_goes_on_when_told() {
    let desk = desk("slow", &slow(0.05));
    let running = desk.start(&["run", "slow", "--format", "json"]);
    let run = under_way(&desk, 1);
    until("something is done", || done(&desk, &run) >= 3);
    assert!(desk.call(&["pause", &run, "--note", "quiet hour"]).stdout.contains("is paused"));
    until("what is in hand has ended", || {
        desk.call(&["pause", &run]).code == 2 && {
            let items = desk.run(&run)["items"].clone();
            items["running"].as_u64() <= Some(1)
        }
    });
    let held = done(&desk, &run);
    std::thread::sleep(std::time::Duration::from_millis(600));
    let paused = desk.run(&run);
    assert_eq!((done(&desk, &run), &paused["state"]), (held, &"paused".into()), "{paused}");
    assert_eq!(paused["note"], "quiet hour");

    let tuned = desk.call(&["tune", &run, "wait", "--max-concurrency", "8"]);
    assert!(tuned.code == 0 && tuned.stdout.contains("at most 8"), "{}", tuned.stderr);
    assert_eq!(desk.call(&["continue", &run]).code, 0);
    let (code, ended) = running.end().object();
    assert_eq!((code, &ended["outcome"]), (0, &"completed".into()), "{ended}");
}

#[test]
fn a_run_of_the_same_pipeline_and_parameters_queues_skips_or_takes_over() {
    let desk = desk("slow", &slow(0.1));
    let first = desk.start(&["run", "slow", "--format", "json"]);
    under_way(&desk, 1);
    let (code, skipped) = desk.object(&["run", "slow", "--overlap", "skip", "--format", "json"]);
    assert_eq!((code, &skipped["outcome"]), (0, &"skipped".into()), "{skipped}");
    assert_eq!(desk.runs().len(), 1, "nothing was kept of it");

    let queued = desk.start(&["run", "slow", "--format", "json"]);
    under_way(&desk, 2);
    let newest = desk.start(&["run", "slow", "--overlap", "cancel-older", "--format", "json"]);
    let outcomes = [first, queued, newest].map(|running| {
        let answer = running.end();
        (answer.object().1["outcome"].as_str().unwrap_or_default().to_owned(), answer.stderr)
    });
    assert_eq!([&outcomes[0].0, &outcomes[1].0, &outcomes[2].0], ["cancelled", "cancelled", "completed"]);
    assert!(outcomes[1].1.contains("queued: run"), "{}", outcomes[1].1);
}

#[test]
fn a_queued_run_goes_on_first_with_one_that_nobody_works_on() {
    let desk = desk("slow", &slow(0.1));
    let killed = desk.start(&["run", "slow"]);
    let left = under_way(&desk, 1);
    until("something is done", || done(&desk, &left) >= 2);
    killed.signal("KILL");
    drop(killed);
    let answer = desk.call(&["run", "slow", "--format", "json"]);
    assert_eq!(answer.object().1["outcome"], "completed", "{}", answer.stderr);
    assert!(answer.stderr.contains(&format!("nobody works on run {left}")), "{}", answer.stderr);
    assert_eq!(desk.run(&left)["outcome"], "completed");
    assert_eq!(desk.runs().len(), 2);

    let left = desk.call(&["run", "slow", "--detach"]);
    assert!(left.code == 0 && left.stderr.contains("no runner is alive"), "{}", left.stderr);
    let fleet = desk.call(&["fleet", "slow", "--num-runners", "1", "--format", "json"]);
    assert_eq!(fleet.object().1["outcome"], "completed", "{}", fleet.stderr);
    assert_eq!(desk.run(left.stdout.trim())["outcome"], "completed");
}

#[test]
fn what_holds_a_secret_is_masked_or_refused() {
    let desk = desk(
        "told",
        "name: told\nparams: {token: {secret: true, required: true}}\nsteps:\n  \
         - {name: said, function: shell, with: {command: 'echo \"{\\\"t\\\": \\\"$T\\\"}\"', env: {T: '{{ params.token }}'}}}\n  \
         - {name: over, for_each: '[params.token, 1]', function: sleep, with: {seconds: 0}}\n",
    );
    let set = [("CALLBOARD_PARAM_TOKEN", "s3cr3t-value")];
    let answer = desk.start_with(&["run", "told", "--format", "json"], &set).end();
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.stderr.contains("an element holds a secret"), "{}", answer.stderr);
    assert!(!everything_in(&desk).contains("s3cr3t-value"), "the store holds the secret");
    let before = desk.run("last");
    let refused = desk.call(&["retry", "last"]);
    assert!(refused.code == 2 && refused.stderr.contains("CALLBOARD_PARAM_TOKEN"), "{}", refused.stderr);
    assert_eq!(desk.run("last"), before, "nothing was put back");
    assert_eq!(desk.call(&["retry", "last", "--detach"]).code, 0);
    let idle = desk.call(&["runner", "--until-idle"]);
    assert_eq!(idle.code, 0, "it does not wait for what it leaves to others: {}", idle.stderr);
}

#[test]
fn a_secret_is_nowhere_to_be_seen_and_needed_again() {
    let text = format!("params: {{token: {{secret: true, required: true}}}}\n{}", slow(0.2));
    let desk = desk("slow", &text);
    assert_eq!(desk.call(&["run", "slow"]).code, 2, "it is required");
    let running =
        desk.start_with(&["run", "slow", "--format", "json"], &[("CALLBOARD_PARAM_TOKEN", "s3cr3t-value")]);
    let run = under_way(&desk, 1);
    running.signal("KILL");
    drop(running);
    let refused = desk.call(&["run", "--resume", &run]);
    assert!(refused.code == 2 && refused.stderr.contains("CALLBOARD_PARAM_TOKEN"), "{}", refused.stderr);
    let (code, ended) =
        desk.object(&["run", "--resume", &run, "--set", "token=s3cr3t-value", "--format", "json"]);
    assert_eq!(code, 0, "{ended}");
    assert!(!everything_in(&desk).contains("s3cr3t-value"), "the store holds the secret");
}

/// All that the store of a desk holds, as text.
fn everything_in(desk: &Desk) -> String {
    let Some(url) = stores_are_on() else {
        let kept = std::fs::read(desk.folder.path().join("callboard.db")).expect("the store");
        return String::from_utf8_lossy(&kept).into_owned();
    };
    let bin = std::env::var("CALLBOARD_TEST_POSTGRES_BIN").expect("./test sets it");
    let folder = desk.folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let schema = format!("--schema=\"{folder}.callboard.db\"");
    let dump = Command::new(format!("{bin}/pg_dump")).args([schema, url]).output().expect("pg_dump runs");
    let text = String::from_utf8_lossy(&dump.stdout).into_owned();
    assert!(text.contains("CREATE TABLE"), "nothing was dumped: {}", String::from_utf8_lossy(&dump.stderr));
    text
}

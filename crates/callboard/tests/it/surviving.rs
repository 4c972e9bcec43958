//! Runs that are killed, interrupted and gone on with end as if nothing had happened.
#![allow(clippy::print_stdout, reason = "what is measured is told")]

use std::time::{Duration, Instant};

use sandbox::{Fault, Faults, Upstream};
use serde_json::Value;

use crate::call::{Desk, Running, until};
use crate::upstreams::Hall;

pub const PACE: [(&str, &str); 2] = [("CALLBOARD_PER_SECOND", "100000"), ("CALLBOARD_ALLOW_PRIVATE", "true")];

/// A hall whose site is crawled by the pipeline `crawl`.
pub fn hall(events: usize, latency_ms: u64) -> Hall {
    let site = Fault { latency: Duration::from_millis(latency_ms), ..Fault::default() };
    let hall = Hall::with(events, Faults { site, ..Faults::default() });
    let url = hall.sandbox.site_url();
    let crawl = format!(
        "name: crawl\nsteps:\n  - {{name: site, function: collect, with: {{connector: site, params: {{url: '{url}'}}}}}}\n  \
         - {{name: after, function: sleep}}\n"
    );
    hall.desk.folder.write("pipelines/crawl.yaml", crawl);
    hall
}

pub fn crawl(desk: &Desk, db: &str, args: &[&str]) -> Running {
    let args = [&["run"], args, &["--db", db, "--concurrency", "4", "--format", "json"]].concat();
    desk.start_with(&args, &PACE)
}

/// What is kept of the events, without what tells one run from another.
pub fn rows(desk: &Desk, db: &str) -> Vec<Value> {
    told_apart(desk.events(&["--db", db]))
}

/// Events in one order, without what tells one run from another.
pub fn told_apart(mut events: Vec<Value>) -> Vec<Value> {
    for event in &mut events {
        let event = event.as_object_mut().expect("an object");
        ["first_seen", "last_seen", "run"].iter().for_each(|name| drop(event.remove(*name)));
    }
    events.sort_by_key(|event| event["id"].to_string());
    events
}

/// How many events the site has; `CRAWL_EVENTS` makes it larger, to measure.
fn events() -> usize {
    std::env::var("CRAWL_EVENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(400)
}

/// Kills a crawl again and again at instants that follow from `seed`, then lets it end.
fn check_killed(seed: u64) {
    let events = events();
    let hall = hall(events, 5);
    let undisturbed = crawl(&hall.desk, "whole.db", &["crawl"]).end();
    assert_eq!(undisturbed.code, 0, "{}", undisturbed.stderr);
    let needed = hall.sandbox.requests(Upstream::Site);
    let whole = rows(&hall.desk, "whole.db");
    assert_eq!(whole.len(), events);

    let mut dice = seed;
    let mut again = Vec::from(["crawl".to_owned()]);
    let mut most_lost = 0.0;
    for _ in 0..3 {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let before = hall.sandbox.requests(Upstream::Site);
        let running = crawl(&hall.desk, "killed.db", &again.iter().map(String::as_str).collect::<Vec<_>>());
        until("it fetches", || hall.sandbox.requests(Upstream::Site) > before);
        let began = Instant::now();
        // In mid-crawl: after a twentieth to a quarter of all there is.
        let share = 5 + (dice >> 33) % 20;
        until("it is in mid-crawl", || hall.sandbox.requests(Upstream::Site) > before + needed * share / 100);
        running.signal("KILL");
        drop(running);
        let fetched = (hall.sandbox.requests(Upstream::Site) - before) as f64;
        // What is in hand, and what waited to be entered: a tenth of a second of work, and what its commit takes.
        most_lost += 8.0 + fetched / began.elapsed().as_secs_f64() * 0.25;
        again = vec!["--resume".to_owned(), "last".to_owned()];
    }
    let ended = crawl(&hall.desk, "killed.db", &["--resume", "last"]).end();
    let (code, run) = ended.object();
    assert_eq!((code, &run["outcome"]), (0, &"completed".into()), "seed {seed}: {run}{}", ended.stderr);
    assert_eq!(rows(&hall.desk, "killed.db"), whole, "seed {seed}");
    let fetched = hall.sandbox.requests(Upstream::Site) - needed;
    let twice = fetched.saturating_sub(needed) as f64;
    println!("seed {seed}: {needed} requests needed, {twice} made again after three kills");
    assert!(twice <= most_lost, "seed {seed}: {twice} of {needed} fetched again, {most_lost:.0} at most");
    assert_eq!((&run["items"]["failed"], &run["items"]["dead"]), (&0.into(), &0.into()), "{run}");
}

#[test]
fn a_crawl_that_is_killed_and_resumed_keeps_the_same_rows() {
    [3, 17].into_iter().for_each(check_killed);
}

/// Requests that end without a document must not look like a source that holds nothing.
#[test]
fn requests_that_are_given_up_are_no_success() {
    let hall = hall(20, 3_000);
    let crawl = hall.desk.folder.path().join("pipelines/crawl.yaml");
    let file = std::fs::read_to_string(&crawl).expect("the pipeline");
    hall.desk.folder.write(
        "pipelines/crawl.yaml",
        file.replace("{name: site,", "{name: site, timeout: 0.2, max_retries: 0,"),
    );
    let answer = hall.desk.start_with(&["run", "crawl", "--format", "json"], &PACE).end();
    let (code, run) = answer.object();
    assert_eq!((code, &run["outcome"]), (1, &"failed".into()), "{run}");
    assert!(run["steps"][0]["reason"].as_str().is_some_and(|why| why.contains("given up")), "{run}");
}

/// How often the crawl is killed; with both databases that makes hundreds of instants.
const KILLS: u64 = 100;

#[test]
fn a_crawl_that_is_killed_a_hundred_times_keeps_the_same_rows() {
    let hall = hall(1_000, 2);
    assert_eq!(crawl(&hall.desk, "whole.db", &["crawl"]).end().code, 0);
    let mut again = Vec::from(["crawl"]);
    let (mut dice, mut kills) = (29_u64, 0);
    while kills < KILLS {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let before = hall.sandbox.requests(Upstream::Site);
        let mut running = crawl(&hall.desk, "killed.db", &again);
        // Some die before they fetched anything, most after a few pages; the first one has begun the run.
        let pages = if kills == 0 { 5 } else { (dice >> 33) % 24 };
        until("it fetches or has ended", || {
            hall.sandbox.requests(Upstream::Site) >= before + pages || running.has_ended()
        });
        if running.has_ended() {
            break;
        }
        (0..(dice >> 40) % 400_000).for_each(|_| std::hint::spin_loop());
        running.signal("KILL");
        drop(running);
        kills += 1;
        again = vec!["--resume", "last"];
    }
    let run = crawl(&hall.desk, "killed.db", &["--resume", "last"]).end().object().1;
    assert_eq!(run["outcome"], "completed", "after {kills} kills: {run}");
    assert_eq!((&run["items"]["failed"], &run["items"]["dead"]), (&0.into(), &0.into()), "{run}");
    assert_eq!(rows(&hall.desk, "killed.db"), rows(&hall.desk, "whole.db"), "after {kills} kills");
    assert!(kills >= KILLS / 2, "only {kills}");
}

#[test]
fn an_interrupt_gives_work_back_and_says_how_to_go_on() {
    let hall = hall(60, 30);
    let running = crawl(&hall.desk, "callboard.db", &["crawl"]);
    until("it fetches", || hall.sandbox.requests(Upstream::Site) > 10);
    running.signal("TERM");
    let stopped = running.end();
    let (code, run) = stopped.object();
    assert_eq!((code, &run["outcome"], &run["state"]), (130, &Value::Null, &"running".into()), "{run}");
    assert!(stopped.stderr.contains("again to leave at once"), "{}", stopped.stderr);
    assert!(stopped.stderr.contains("callboard run --resume"), "{}", stopped.stderr);
    let step = &run["steps"][0];
    assert!(step["items"]["done"].as_u64() > Some(0), "what was in hand was ended: {step}");

    let (code, ended) = crawl(&hall.desk, "callboard.db", &["--resume", "last"]).end().object();
    assert_eq!((code, &ended["id"], &ended["outcome"]), (0, &run["id"], &"completed".into()), "{ended}");
    assert_eq!(hall.desk.events(&[]).len(), 60);
    let site = &ended["steps"][0];
    assert_eq!(site["attempts"], site["items"]["done"], "nothing was done twice: {site}");
}

#[test]
fn a_second_interrupt_leaves_at_once_and_nothing_is_lost() {
    let desk = Desk::new();
    desk.folder.write(
        "pipelines/long.yaml",
        "name: long\nsteps:\n  - {name: wait, function: sleep, with: {seconds: '{{ params.seconds }}'}}\nparams: {seconds: 60}\n",
    );
    let running = desk.start(&["run", "long", "--format", "json"]);
    until("it is begun", || {
        desk.has_store() && desk.runs().first().is_some_and(|run| run["items"]["running"] == 1)
    });
    running.signal("INT");
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    running.signal("INT");
    let answer = running.end();
    assert_eq!(answer.code, 130, "{}", answer.stderr);
    assert!(
        began.elapsed() < Duration::from_secs(5) && answer.stderr.contains("leaving at once"),
        "{}",
        answer.stderr
    );
    let run = desk.run("last");
    assert_eq!((&run["state"], &run["items"]["waiting"]), (&"running".into(), &1.into()), "{run}");
}

#[test]
fn a_run_of_what_was_landed_fetches_nothing() {
    let hall = hall(20, 0);
    assert_eq!(crawl(&hall.desk, "callboard.db", &["crawl"]).end().code, 0);
    let asked = hall.sandbox.requests(Upstream::Site);
    let (code, run) = crawl(&hall.desk, "callboard.db", &["crawl", "--skip-fetch"]).end().object();
    assert_eq!((code, hall.sandbox.requests(Upstream::Site)), (0, asked), "{run}");
    assert_eq!(hall.desk.events(&[]).len(), 20);
}

#[test]
fn a_command_does_not_outlive_a_runner_that_was_killed() {
    let desk = Desk::new();
    let pipeline = "name: plugin\nsteps:\n  - name: long\n    function: shell\n    with: {command: 'sleep 300 & echo $! > pid.new; mv pid.new pid; wait'}\n";
    desk.folder.write("pipelines/plugin.yaml", pipeline);
    let running = desk.start(&["run", "plugin"]);
    let lives = || {
        let pid = std::fs::read_to_string(desk.folder.path().join("pid")).ok()?;
        // One that has ended may stay listed until its new parent asks after it.
        let status = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
        Some(!status.is_empty() && !status.contains(") Z "))
    };
    until("the command runs", || lives() == Some(true));
    running.signal("KILL");
    drop(running);
    until("what the command started is gone", || lives() == Some(false));
}

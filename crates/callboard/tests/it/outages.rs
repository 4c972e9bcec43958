//! The database goes away under a run and comes back: its rows are those of a run that nothing disturbed.

use sandbox::Upstream;
use serde_json::Value;
use testkit::servers::OwnPostgres;

use crate::call::{Desk, until};
use crate::surviving::{PACE, crawl, hall, rows, told_apart};

const EVENTS: usize = 400;

/// Where the store of the disturbed run is.
fn on(url: &str) -> Vec<(&str, &str)> {
    [&PACE[..], &[("DATABASE_URL", url), ("CALLBOARD_NAMESPACE", "disturbed")]].concat()
}

fn asked(desk: &Desk, url: &str, args: &[&str]) -> Vec<Value> {
    let call = desk.command(&[args, &["--format", "ndjson"]].concat()).envs(on(url)).output();
    let answer = call.expect("the program starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(answer.status.success(), "{}", text(&answer.stderr));
    text(&answer.stdout).lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

#[test]
fn a_crawl_goes_on_when_its_database_is_back() {
    let Some(server) = OwnPostgres::start() else { return };
    let url = server.url();
    let hall = hall(EVENTS, 5);
    let undisturbed = crawl(&hall.desk, "whole.db", &["crawl"]).end();
    assert_eq!(undisturbed.code, 0, "{}", undisturbed.stderr);
    let needed = hall.sandbox.requests(Upstream::Site);
    let whole = rows(&hall.desk, "whole.db");
    assert_eq!(whole.len(), EVENTS);

    let args = ["run", "crawl", "--concurrency", "4", "--format", "json"];
    let running = hall.desk.start_with(&args, &on(&url));
    for share in [20, 60] {
        until("it is in mid-crawl", || hall.sandbox.requests(Upstream::Site) > needed + needed * share / 100);
        server.stop_at_once();
        server.go_on();
    }
    let ended = running.end();
    let (code, run) = ended.object();
    assert_eq!((code, &run["outcome"]), (0, &"completed".into()), "{run}{}", ended.stderr);
    // Where nothing was under way in the database just then, nobody noticed; who did, said both.
    let said = |what| ended.stderr.matches(what).count();
    assert_eq!(said("nothing is lost"), said("the store is back"), "{}", ended.stderr);
    assert_eq!((&run["items"]["failed"], &run["items"]["dead"]), (&0.into(), &0.into()), "{run}");

    assert_eq!(told_apart(asked(&hall.desk, &url, &["events"])), whole);
    // What a runner had fetched it kept: what is fetched again is at most what was in hand.
    let twice = hall.sandbox.requests(Upstream::Site) - 2 * needed;
    assert!(twice <= 20, "{twice} of {needed} fetched again");
}

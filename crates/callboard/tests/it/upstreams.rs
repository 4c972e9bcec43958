//! Collecting over loopback from upstreams that know the truth: all of it, exactly what changed, and
//! what they do when they misbehave.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sandbox::{Fault, Faults, Mutation, Sandbox, SandboxOptions, TruthEvent, Upstream};
use serde_json::Value;

use crate::call::{Answer, Desk, event_counts, until};

#[allow(clippy::disallowed_methods, reason = "the program under test reads the clock too")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Upstreams on threads of their own, so that tests can call the program and wait for it.
pub struct Hall {
    pub sandbox: Sandbox,
    _runtime: tokio::runtime::Runtime,
    pub desk: Desk,
}

impl Hall {
    fn open(faults: Faults) -> Hall {
        Hall::with(40, faults)
    }

    /// One whose site has so many events.
    pub fn with(site_events: usize, faults: Faults) -> Hall {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let options = SandboxOptions { site_events, faults, ..SandboxOptions::new(11, now()) };
        let sandbox = runtime.block_on(Sandbox::start(options)).expect("the upstreams start");
        Hall { sandbox, _runtime: runtime, desk: Desk::new() }
    }

    fn input(&self, upstream: Upstream) -> Vec<String> {
        let api = [format!("url={}", self.sandbox.api_url()), format!("token={}", self.sandbox.api_token())];
        let args: Vec<String> = match upstream {
            Upstream::Calendar => vec![self.sandbox.calendar_url(), "--source".into(), "calendar".into()],
            Upstream::Site => vec!["--connector".into(), "site".into(), self.sandbox.site_url()],
            Upstream::Api => {
                let [url, token] = api;
                vec!["--connector".into(), "demo-api".into(), "--param".into(), url, "--param".into(), token]
            }
        };
        args.into_iter().chain(["--allow-private".to_owned()]).collect()
    }

    fn collect(&self, upstream: Upstream) -> Value {
        let args = self.input(upstream);
        self.desk.collect(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn call(&self, upstream: Upstream) -> Answer {
        let args = [vec!["collect".to_owned()], self.input(upstream)].concat();
        self.desk.call(&args.iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn truth(&self, upstream: Upstream) -> Vec<TruthEvent> {
        self.sandbox.truth().into_iter().filter(|event| event.upstream == upstream).collect()
    }
}

/// Title and start, as far as both sides know them.
fn facts_of_truth(events: &[TruthEvent]) -> BTreeSet<(String, String)> {
    let start = |event: &TruthEvent| match event.start {
        Some(start) => start.to_rfc3339(),
        None => event.start_date.to_string(),
    };
    events.iter().map(|event| (event.title.clone(), start(event))).collect()
}

fn facts_of_store(events: &[Value]) -> BTreeSet<(String, String)> {
    let start = |event: &Value| match event["start"].as_str() {
        Some(start) => {
            DateTime::parse_from_rfc3339(start).expect("RFC 3339").with_timezone(&Utc).to_rfc3339()
        }
        None => event["start_date"].as_str().unwrap_or("?").to_owned(),
    };
    events.iter().map(|event| (event["title"].as_str().unwrap_or("").to_owned(), start(event))).collect()
}

fn check_all_of_it(upstream: Upstream, faults: Faults) {
    let hall = Hall::open(faults);
    let summary = hall.collect(upstream);
    assert_eq!(summary["outcome"], "completed", "{summary}");
    let (truth, stored) = (hall.truth(upstream), hall.desk.events(&[]));
    let (truth, stored) = (facts_of_truth(&truth), facts_of_store(&stored));
    let missing: Vec<_> = truth.difference(&stored).take(5).collect();
    let invented: Vec<_> = stored.difference(&truth).take(5).collect();
    assert!(missing.is_empty() && invented.is_empty(), "missing {missing:?}, invented {invented:?}");
    let again = hall.collect(upstream);
    let [new, changed, unchanged, _, vanished] = event_counts(&again);
    assert_eq!((new, changed, vanished), (0, 0, 0), "{again}");
    assert!(unchanged > 0, "{again}");
}

#[test]
fn all_of_a_calendar_feed() {
    check_all_of_it(Upstream::Calendar, Faults::default());
}

#[test]
fn all_of_a_venue_site() {
    check_all_of_it(Upstream::Site, Faults::default());
}

#[test]
fn all_of_an_api_that_limits_fails_and_cuts() {
    let api = Fault { fail_percent: 20, cut_percent: 10, too_many_every: 7, ..Fault::default() };
    check_all_of_it(Upstream::Api, Faults { api, ..Faults::default() });
}

#[test]
fn prices_places_and_status_are_those_of_the_truth() {
    let hall = Hall::open(Faults::default());
    hall.collect(Upstream::Api);
    let stored = hall.desk.events(&[]);
    for event in hall.truth(Upstream::Api) {
        let found =
            stored.iter().find(|s| s["source_key"] == *event.id).unwrap_or_else(|| panic!("no {}", event.id));
        assert_eq!(found["venue"]["name"], *event.venue.name, "{found}");
        let cancelled = found["status"] == "cancelled";
        assert_eq!(cancelled, event.status == sandbox::Status::Cancelled, "{found}");
        if let Some(price) = &event.price {
            assert_eq!(found["price"]["currency"], *price.currency, "{found}");
            assert_eq!(found["price"]["is_free"] == true, price.max_minor == 0, "{found}");
        }
    }
}

#[test]
fn a_feed_that_did_not_change_is_answered_not_modified() {
    let hall = Hall::open(Faults::default());
    hall.collect(Upstream::Calendar);
    let again = hall.collect(Upstream::Calendar);
    assert_eq!(
        (&again["documents"]["fetched"], &again["documents"]["unchanged"]),
        (&0.into(), &1.into()),
        "{again}"
    );
}

fn of(mutation: &Mutation, upstream: Upstream) -> (usize, usize) {
    let edited = mutation.edited.iter().filter(|edit| edit.upstream == upstream).count();
    (edited, mutation.removed.iter().filter(|(removed, _)| *removed == upstream).count())
}

#[test]
fn edits_and_removals_are_reported_exactly() {
    let hall = Hall::open(Faults::default());
    for upstream in [Upstream::Calendar, Upstream::Api] {
        hall.collect(upstream);
    }
    let mutation = hall.sandbox.mutate(9, 6);
    for upstream in [Upstream::Calendar, Upstream::Api] {
        let (edited, removed) = of(&mutation, upstream);
        let args = [hall.input(upstream), vec!["--records".to_owned()]].concat();
        let summary = hall.desk.collect(&args.iter().map(String::as_str).collect::<Vec<_>>());
        let [new, changed, _, _, vanished] = event_counts(&summary);
        let told = format!("{upstream:?}: {mutation:?}\n{}", summary["changes"]);
        assert_eq!((new, changed as usize, vanished as usize), (0, edited, removed), "{told}");
    }
}

#[test]
fn misbehaviour_is_told_and_nothing_is_kept_of_it() {
    let check = |fault: Fault, upstream: Upstream, said: &str| {
        let mut faults = Faults::default();
        match upstream {
            Upstream::Calendar => faults.calendar = fault,
            Upstream::Site => faults.site = fault,
            Upstream::Api => faults.api = fault,
        }
        let hall = Hall::open(faults);
        let answer = hall.call(upstream);
        assert_eq!(answer.code, 1, "{said}: {}{}", answer.stdout, answer.stderr);
        let all = format!("{}{}", answer.stdout, answer.stderr).to_lowercase();
        assert!(all.contains(said), "does not say {said:?}:\n{all}");
        assert!(!all.contains(hall.sandbox.api_token()), "the token is shown:\n{all}");
    };
    check(Fault { sign_in: true, ..Fault::default() }, Upstream::Calendar, "sign-in");
    check(Fault { redirect_loop: true, ..Fault::default() }, Upstream::Calendar, "redirect");
    check(Fault { redirect_private: true, ..Fault::default() }, Upstream::Calendar, "refused");
    check(Fault { bomb: true, ..Fault::default() }, Upstream::Calendar, "larger than");
}

#[test]
fn private_addresses_are_refused_unless_allowed() {
    let hall = Hall::open(Faults::default());
    let answer = hall.desk.call(&["collect", &hall.sandbox.calendar_url()]);
    assert_eq!(answer.code, 1, "{}", answer.stdout);
    assert!(answer.stderr.contains("refused"), "{}", answer.stderr);
}

#[test]
fn a_daily_quota_stops_the_source_and_the_run_is_partial() {
    let api = Fault { quota_after: 1, ..Fault::default() };
    let hall = Hall::open(Faults { api, ..Faults::default() });
    let summary = hall.collect(Upstream::Api);
    assert_eq!(summary["outcome"], "partial", "{summary}");
    assert!(event_counts(&summary)[0] > 0, "what came before is kept: {summary}");
    assert_eq!(event_counts(&summary)[4], 0, "nothing vanishes: {summary}");
}

#[test]
fn landed_documents_are_read_again_without_the_source() {
    let hall = Hall::open(Faults::default());
    hall.collect(Upstream::Api);
    let replayed = hall.desk.call(&["replay", "--source", "demo-api", "--format", "json"]);
    let summary: Value =
        serde_json::from_str(&replayed.stdout).unwrap_or_else(|_| panic!("{}", replayed.stderr));
    let [new, changed, unchanged, ..] = event_counts(&summary);
    assert_eq!((new, changed), (0, 0), "{summary}");
    assert!(unchanged > 0 && summary["dry_run"] == true, "{summary}");
}

#[test]
fn the_demo_runs_on_nothing_and_leaves_nothing() {
    let desk = Desk::new();
    let answer = desk.call(&["demo"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(answer.stdout.contains("START") && answer.stdout.contains("completed"), "{}", answer.stdout);
    assert_eq!(desk.folder.names(), Vec::<String>::new());
}

#[test]
fn an_interrupt_keeps_what_was_read_and_says_cancelled() {
    let site = Fault { latency: std::time::Duration::from_millis(400), ..Fault::default() };
    let hall = Hall::open(Faults { site, ..Faults::default() });
    let args =
        [vec!["collect".to_owned(), "--format".to_owned(), "json".to_owned()], hall.input(Upstream::Site)];
    let args = args.concat();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let collecting = hall.desk.start_with(&args, &[("CALLBOARD_CONCURRENCY", "2")]);
    until("some pages have come", || hall.sandbox.requests(Upstream::Site) > 9);
    collecting.signal("INT");
    let (code, summary) = collecting.end().object();
    assert_eq!((code, &summary["outcome"]), (130, &"cancelled".into()), "{summary}");
    let kept = hall.desk.events(&[]).len() as u64;
    assert_eq!(kept, event_counts(&summary)[0], "{summary}");
    assert!(kept > 0 && kept < 40, "{kept}");
}

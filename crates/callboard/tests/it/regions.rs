//! Gathering regions over loopback from sellers that know the truth: all of it, while it moves, through
//! every fault, and by webhooks; and what is told when it is not all.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sandbox::ticketing::{Delivery, Ticketing, TicketingFaults, TicketingOptions};
use serde_json::Value;

use crate::call::{Answer, Desk, until};

#[allow(clippy::disallowed_methods, reason = "the program under test reads the clock too")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Sellers on threads of their own, and a desk that is configured for all of them.
struct Season {
    sellers: Ticketing,
    runtime: tokio::runtime::Runtime,
    desk: Desk,
}

impl Season {
    fn open(regions: usize, faults: TicketingFaults) -> Season {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let options = TicketingOptions { faults, ..TicketingOptions::small(7, now(), regions) };
        let sellers = runtime.block_on(Ticketing::start(options)).expect("the sellers start");
        let desk = Desk::new();
        desk.folder.write(".env", variables(&sellers));
        desk.folder.write("pipelines/gather.yaml", GATHER);
        Season { sellers, runtime, desk }
    }

    fn gather(&self) -> Answer {
        self.desk.call(&["run", "gather", "--allow-private", "--format", "json"])
    }

    fn gather_whole(&self) -> Answer {
        self.desk.call(&["run", "gather", "--allow-private", "--format", "json", "--set", "full=true"])
    }

    /// The rows of a kind that a region has, those without tombstone.
    fn rows(&self, kind: &str, region: &str) -> Vec<Value> {
        let source = format!("source=vivenu/{region}");
        let answer = self.desk.call(&["export", kind, "--format", "ndjson", "--where", &source]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.stdout.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
    }

    /// Everything that is counted of a region is what its seller knows.
    fn agrees(&self, region: &str) {
        let truth = self.sellers.truth(region).expect("a region");
        let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
        let tickets = self.rows("tickets", region);
        for ticket in &tickets {
            *statuses.entry(ticket["status"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        let expected: BTreeMap<String, u64> =
            truth.statuses.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect();
        assert_eq!(statuses, expected, "tickets of {region}");
        let add_ons: u64 = tickets
            .iter()
            .filter(|ticket| ["VALID", "DETAILSREQUIRED"].iter().any(|status| ticket["status"] == *status))
            .map(|ticket| ticket["add_ons"].as_array().map_or(0, Vec::len) as u64)
            .sum();
        assert_eq!(add_ons, truth.add_ons.values().sum::<u64>(), "add-ons of {region}");
        let used: i64 = self
            .rows("coupons", region)
            .iter()
            .map(|coupon| i64::from(coupon["used"].as_i64() > Some(0)))
            .sum();
        let expected: u64 = truth.coupons.iter().map(|series| series.used).sum();
        assert_eq!(used as u64, expected, "used coupons of {region}");
    }
}

/// Variables have no hyphens in their names.
fn variables(sellers: &Ticketing) -> String {
    let line = |(name, value): (String, String)| format!("{}={value}\n", name.replace('-', "_"));
    sellers.settings().into_iter().map(line).collect()
}

const GATHER: &str = "\
name: gather
params: {full: false}
parallel_execution: true
stop_on_failure: false
steps:
  - {name: tickets, function: events_tickets_ingestion, max_retries: 0, with: {full: \"{{ params.full }}\"}}
  - {name: coupons, function: coupon_ingestion, max_retries: 0, with: {full: \"{{ params.full }}\"}}
";

fn none() -> TicketingFaults {
    TicketingFaults::default()
}

fn outcome(answer: &Answer) -> (i32, String) {
    let (code, value) = answer.object();
    (code, value["outcome"].as_str().unwrap_or_default().to_owned())
}

fn completes(answer: &Answer) {
    assert_eq!(outcome(answer), (0, "completed".to_owned()), "{}{}", answer.stdout, answer.stderr);
}

fn is_partial(answer: &Answer) {
    assert_eq!(outcome(answer), (3, "partial".to_owned()), "{}{}", answer.stdout, answer.stderr);
}

#[test]
fn two_regions_are_gathered_whole_and_then_by_what_has_changed() {
    let season = Season::open(2, none());
    completes(&season.gather());
    let regions = season.sellers.regions();
    regions.iter().for_each(|region| season.agrees(region));

    let before = season.sellers.requests();
    let again = season.gather();
    completes(&again);
    let records = &again.object().1["collected"]["records"];
    assert_eq!((&records["new"], &records["changed"]), (&0.into(), &0.into()), "{records}");
    let asked = season.sellers.requests() - before;
    assert!(asked <= 20, "{asked} requests for nothing new");

    for region in &regions {
        season.sellers.mutate(region, 40);
    }
    completes(&season.gather());
    regions.iter().for_each(|region| season.agrees(region));
    completes(&season.gather_whole());
    regions.iter().for_each(|region| season.agrees(region));
}

/// Fault 9: offsets that move neither skip nor repeat.
#[test]
fn fault_9_rows_that_move_while_they_are_paged_are_neither_lost_nor_doubled() {
    let faults = TicketingFaults { edits_per_page: 6, edits_at_most: 40, ..none() };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let options = TicketingOptions { tickets: 3_000, faults, ..TicketingOptions::small(3, now(), 1) };
    let sellers = runtime.block_on(Ticketing::start(options)).expect("the sellers start");
    let season = Season { sellers, runtime, desk: Desk::new() };
    season.desk.folder.write(".env", variables(&season.sellers));
    season.desk.folder.write("pipelines/gather.yaml", GATHER);
    let region = season.sellers.regions()[0];
    completes(&season.gather());
    // Coupons are edited too, after they were read: nothing says so but their own list.
    completes(&season.gather());
    season.agrees(region);
}

#[test]
fn an_overloaded_source_is_asked_for_less_and_gives_all() {
    let season = Season::open(1, TicketingFaults { largest_page: Some(100), ..none() });
    completes(&season.gather());
    season.agrees(season.sellers.regions()[0]);
}

/// Fault 8: what failed is asked for again, and not only noted as failed.
#[test]
fn fault_8_refusals_breaks_and_broken_answers_lose_nothing() {
    let faults = TicketingFaults {
        too_many_every: 5,
        fail_percent: 10,
        cut_percent: 10,
        truncated_percent: 10,
        ..none()
    };
    let season = Season::open(1, faults);
    completes(&season.gather());
    season.agrees(season.sellers.regions()[0]);
}

/// Fault 6: what is not all is never told as success.
#[test]
fn fault_6_a_total_that_does_not_agree_makes_the_run_partial_and_takes_nothing_away() {
    let season = Season::open(1, none());
    let region = season.sellers.regions()[0];
    completes(&season.gather());
    season.sellers.set_faults(TicketingFaults { total_off: 3, ..none() });
    is_partial(&season.gather());
    season.agrees(region);
    season.sellers.set_faults(none());
    season.sellers.mutate(region, 10);
    completes(&season.gather());
    season.agrees(region);
}

#[test]
fn one_region_that_fails_leaves_the_others_whole_and_the_run_partial() {
    let season = Season::open(2, none());
    let regions = season.sellers.regions();
    season.sellers.set_faults(TicketingFaults { failing: vec![regions[1].to_owned()], ..none() });
    is_partial(&season.gather());
    season.agrees(regions[0]);
    assert_eq!(season.rows("tickets", regions[1]).len(), 0);
    season.sellers.set_faults(none());
    completes(&season.gather());
    regions.iter().for_each(|region| season.agrees(region));
}

/// Fault 3: gathering begins with dropping nothing, and one that fails leaves what was known.
#[test]
fn fault_3_a_gathering_that_fails_drops_nothing_of_what_is_known() {
    let season = Season::open(1, none());
    let region = season.sellers.regions()[0];
    completes(&season.gather());
    let kinds = ["event", "offer", "ticket", "transaction", "coupon_series", "coupon", "shop"];
    let counts = || kinds.map(|kind| season.rows(kind, region).len());
    let before = counts();
    assert!(before.iter().all(|count| *count > 0), "{before:?}");
    season.sellers.set_faults(TicketingFaults { failing: vec![region.to_owned()], ..none() });
    let failed = season.gather_whole();
    assert_ne!(failed.code, 0, "{}", failed.stdout);
    assert_eq!(counts(), before);
    season.agrees(region);
}

#[test]
fn a_token_that_is_refused_stops_its_region_alone() {
    let season = Season::open(2, none());
    let regions = season.sellers.regions();
    let token = format!("EVENT_CONFIGS__{}__token", regions[1].replace('-', "_"));
    let mut command = season.desk.command(&["run", "gather", "--allow-private", "--format", "json"]);
    let answer = command.env(token, "wrong").output().expect("the program starts");
    assert_eq!(answer.status.code(), Some(3), "{}", String::from_utf8_lossy(&answer.stderr));
    season.agrees(regions[0]);
}

#[test]
fn a_gathering_that_was_killed_is_gone_on_with() {
    let season =
        Season::open(1, TicketingFaults { latency: std::time::Duration::from_millis(150), ..none() });
    let running = season.desk.start(&["run", "gather", "--allow-private", "--format", "json"]);
    until("some has come", || season.sellers.requests() >= 4);
    running.signal("KILL");
    let _ = running.end();
    season.sellers.set_faults(none());
    let resumed = season.desk.call(&["run", "--resume", "last", "--allow-private", "--format", "json"]);
    completes(&resumed);
    season.agrees(season.sellers.regions()[0]);
}

#[test]
fn webhooks_are_taken_once_and_a_gathering_heals_what_was_missed() {
    let season = Season::open(1, none());
    let region = season.sellers.regions()[0];
    completes(&season.gather());
    let address = free_address();
    let server = season.desk.start(&["serve", "--listen", &address, "--allow-private"]);
    until("it listens", || std::net::TcpStream::connect(&address).is_ok());
    let url = format!("http://{address}/webhooks/vivenu/{region}");
    let deliver = |how: Delivery| season.runtime.block_on(season.sellers.deliver(region, &url, &how));

    season.sellers.mutate(region, 5);
    let forged = deliver(Delivery { forged: true, ..Delivery::default() }).expect("delivered");
    assert!(!forged.is_empty() && forged.iter().all(|status| *status == 401), "{forged:?}");

    season.sellers.mutate(region, 30);
    let taken = deliver(Delivery { double_every: 2, ..Delivery::default() }).expect("delivered");
    assert!(taken.iter().all(|status| *status == 200), "{taken:?}");
    let elsewhere = format!("http://{address}/webhooks/vivenu/nowhere");
    season.sellers.mutate(region, 2);
    let lost = season.runtime.block_on(season.sellers.deliver(region, &elsewhere, &Delivery::default()));
    assert!(lost.expect("delivered").iter().all(|status| *status == 404));

    completes(&season.gather());
    season.agrees(region);
    server.signal("TERM");
    assert_eq!(server.end().code, 0);
}

/// An address that nothing listens at.
fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its address").to_string()
}

/// Fault 26 and the validation of section 6: everything at once, and no token in what is shown.
#[test]
fn fault_26_what_is_wrong_with_regions_is_told_at_once_and_tokens_are_not() {
    let desk = Desk::new();
    let yaml = "regions:\n  japan: {max_capacity: many, token: hush-hush}\n  taiwan: {price_tier: L9}\n";
    desk.folder.write("callboard.yaml", yaml);
    desk.folder.write("pipelines/gather.yaml", GATHER);
    let answer = desk.call(&["run", "gather"]);
    assert_ne!(answer.code, 0);
    let told = format!("{}{}", answer.stdout, answer.stderr);
    for part in
        ["japan: `event_id` is missing", "\"many\" is not a whole number", "taiwan: `token` is missing", "L9"]
    {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let variables =
        [("EVENT_CONFIGS__hong_kong__token", "hush-too"), ("EVENT_CONFIGS__hong_kong__event_id", "e77")];
    for format in ["table", "json", "ndjson"] {
        let shown = desk.start_with(&["config", "show", "--format", format], &variables).end().stdout;
        assert!(!shown.contains("hush") && shown.contains("japan"), "{shown}");
        assert!(shown.contains("regions.hong-kong.event_id") && shown.contains("e77"), "{shown}");
        assert!(shown.contains("EVENT_CONFIGS__hong_kong__token"), "{shown}");
    }
}

/// Older set-ups leave variables empty that they do not use.
#[test]
fn variables_that_are_set_to_nothing_are_not_set() {
    let desk = Desk::new();
    let empty =
        ["HISTORY_MINUTES", "PROJECTION_MINUTES", "PIPELINE_NAME", "PIPELINE_CONFIG"].map(|name| (name, ""));
    let region = [("EVENT_CONFIGS__hong_kong__token", "t"), ("EVENT_CONFIGS__hong_kong__event_id", "e")];
    let variables: Vec<(&str, &str)> = empty.into_iter().chain(region).collect();
    let planned = desk.start_with(&["run", "vivenu", "--dry-run", "--skip-fetch"], &variables).end();
    assert!(planned.stderr.contains("which: completed"), "{}", planned.stderr);
    assert!(!planned.stderr.contains("does nothing any more"), "{}", planned.stderr);
    let told = desk.start_with(&["report", "spectators"], &variables).end();
    assert!(!told.stderr.contains("--window"), "{}", told.stderr);
    let former: Vec<(&str, &str)> = [("LOG_DIRECTORY", "logs")].into_iter().chain(region).collect();
    let told = desk.start_with(&["run", "vivenu", "--dry-run", "--skip-fetch"], &former).end();
    assert!(told.stderr.contains("LOG_DIRECTORY does nothing any more"), "{}", told.stderr);
}

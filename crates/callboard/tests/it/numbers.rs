//! Every number of every report is the sellers' own: counted by them from what they sold, and by the program
//! from what it gathered, after edits, through faults and kills.

mod compare;

use chrono::{DateTime, Utc};
use sandbox::ticketing::{Ticketing, TicketingFaults, TicketingOptions};
use serde_json::Value;

use crate::call::{Answer, Desk, until};

#[allow(clippy::disallowed_methods, reason = "the program under test reads the clock too")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

/// Sellers on threads of their own, and a desk set up for all of them.
struct Fair {
    sellers: Ticketing,
    _runtime: tokio::runtime::Runtime,
    desk: Desk,
}

const GATHER: [&str; 6] = ["run", "vivenu", "--pipeline-name", "parallel", "--allow-private", "--format"];

impl Fair {
    fn open(regions: usize, tickets: usize) -> Fair {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let options = TicketingOptions { regions, tickets, ..TicketingOptions::new(11, now()) };
        let sellers = runtime.block_on(Ticketing::start(options)).expect("the sellers start");
        let desk = Desk::new();
        let lines = sellers.settings().into_iter().map(|(name, value)| format!("{name}={value}\n"));
        desk.folder.write(".env", lines.collect::<String>());
        for region in sellers.regions() {
            let schema = region.replace('-', "_");
            let places = sellers.capacities(region).expect("places").to_string();
            desk.folder.write(&format!("data_static/schemas/{schema}.json"), places);
            let codes = sellers.distributed_codes(region).expect("codes");
            desk.folder.write(&format!("data_static/coupons/{schema}-distributed.csv"), codes);
        }
        Fair { sellers, _runtime: runtime, desk }
    }

    fn gather(&self) -> Answer {
        self.desk.call(&[&GATHER[..], &["json"]].concat())
    }

    fn gather_well(&self) {
        let answer = self.gather();
        assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    }

    /// All reports of all regions agree with the sellers, number by number.
    fn agrees(&self) {
        let answer = self.desk.call(&["report", "all", "--by-day", "--format", "json"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let reports: Vec<Value> = serde_json::from_str(&answer.stdout).expect("a list of reports");
        for region in self.sellers.regions() {
            let truth = self.sellers.truth(region).expect("a region");
            let own: Vec<&Value> = reports.iter().filter(|report| report["region"] == region).collect();
            compare::compare(&own, &truth);
        }
    }
}

#[test]
fn every_number_is_the_sellers_own_and_stays_so() {
    let fair = Fair::open(5, 1500);
    fair.gather_well();
    fair.agrees();
    for region in fair.sellers.regions() {
        fair.sellers.mutate(region, 44);
    }
    fair.gather_well();
    fair.agrees();
}

/// Names of all habits, each region with its own.
#[test]
fn names_of_nine_regions_are_understood() {
    let fair = Fair::open(9, 2700);
    fair.gather_well();
    fair.agrees();
}

#[test]
fn what_changed_and_everything_come_to_the_same() {
    let fair = Fair::open(1, 500);
    fair.gather_well();
    for _ in 0..3 {
        fair.sellers.mutate("south-korea", 25);
        fair.gather_well();
    }
    fair.agrees();
    let whole = ["collect", "--connector", "vivenu", "--param", "region=all", "--param", "full=true"];
    let swept = fair.desk.call(&[&whole[..], &["--allow-private"]].concat());
    assert_eq!(swept.code, 0, "{}{}", swept.stdout, swept.stderr);
    fair.agrees();
}

/// What a run could not get it says; the next ones get it, and then all is right.
#[test]
fn numbers_hold_through_every_fault() {
    let fair = Fair::open(2, 800);
    let faults = [
        TicketingFaults { too_many_every: 4, retry_after_secs: Some(0), ..TicketingFaults::default() },
        TicketingFaults { fail_percent: 20, ..TicketingFaults::default() },
        TicketingFaults { cut_percent: 15, truncated_percent: 15, ..TicketingFaults::default() },
        TicketingFaults { edits_per_page: 7, edits_at_most: 40, ..TicketingFaults::default() },
        TicketingFaults { total_off: 3, ..TicketingFaults::default() },
        TicketingFaults { failing: vec!["thailand".to_owned()], ..TicketingFaults::default() },
    ];
    for fault in faults {
        fair.sellers.set_faults(fault.clone());
        fair.sellers.mutate("south-korea", 10);
        let answer = fair.gather();
        let told = answer.code == 0 || answer.code == 3;
        assert!(told, "{fault:?}: {}{}", answer.stdout, answer.stderr);
        if !fault.failing.is_empty() {
            assert_eq!(answer.code, 3, "a region that fails is no success: {}", answer.stdout);
        }
        fair.sellers.set_faults(TicketingFaults::default());
        if answer.code != 0 || fault.edits_per_page > 0 {
            fair.gather_well();
        }
        fair.agrees();
    }
}

#[test]
fn numbers_hold_after_kills() {
    let fair = Fair::open(2, 800);
    let latency = std::time::Duration::from_millis(40);
    fair.sellers.set_faults(TicketingFaults { latency, ..TicketingFaults::default() });
    let running = fair.desk.start(&[&GATHER[..], &["json"]].concat());
    until("some pages are read", || fair.sellers.requests() > 6);
    running.signal("KILL");
    drop(running);
    let before = fair.sellers.requests();
    let running = fair.desk.start(&["run", "--resume", "last", "--allow-private", "--format", "json"]);
    until("some more are read", || fair.sellers.requests() > before + 3);
    running.signal("KILL");
    drop(running);
    fair.sellers.set_faults(TicketingFaults::default());
    let answer = fair.desk.call(&["run", "--resume", "last", "--allow-private", "--format", "json"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    fair.agrees();
}

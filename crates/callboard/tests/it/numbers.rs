//! Every number of every report is the sellers' own: counted by them from what they sold, and by the program
//! from what it gathered, after edits, through faults and kills.

mod compare;
mod genders;

use chrono::{DateTime, SecondsFormat, SubsecRound as _, TimeDelta, Utc};
use sandbox::ticketing::{RegionTruth, Ticketing, TicketingFaults, TicketingOptions};
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

const GATHER: [&str; 6] = ["run", "vivenu", "--pipeline-name", "full", "--allow-private", "--format"];

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

    fn truths(&self) -> Vec<RegionTruth> {
        let truth = |region: &str| self.sellers.truth(region).expect("a region");
        self.sellers.regions().into_iter().map(truth).collect()
    }

    /// All reports of all regions agree with the sellers, number by number.
    fn agrees(&self) {
        self.agrees_with(&self.truths(), &[]);
    }

    /// What is told, asked for so, is this.
    fn agrees_with(&self, truths: &[RegionTruth], how: &[&str]) {
        let reports = self.told("all", how);
        for truth in truths {
            let own: Vec<&Value> = reports.iter().filter(|report| report["region"] == truth.region).collect();
            compare::compare(&own, truth);
        }
    }

    fn told(&self, report: &str, how: &[&str]) -> Vec<Value> {
        let answer = self.desk.call(&[&["report", report, "--by-day", "--format", "json"], how].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).expect("a list of reports")
    }
}

/// As users write it: what is kept has whole seconds.
fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
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

/// What is known now tells nothing else about then, and growth is what lies between.
#[test]
fn what_was_known_at_a_time_stays_and_growth_is_what_came_since() {
    let fair = Fair::open(4, 1200);
    fair.gather_well();
    let (before, then) = (fair.truths(), now().trunc_subsecs(0));
    until("a second has gone by", || now() - then > TimeDelta::seconds(1));
    for region in fair.sellers.regions() {
        fair.sellers.mutate(region, 60);
    }
    fair.gather_well();
    fair.agrees();
    fair.agrees_with(&before, &["--as-of", &written(then)]);

    let (after, at) = (fair.truths(), now().trunc_subsecs(0));
    let window = format!("{}s", (at - then).num_seconds());
    let reports = fair.told("sales", &["--as-of", &written(at), "--window", &window, "--ahead", &window]);
    for (before, after) in before.iter().zip(&after) {
        let own = reports.iter().find(|report| report["region"] == before.region).expect("a report");
        compare::growth(own, (before, after));
    }
}

/// No check-ins, and none gathered, are two things.
#[test]
fn what_was_never_asked_for_is_not_none() {
    let fair = Fair::open(1, 100);
    let parallel = ["run", "vivenu", "--pipeline-name", "parallel", "--allow-private"];
    assert_eq!(fair.desk.call(&parallel).code, 0);
    let ins = |reports: &[Value]| reports[0]["sections"]["check_ins"]["rows"][0]["count"].clone();
    let then = now().trunc_subsecs(0);
    assert_eq!(ins(&fair.told("status", &[])), Value::Null);
    until("a second has gone by", || now() - then > TimeDelta::seconds(1));
    fair.gather_well();
    assert_eq!(ins(&fair.told("status", &[])), 0);
    assert_eq!(ins(&fair.told("status", &["--as-of", &written(then)])), Value::Null);
}

/// The list of check-ins is none of the published API's: a region that is refused it has all its other numbers.
#[test]
fn check_ins_that_are_refused_keep_nothing_else() {
    let fair = Fair::open(1, 100);
    let full = [&GATHER[..], &["json", "--set", "workbook=figures.xlsx"]].concat();
    let nowhere = [("EVENT_CONFIGS__south_korea__scans_url", fair.sellers.base_url() + "/nothing")];
    let nowhere = nowhere.each_ref().map(|(name, url)| (*name, url.as_str()));
    let refused = fair.desk.start_with(&full, &nowhere).end();
    assert_eq!(refused.code, 3, "{}{}", refused.stdout, refused.stderr);
    assert!(fair.desk.folder.path().join("figures.xlsx").is_file());
    assert_eq!(fair.told("status", &[])[0]["sections"]["check_ins"]["rows"][0]["count"], Value::Null);
    let without = fair.desk.start_with(&[&full[..], &["--set", "check_ins=false"]].concat(), &nowhere).end();
    assert_eq!(without.code, 0, "{}{}", without.stdout, without.stderr);
    fair.gather_well();
    fair.agrees();
}

/// A report looks at no more than it needs, and at all of that.
#[test]
fn each_report_alone_says_what_it_says_among_all() {
    let fair = Fair::open(4, 800);
    fair.gather_well();
    let at = written(now());
    let all = fair.told("all", &["--as-of", &at]);
    for name in ["sales", "spectators", "age-groups", "coupons", "status", "origin", "revenue"] {
        let own: Vec<&Value> = all.iter().filter(|report| report["report"] == name).collect();
        let alone = fair.told(name, &["--as-of", &at]);
        assert_eq!(alone.iter().collect::<Vec<_>>(), own, "{name}");
    }
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

/// Every step of everything that ships is run, three levels down, and its outcome told.
#[test]
fn fault_4_every_step_of_the_full_pipeline_runs() {
    let fair = Fair::open(4, 400);
    let full =
        ["run", "vivenu", "--pipeline-name", "full", "--set", "workbook=figures.xlsx", "--allow-private"];
    let (code, run) = fair.desk.call(&[&full[..], &["--format", "json"]].concat()).object();
    assert_eq!(code, 0, "{run:#}");
    let steps = run["steps"].as_array().expect("steps");
    let status = |name: &str| {
        let found = steps.iter().find(|step| step["name"] == name).unwrap_or_else(|| panic!("no {name}"));
        found["status"].as_str().unwrap_or_default().to_owned()
    };
    assert_eq!((status("workbook"), status("post")), ("completed".to_owned(), "skipped".to_owned()));
    for step in steps.iter().filter(|step| step["name"] != "post") {
        assert_eq!(step["status"], "completed", "{step:#}");
    }
    assert!(fair.desk.folder.path().join("figures.xlsx").is_file());
    assert!(fair.truths().iter().any(|truth| truth.check_ins > 0), "a race is under way");
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
        TicketingFaults { largest_page: Some(60), ..TicketingFaults::default() },
        TicketingFaults { total_off: 3, ..TicketingFaults::default() },
        TicketingFaults { failing: vec!["thailand".to_owned()], ..TicketingFaults::default() },
    ];
    for fault in faults {
        fair.sellers.set_faults(fault.clone());
        fair.sellers.mutate("south-korea", 10);
        let answer = fair.gather();
        let told = answer.code == 0 || answer.code == 3;
        assert!(told, "{fault:?}: {}{}", answer.stdout, answer.stderr);
        if fault.largest_page.is_some() {
            assert_eq!(answer.code, 0, "smaller pages are all it takes: {}{}", answer.stdout, answer.stderr);
        }
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

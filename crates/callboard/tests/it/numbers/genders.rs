//! Genders that are put right at the sources: one answer of a ticket and nothing else, whatever has happened
//! there meanwhile, and however often the run is stopped.

use sandbox::ticketing::{RegionTruth, TicketingFaults};

use super::Fair;
use crate::call::{Answer, until};

const FIX: &str = "\
name: fix
params: {apply: true}
steps:
  - {name: genders, function: gender_fix_ingestion, max_retries: 0, with: {apply: \"{{ params.apply }}\"}}
";

const RUN: [&str; 5] = ["run", "fix.yaml", "--allow-private", "--format", "json"];

fn well(answer: &Answer) {
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
}

/// Everything but the genders that are not as they should be.
fn others(truths: Vec<RegionTruth>) -> Vec<RegionTruth> {
    truths.into_iter().map(|truth| RegionTruth { genders: Vec::new(), ..truth }).collect()
}

fn open(fair: &Fair) -> usize {
    fair.truths().iter().map(|truth| truth.genders.len()).sum()
}

#[test]
fn fault_14_one_answer_is_corrected_at_the_source_and_all_else_stays() {
    let fair = Fair::open(3, 900);
    fair.desk.folder.write("fix.yaml", FIX);
    fair.gather_well();
    let asked = fair.sellers.requests();
    well(&fair.desk.call(&[&RUN[..], &["--set", "apply=false"]].concat()));
    assert_eq!(fair.sellers.requests(), asked, "nothing is sent unless that is asked for");

    // What is known is old by now: answers have changed, and are neither lost nor put back.
    for region in fair.sellers.regions() {
        fair.sellers.mutate(region, 60);
    }
    let (before, wrong) = (fair.truths(), open(&fair));
    well(&fair.desk.call(&RUN));
    assert_eq!(others(fair.truths()), others(before));
    let left = open(&fair);
    assert!(left < wrong, "{left} of {wrong} are left");

    // Now all is known: nothing is left, and once more there is nothing to do.
    fair.gather_well();
    well(&fair.desk.call(&RUN));
    assert_eq!(open(&fair), 0);
    fair.gather_well();
    let (code, run) = fair.desk.call(&RUN).object();
    assert_eq!((code, &run["steps"][0]["status"]), (0, &"completed".into()), "{run:#}");
    fair.agrees();
}

#[test]
fn fault_14_corrections_that_were_stopped_are_gone_on_with() {
    let fair = Fair::open(1, 900);
    fair.desk.folder.write("fix.yaml", FIX);
    fair.gather_well();
    let (before, wrong) = (fair.truths(), open(&fair) as u64);
    let latency = std::time::Duration::from_millis(30);
    fair.sellers.set_faults(TicketingFaults { latency, ..TicketingFaults::default() });
    let asked = fair.sellers.requests();
    let running = fair.desk.start(&RUN);
    until("some are corrected", || fair.sellers.requests() - asked > 12);
    running.signal("KILL");
    drop(running);
    fair.sellers.set_faults(TicketingFaults::default());
    let before_going_on = open(&fair) as u64;
    assert!(before_going_on > 0 && before_going_on < wrong, "{before_going_on} of {wrong}");
    let asked = fair.sellers.requests();
    well(&fair.desk.call(&["run", "--resume", "last", "--allow-private", "--format", "json"]));
    // Each that was left is read and written; those that were in hand are read once more.
    let again = fair.sellers.requests() - asked;
    assert!(again < 2 * before_going_on + 20, "{again} requests for {before_going_on} corrections");
    assert_eq!((open(&fair), others(fair.truths())), (0, others(before)));
    fair.gather_well();
    fair.agrees();
}

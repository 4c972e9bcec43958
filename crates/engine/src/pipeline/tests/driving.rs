//! Random pipelines, random outcomes: driving a plan by what it says ends, in the right order.

use std::collections::{BTreeMap, BTreeSet};

use store::Skip;

use super::*;

/// A small generator of its own: the same seed gives the same case on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}

/// A file of up to nine steps in an order that need not be that of their dependencies.
fn random_file(dice: &mut Dice) -> String {
    let count = 1 + dice.roll(9);
    let mut ranks: Vec<u64> = (0..count).collect();
    for at in (1..ranks.len()).rev() {
        ranks.swap(at, usize::try_from(dice.roll(at as u64 + 1)).unwrap());
    }
    let straight = dice.roll(2) == 0;
    let parallel = dice.roll(2) == 0;
    let stop = dice.roll(2) == 0;
    let mut file = format!("name: p\nparallel_execution: {parallel}\nstop_on_failure: {stop}\nsteps:\n");
    for no in 0..count {
        let rank = if straight { no } else { ranks[no as usize] };
        let lower =
            (0..count).filter(|other| (if straight { *other } else { ranks[*other as usize] }) < rank);
        let on: Vec<String> = lower.filter(|_| dice.roll(3) == 0).map(|other| format!("s{other}")).collect();
        let enabled = dice.roll(8) != 0;
        file += &format!(
            "  - {{name: s{no}, function: do, enabled: {enabled}, depends_on: [{}]}}\n",
            on.join(", ")
        );
    }
    file
}

/// What a runner keeps, here in memory.
struct Run<'a> {
    plan: &'a Plan,
    pending: BTreeMap<StepNo, usize>,
    running: BTreeSet<StepNo>,
    ended: BTreeMap<StepNo, StepStatus>,
    begun: Vec<StepNo>,
}

impl<'a> Run<'a> {
    fn new(plan: &'a Plan) -> Run<'a> {
        let pending = plan.roots.iter().map(|no| (*no, plan.pending(*no))).collect();
        Run { plan, pending, running: BTreeSet::new(), ended: BTreeMap::new(), begun: Vec::new() }
    }

    fn is_open(&self, no: StepNo) -> bool {
        !self.running.contains(&no) && !self.ended.contains_key(&no)
    }

    fn ready(&self) -> Vec<StepNo> {
        let ready = |(no, pending): (&StepNo, &usize)| (*pending == 0 && self.is_open(*no)).then_some(*no);
        self.pending.iter().filter_map(ready).collect()
    }

    fn begin(&mut self, no: StepNo) {
        let step = self.plan.step(no).unwrap();
        for need in &step.needs {
            assert!(
                self.ended.get(need).is_some_and(|status| status.satisfies()),
                "{no} before what it needs"
            );
        }
        if self.plan.mode == plan::Mode::Sequential {
            assert!(self.running.is_empty(), "{no} beside another step");
        }
        assert!(self.begun.iter().all(|begun| *begun != no));
        self.begun.push(no);
        self.running.insert(no);
    }

    fn end(&mut self, no: StepNo, status: StepStatus) {
        self.running.remove(&no);
        self.finish(no, status);
        let siblings = self.plan.on_end(no, status);
        let mut released = siblings.release;
        // As the store does it.
        for Skip { step, reason, release } in siblings.skip {
            assert!(reason.starts_with("depends on ") || reason.starts_with("not run: "), "{reason}");
            if self.is_open(step) {
                self.finish(step, StepStatus::Skipped);
                released.extend(release);
            }
        }
        for released in released.into_iter().filter(|no| !self.ended.contains_key(no)) {
            let pending = self.pending.get_mut(&released).unwrap();
            *pending = pending.checked_sub(1).expect("an edge is met once");
        }
    }

    fn finish(&mut self, no: StepNo, status: StepStatus) {
        assert_eq!(self.ended.insert(no, status), None, "{no} ends once");
    }
}

fn drive(plan: &Plan, dice: &mut Dice) -> BTreeMap<StepNo, StepStatus> {
    let mut run = Run::new(plan);
    loop {
        let ready = run.ready();
        let room = (plan.max_parallel_steps as usize).saturating_sub(run.running.len());
        if room > 0 && !ready.is_empty() && (run.running.is_empty() || dice.roll(2) == 0) {
            let no = ready[usize::try_from(dice.roll(ready.len() as u64)).unwrap()];
            match plan.step(no).unwrap().enabled {
                true => run.begin(no),
                false => run.end(no, StepStatus::Skipped),
            }
            continue;
        }
        let running: Vec<StepNo> = run.running.iter().copied().collect();
        if running.is_empty() {
            break;
        }
        let no = running[usize::try_from(dice.roll(running.len() as u64)).unwrap()];
        let status = [
            StepStatus::Completed,
            StepStatus::Completed,
            StepStatus::Partial,
            StepStatus::Failed,
            StepStatus::Skipped,
            StepStatus::Cancelled,
        ][usize::try_from(dice.roll(6)).unwrap()];
        run.end(no, status);
    }
    assert!(run.running.is_empty());
    for failed in run.ended.iter().filter(|(_, status)| !status.satisfies()).map(|(no, _)| *no) {
        for dependent in plan.dependents(failed) {
            assert_eq!(
                run.ended.get(&dependent),
                Some(&StepStatus::Skipped),
                "{dependent} depends on {failed}"
            );
            assert!(!run.begun.contains(&dependent));
        }
    }
    run.ended
}

#[test]
fn every_step_ends_once_and_in_order_whatever_happens() {
    for seed in 0..2_000 {
        let mut dice = Dice(seed);
        let file = random_file(&mut dice);
        let plan = loaded(&file).plan;
        let ended = drive(&plan, &mut dice);
        assert_eq!(ended.len(), plan.roots.len(), "seed {seed}: {ended:?}\n{file}");
    }
}

#[test]
fn a_part_of_a_plan_ends_as_well() {
    for seed in 0..1_000 {
        let mut dice = Dice(seed);
        let plan = loaded(&random_file(&mut dice)).plan;
        let name = format!("s{}", dice.roll(plan.roots.len() as u64));
        let only = plan.only(&name).unwrap();
        assert_eq!((only.roots.len(), only.pending(only.roots[0])), (1, 0), "seed {seed}");
        let from = plan.from(&name).unwrap();
        assert_eq!(drive(&from, &mut dice).len(), from.roots.len(), "seed {seed}");
        assert!(from.roots.iter().any(|no| plan.steps[no.index()].name == name));
    }
}

/// The replaced system judged dependencies before anything had run, so that in its parallel mode every
/// step two levels down was skipped.
#[test]
fn steps_two_levels_down_are_run() {
    let chain: String = (0..6)
        .map(|no| match no {
            0 => "  - {name: s0, function: do}\n".to_owned(),
            _ => format!("  - {{name: s{no}, function: do, depends_on: [s{}]}}\n", no - 1),
        })
        .collect();
    for parallel in [true, false] {
        let plan = loaded(&format!("name: p\nparallel_execution: {parallel}\nsteps:\n{chain}")).plan;
        let mut run = Run::new(&plan);
        for no in 0..6 {
            assert_eq!(run.ready(), [StepNo(no)]);
            run.begin(StepNo(no));
            run.end(StepNo(no), StepStatus::Completed);
        }
    }
}

fn after(file: &str, ended: &[(u32, StepStatus)]) -> Vec<String> {
    let plan = loaded(file).plan;
    let mut run = Run::new(&plan);
    let mut said = Vec::new();
    for (no, status) in ended {
        run.running.insert(StepNo(*no));
        let skip = plan.on_end(StepNo(*no), *status).skip;
        said.extend(skip.iter().filter(|s| run.is_open(s.step)).map(|s| format!("{}: {}", s.step, s.reason)));
        run.end(StepNo(*no), *status);
    }
    said
}

#[test]
fn skipped_steps_say_why() {
    let file = |stop: bool| {
        format!(
            "name: p\nstop_on_failure: {stop}\nsteps:\n  - {{name: a, function: do}}\n  \
             - {{name: b, function: do, depends_on: [a]}}\n  - {{name: c, function: do, depends_on: [b]}}\n  \
             - {{name: d, function: do}}\n"
        )
    };
    let failed = [(0, StepStatus::Failed)];
    assert_eq!(
        after(&file(true), &failed),
        ["1: depends on a, which failed", "2: not run: a failed", "3: not run: a failed"]
    );
    assert_eq!(
        after(&file(false), &failed),
        ["1: depends on a, which failed", "2: depends on b, which was skipped"]
    );
    assert_eq!(after(&file(false), &[(0, StepStatus::Partial)]), Vec::<String>::new());
    assert_eq!(
        after(&file(true), &[(0, StepStatus::Skipped)]),
        ["1: depends on a, which was skipped", "2: depends on b, which was skipped"]
    );
}

#[test]
fn a_step_whose_condition_asks_how_another_ended_is_not_kept_from_running_by_that() {
    for parallel in [true, false] {
        let file = format!(
            "name: p\nparallel_execution: {parallel}\nsteps:\n  - {{name: a, function: do}}\n  \
             - {{name: tell, function: do, depends_on: [a], condition: \"steps.a.status == 'failed'\"}}\n  \
             - {{name: load, function: do, depends_on: [a], condition: \"steps.a.output\"}}\n"
        );
        assert_eq!(after(&file, &[(0, StepStatus::Failed)]), ["2: depends on a, which failed"]);
        let plan = loaded(&file).plan;
        let mut run = Run::new(&plan);
        run.begin(StepNo(0));
        run.end(StepNo(0), StepStatus::Failed);
        assert_eq!(run.ready(), [StepNo(1)], "parallel: {parallel}");
    }
}

#[test]
fn selecting_says_what_there_is() {
    let plan = loaded(NESTED).plan;
    assert_eq!(plan.only("reprot").unwrap_err(), "there is no step `reprot`; did you mean `report`?");
    assert!(plan.from("per_date/load").unwrap_err().contains("runs for each element of `per_date`"));
    let from = plan.from("per_date").unwrap();
    assert_eq!(from.roots, [StepNo(1), StepNo(4)]);
    assert_eq!((from.pending(StepNo(1)), from.pending(StepNo(4)), from.nested(StepNo(1)).len()), (0, 1, 2));
}

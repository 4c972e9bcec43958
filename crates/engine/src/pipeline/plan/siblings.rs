//! What the end of one step means for those beside it.
//!
//! A dependency is met by completed and partial alone; an order edge by any end. A step whose
//! dependency can no longer be met is skipped and says why; so is, after a failure, every step that has
//! not begun, where the pipeline stops on failure.

use super::{Plan, PlanStep, StepNo, StepStatus};

/// What the end of a step means for those beside it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Siblings {
    /// Steps one of whose edges is now met, once for each such edge: take one from what is pending.
    pub release: Vec<StepNo>,
    /// Steps that will not run, and why. One that has begun or ended already stays as it is.
    pub skip: Vec<(StepNo, String)>,
}

impl Plan {
    /// How many edges `no` waits for: it is ready when so many were released. For a nested step they
    /// lead to the other steps of the same element.
    pub fn pending(&self, no: StepNo) -> usize {
        self.step(no).map_or(0, |step| step.needs.len() + step.after.len())
    }

    /// Steps that wait for `no`, by dependency or by order.
    pub fn released_by(&self, no: StepNo) -> Vec<StepNo> {
        self.beside(no).filter(|step| step.waits_for(no)).map(|step| step.no).collect()
    }

    /// Steps that depend on `no`, directly or through others, in file order.
    pub fn dependents(&self, no: StepNo) -> Vec<StepNo> {
        let mut found = vec![no];
        let mut next = 0;
        while let Some(on) = found.get(next).copied() {
            let more = self.beside(on).filter(|step| step.needs.contains(&on)).map(|step| step.no);
            let more: Vec<StepNo> = more.filter(|no| !found.contains(no)).collect();
            found.extend(more);
            next += 1;
        }
        let mut dependents = found.split_off(1);
        dependents.sort();
        dependents
    }

    /// What it means directly that `no` ended with `status`. A step that is skipped by it ends in turn:
    /// ask for that one too, or call [`Plan::settle`].
    pub fn on_end(&self, no: StepNo, status: StepStatus) -> Siblings {
        let mut siblings = Siblings::default();
        for step in self.beside(no).filter(|step| step.no != no) {
            let met = step.after.contains(&no) || (step.needs.contains(&no) && status.satisfies());
            match self.reason(no, status, step) {
                Some(why) => siblings.skip.push((step.no, why)),
                None if met => siblings.release.push(step.no),
                None => {}
            }
        }
        siblings
    }

    /// All that follows from the end of `no`: the steps that it keeps from running, those that these
    /// keep from running, and every edge that is met thereby. `is_open` tells whether a step has neither
    /// begun nor ended; only such a step can be skipped.
    pub fn settle(&self, no: StepNo, status: StepStatus, is_open: impl Fn(StepNo) -> bool) -> Siblings {
        let mut all = Siblings::default();
        let mut ended = vec![(no, status)];
        let mut next = 0;
        while let Some((no, status)) = ended.get(next).copied() {
            next += 1;
            let direct = self.on_end(no, status);
            for (skipped, why) in direct.skip {
                if is_open(skipped) && !ended.iter().any(|(no, _)| *no == skipped) {
                    ended.push((skipped, StepStatus::Skipped));
                    all.skip.push((skipped, why));
                }
            }
            all.release.extend(direct.release);
        }
        all.release.retain(|no| !ended.iter().any(|(ended, _)| ended == no));
        all
    }

    fn beside(&self, no: StepNo) -> impl Iterator<Item = &PlanStep> {
        self.siblings(no).iter().filter_map(|no| self.step(*no))
    }

    /// Why `step` cannot run once `ended` ended so.
    fn reason(&self, ended: StepNo, status: StepStatus, step: &PlanStep) -> Option<String> {
        let from = self.step(ended)?;
        if step.needs.contains(&ended) && !status.satisfies() {
            let how = match (status, from.enabled) {
                (StepStatus::Skipped, false) => "is not enabled".to_owned(),
                (StepStatus::Failed, _) => "failed".to_owned(),
                (other, _) => format!("was {other}"),
            };
            return Some(format!("depends on {}, which {how}", from.name));
        }
        let stops = self.stop_on_failure && status == StepStatus::Failed;
        stops.then(|| format!("not run: {} failed", from.name))
    }
}

impl PlanStep {
    fn waits_for(&self, no: StepNo) -> bool {
        self.needs.contains(&no) || self.after.contains(&no)
    }
}

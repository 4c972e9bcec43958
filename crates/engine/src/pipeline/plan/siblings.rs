//! What the end of one step means for those beside it.
//!
//! A dependency is met by completed and partial alone; an order edge by any end. A step whose
//! dependency can no longer be met is skipped and says why; so is, after a failure, every step that has
//! not begun, where the pipeline stops on failure.

use store::{Siblings, Skip};

use super::{Plan, PlanStep, StepNo, StepStatus};

/// What follows directly.
#[derive(Debug, Default)]
struct Direct {
    /// Steps one of whose edges is now met.
    release: Vec<StepNo>,
    /// Steps that will not run, and why.
    skip: Vec<(StepNo, String)>,
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

    /// All that follows from the end of `no`, directly or through others: the edges that are met, the
    /// steps that it keeps from running, and what each of these brings about in turn, which holds only
    /// where that step was still open: one that has begun or ended stays as it is.
    pub fn on_end(&self, no: StepNo, status: StepStatus) -> Siblings {
        let mut ended = vec![(no, status)];
        let mut all = Siblings::default();
        let mut next = 0;
        while let Some((no, status)) = ended.get(next).copied() {
            let direct = self.directly(no, status);
            for (step, reason) in direct.skip {
                if ended.iter().all(|(no, _)| *no != step) {
                    ended.push((step, StepStatus::Skipped));
                    all.skip.push(Skip { step, reason, release: Vec::new() });
                }
            }
            match next.checked_sub(1) {
                None => all.release = direct.release,
                Some(index) => all.skip[index].release = direct.release,
            }
            next += 1;
        }
        let runs = |step: &StepNo| ended.iter().all(|(no, _)| no != step);
        all.release.retain(runs);
        all.skip.iter_mut().for_each(|skip| skip.release.retain(runs));
        all
    }

    fn directly(&self, no: StepNo, status: StepStatus) -> Direct {
        let mut direct = Direct::default();
        for step in self.beside(no).filter(|step| step.no != no) {
            let needed = step.needs.contains(&no) && (status.satisfies() || step.judges.contains(&no));
            let met = step.after.contains(&no) || needed;
            match self.reason(no, status, step) {
                Some(why) => direct.skip.push((step.no, why)),
                None if met => direct.release.push(step.no),
                None => {}
            }
        }
        direct
    }

    fn beside(&self, no: StepNo) -> impl Iterator<Item = &PlanStep> {
        self.siblings(no).iter().filter_map(|no| self.step(*no))
    }

    /// Why `step` cannot run once `ended` ended so.
    fn reason(&self, ended: StepNo, status: StepStatus, step: &PlanStep) -> Option<String> {
        if step.judges.contains(&ended) {
            return None;
        }
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

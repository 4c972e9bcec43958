//! What the end of a step means for those beside it, as the store takes it.

use std::collections::BTreeSet;

use store::{Siblings, Skip, StepNo, StepStatus};

use crate::pipeline::Plan;

/// Everything that follows, directly or through others. The store applies what a skip brings about
/// only where the skipped step was still open.
pub(super) fn siblings(plan: &Plan, no: StepNo, status: StepStatus) -> Siblings {
    let mut skipped: BTreeSet<StepNo> = BTreeSet::from([no]);
    let mut open = vec![(no, status)];
    let mut all = Siblings::default();
    let mut skips: Vec<Skip> = Vec::new();
    let mut next = 0;
    while let Some((ended, status)) = open.get(next).copied() {
        let direct = plan.on_end(ended, status);
        for (step, reason) in direct.skip {
            if skipped.insert(step) {
                open.push((step, StepStatus::Skipped));
                skips.push(Skip { step, reason, release: Vec::new() });
            }
        }
        match next.checked_sub(1) {
            None => all.release = direct.release,
            Some(index) => skips[index].release = direct.release,
        }
        next += 1;
    }
    all.release.retain(|step| !skipped.contains(step));
    for skip in &mut skips {
        skip.release.retain(|step| !skipped.contains(step));
    }
    all.skip = skips;
    all
}

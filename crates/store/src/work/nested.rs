//! How nested steps stand: they run once for each element, so no single ack ends them. They have ended
//! when the top-level step around them has, and how follows from their items.

use super::{ItemCounts, StepNo, StepRow, StepStatus};

/// Gives each nested step its status, and the steps around them the time that those took.
pub(super) fn settle(steps: &mut [StepRow]) {
    // Those nested in a step come after it.
    for at in (0..steps.len()).rev() {
        let (parent, started) = (steps[at].parent, steps[at].started_at);
        if let Some(outer) = steps.iter_mut().find(|step| parent == Some(step.no)) {
            outer.started_at = outer.started_at.into_iter().chain(started).min();
        }
    }
    let ended: Vec<bool> = steps.iter().map(|step| top(steps, step).status.is_final()).collect();
    for (step, ended) in steps.iter_mut().zip(ended) {
        if step.parent.is_some() && ended && !step.status.is_final() {
            step.status = status(&step.items);
        }
    }
}

/// The top-level step around a step, or itself.
fn top<'a>(steps: &'a [StepRow], step: &'a StepRow) -> &'a StepRow {
    let find = |no: StepNo| steps.iter().find(|step| step.no == no);
    let mut top = step;
    // No deeper than there are steps.
    for _ in 0..steps.len() {
        match top.parent.and_then(find) {
            Some(parent) => top = parent,
            None => break,
        }
    }
    top
}

fn status(items: &ItemCounts) -> StepStatus {
    match (items.done > 0, items.failed + items.dead > 0) {
        (true, false) => StepStatus::Completed,
        (true, true) => StepStatus::Partial,
        (false, true) => StepStatus::Failed,
        (false, false) => StepStatus::Skipped,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(no: u32, parent: Option<u32>, status: StepStatus, done: u64, failed: u64) -> StepRow {
        StepRow {
            no: StepNo(no),
            path: no.to_string(),
            function: None,
            parent: parent.map(StepNo),
            status,
            reason: None,
            items: ItemCounts { total: done + failed, done, failed, ..ItemCounts::default() },
            attempts: done + failed,
            busy_ms: 0,
            started_at: None,
            ended_at: None,
        }
    }

    #[test]
    fn nested_steps_end_with_the_one_around_them() {
        use StepStatus::{Completed, Partial, Running, Skipped};
        let check = |outer, expected: [StepStatus; 4]| {
            let mut steps = [
                step(0, None, outer, 0, 0),
                step(1, Some(0), Running, 2, 0),
                step(2, Some(1), Running, 1, 1),
                step(3, Some(0), Running, 0, 0),
            ];
            settle(&mut steps);
            assert_eq!(steps.map(|step| step.status), expected);
        };
        check(Running, [Running; 4]);
        check(Partial, [Partial, Completed, Partial, Skipped]);
    }
}

//! Where there is no terminal: one line when a step begins and ends, and every so often how far it is.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use store::{RunDetail, RunState, StepNo, StepRow, StepStatus};

use super::pace::{Pace, ended};
use crate::figures::{count, counted, rate, span};

/// How far a step has come is told this often.
const EVERY: Duration = Duration::from_secs(10);

/// What was told already.
#[derive(Default)]
pub struct Milestones {
    steps: HashMap<StepNo, Told>,
    state: Option<RunState>,
}

struct Told {
    status: StepStatus,
    ended: u64,
    at: Instant,
}

impl Milestones {
    /// The lines for what has happened since the last call.
    pub fn passed(&mut self, run: &RunDetail, pace: &Pace) -> Vec<String> {
        let mut lines: Vec<String> = self.state_of(run).into_iter().collect();
        for step in &run.steps {
            lines.extend(self.step(step, pace));
        }
        lines
    }

    fn state_of(&mut self, run: &RunDetail) -> Option<String> {
        let before = self.state.replace(run.state);
        let note = run.note.as_ref().map_or(String::new(), |note| format!(" ({note})"));
        match (before, run.state) {
            (before, now) if before == Some(now) => None,
            (_, RunState::Paused) => {
                Some(format!("run {} is paused{note}; `callboard continue {0}` lets it go on", run.id))
            }
            (_, RunState::Cancelling) => Some(format!("run {} is being cancelled{note}", run.id)),
            (Some(RunState::Paused), RunState::Running) => Some(format!("run {} goes on", run.id)),
            _ => None,
        }
    }

    fn step(&mut self, step: &StepRow, pace: &Pace) -> Option<String> {
        let told = self.steps.entry(step.no).or_insert_with(|| Told {
            status: StepStatus::Pending,
            ended: 0,
            at: Instant::now(),
        });
        let now_ended = ended(&step.items);
        let line = match (told.status, step.status) {
            (before, now) if before != now && now.is_final() => Some(over(step)),
            (before, StepStatus::Running) if before != StepStatus::Running => {
                Some(format!("{}: began", step.path))
            }
            (_, StepStatus::Running) if told.at.elapsed() >= EVERY && now_ended > told.ended => {
                let mut line =
                    format!("{}: {} of {}", step.path, count(now_ended), counted(step.items.total, "item"));
                if let Some(per_second) = pace.rate(step.no) {
                    line += &format!(", {}", rate(per_second));
                }
                if let Some(left) = pace.left_ms(step.no, &step.items) {
                    line += &format!(", {} left", span(left));
                }
                Some(line)
            }
            _ => None,
        };
        if line.is_some() {
            *told = Told { status: step.status, ended: now_ended, at: Instant::now() };
        }
        line
    }
}

fn over(step: &StepRow) -> String {
    let reason = step.reason.as_ref().map_or(String::new(), |reason| format!(": {reason}"));
    if step.status == StepStatus::Skipped {
        return format!("{}: skipped{reason}", step.path);
    }
    let items = match step.items.total {
        0 => String::new(),
        total => format!(", {}", counted(total, "item")),
    };
    let bad = step.items.failed + step.items.dead;
    let bad = if bad > 0 { format!(", {} failed", count(bad)) } else { String::new() };
    format!("{}: {} in {}{items}{bad}{reason}", step.path, step.status, span(step.elapsed_ms()))
}

//! The tree of a run's steps: state, items, rate and time left, as many lines as there is room for.

use chrono::{DateTime, Utc};
use store::{RunDetail, RunState, StepRow, StepStatus};

use super::pace::{Pace, ended};
use crate::figures::{count, cut, rate, span};

/// Columns and lines that may be used.
#[derive(Clone, Copy)]
pub struct Room {
    width: usize,
    lines: usize,
    colour: bool,
}

/// The room on the terminal that stderr is.
pub fn room() -> Room {
    let size = terminal_size::terminal_size_of(std::io::stderr());
    let (width, lines) = size.map_or((80, 24), |(width, height)| (width.0, height.0));
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
        || std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    Room { width: usize::from(width.max(20)) - 1, lines: usize::from(lines.max(6)) - 2, colour: !plain }
}

/// The lines of the tree, joined.
pub fn drawn(run: &RunDetail, pace: &Pace, now: DateTime<Utc>, room: Room) -> String {
    let mut lines = vec![cut(&headline(run, now), room.width)];
    let names = run.steps.iter().map(|step| label(step).chars().count()).max().unwrap_or(0);
    let names = names.clamp(4, (room.width / 3).max(8));
    let steps = chosen(&run.steps, room.lines.saturating_sub(2));
    lines.extend(steps.iter().map(|step| line(step, pace, now, names, room)));
    let hidden = run.steps.len() - steps.len();
    if hidden > 0 {
        lines.push(format!("  … and {hidden} more steps"));
    }
    lines.join("\n")
}

/// All steps where they fit; else those that are under way or went wrong, then the others.
fn chosen(steps: &[StepRow], room: usize) -> Vec<&StepRow> {
    if steps.len() <= room {
        return steps.iter().collect();
    }
    let weight = |step: &StepRow| match step.status {
        StepStatus::Running => 0,
        StepStatus::Failed | StepStatus::Partial => 1,
        StepStatus::Pending => 2,
        _ => 3,
    };
    let mut chosen: Vec<&StepRow> = steps.iter().collect();
    chosen.sort_by_key(|step| (weight(step), step.no));
    chosen.truncate(room);
    chosen.sort_by_key(|step| step.no);
    chosen
}

fn headline(run: &RunDetail, now: DateTime<Utc>) -> String {
    let items = run.items();
    let elapsed = u64::try_from((now - run.started_at).num_milliseconds()).unwrap_or(0);
    let note = match (&run.note, run.state) {
        (Some(note), _) => format!("  ({note})"),
        (None, RunState::Paused) => format!("  (`callboard continue {}` lets it go on)", run.id),
        _ => String::new(),
    };
    let pipeline = run.pipeline.as_deref().unwrap_or("run");
    let (done, total) = (count(ended(&items)), count(items.total));
    format!("{pipeline}  {}  {}  {done}/{total} items{note}", run.state.name(), span(elapsed))
}

/// The step's name, as deep as it is nested.
fn label(step: &StepRow) -> String {
    let depth = step.path.matches('/').count();
    let name = step.path.rsplit('/').next().unwrap_or(&step.path);
    format!("{}{name}", "  ".repeat(depth + 1))
}

fn line(step: &StepRow, pace: &Pace, now: DateTime<Utc>, names: usize, room: Room) -> String {
    let head = format!("{:<names$}  ", cut(&label(step), names));
    let status = format!("{:<9}", step.status.name());
    let rest = cut(&figures(step, pace, now), room.width.saturating_sub(names + 13));
    match colour(step.status).filter(|_| room.colour) {
        Some(code) => format!("{head}\u{1b}[{code}m{status}\u{1b}[0m  {rest}"),
        None => format!("{head}{status}  {rest}"),
    }
}

fn colour(status: StepStatus) -> Option<&'static str> {
    match status {
        StepStatus::Running => Some("36"),
        StepStatus::Completed => Some("32"),
        StepStatus::Partial | StepStatus::Cancelled => Some("33"),
        StepStatus::Failed => Some("31"),
        StepStatus::Skipped | StepStatus::Pending => None,
    }
}

fn figures(step: &StepRow, pace: &Pace, now: DateTime<Utc>) -> String {
    if step.status == StepStatus::Pending {
        return String::new();
    }
    if let (StepStatus::Skipped, Some(reason)) = (step.status, &step.reason) {
        return reason.clone();
    }
    let mut parts = Vec::new();
    if step.items.total > 0 {
        parts.push(format!("{}/{}", count(ended(&step.items)), count(step.items.total)));
    }
    let bad = step.items.failed + step.items.dead;
    if bad > 0 {
        parts.push(format!("{} failed", count(bad)));
    }
    match step.status {
        StepStatus::Running => {
            parts.extend(pace.rate(step.no).map(rate));
            parts.extend(pace.left_ms(step.no, &step.items).map(|left| format!("{} left", span(left))));
            let since = step.started_at.map(|at| (now - at).num_milliseconds());
            parts.extend(since.and_then(|ms| u64::try_from(ms).ok()).map(span));
        }
        _ => parts.push(span(step.elapsed_ms())),
    }
    parts.extend(step.reason.clone());
    parts.join("  ")
}

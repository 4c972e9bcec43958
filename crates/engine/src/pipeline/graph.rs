//! Drawings of a plan: for a terminal, as Mermaid, as SVG. What a step depends on is a full line, what
//! it only comes after a broken one.

mod layers;
mod mermaid;
mod paint;
mod place;
mod text;

pub use mermaid::mermaid;
pub use paint::svg;
pub use text::text;

use std::collections::HashMap;

use super::plan::{Each, Inner, Plan, PlanStep, StepNo, StepSet, Work};

/// An edge between two steps of one list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Edge {
    from: StepNo,
    to: StepNo,
    /// False: `to` only comes after `from`.
    depends: bool,
}

/// The edges among these steps; order edges that others imply are left out.
fn edges(plan: &Plan, list: &[StepNo]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for step in list.iter().filter_map(|no| plan.step(*no)) {
        let edge = |depends| move |from: &StepNo| Edge { from: *from, to: step.no, depends };
        edges.extend(step.needs.iter().map(edge(true)));
        edges.extend(step.after.iter().map(edge(false)));
    }
    let reached = reached(list, &edges);
    // Another edge that leads on to the same step says it already.
    let mut leading: HashMap<StepNo, Vec<StepNo>> = HashMap::new();
    edges.iter().for_each(|edge| leading.entry(edge.from).or_default().push(edge.to));
    let implied = |edge: &Edge| {
        let others = leading[&edge.from].iter().filter(|other| **other != edge.to);
        !edge.depends && others.into_iter().any(|other| reached[other].contains(edge.to))
    };
    edges.iter().copied().filter(|edge| !implied(edge)).collect()
}

/// For each step all that come after it.
fn reached(list: &[StepNo], edges: &[Edge]) -> HashMap<StepNo, StepSet> {
    let levels = layers::levels(list, edges);
    let mut by_level: Vec<&Edge> = edges.iter().collect();
    by_level.sort_by_key(|edge| std::cmp::Reverse(levels[&edge.from]));
    let mut reached: HashMap<StepNo, StepSet> = list.iter().map(|no| (*no, StepSet::default())).collect();
    for edge in by_level {
        let further = reached[&edge.to].clone();
        let own = reached.entry(edge.from).or_default();
        own.join(&further);
        own.insert(edge.to);
    }
    reached
}

/// The step's function, where the name does not say it already.
fn function_line(step: &PlanStep) -> Option<&str> {
    step.function().filter(|function| *function != step.name)
}

/// What it goes over: `for each of steps.dates.output, 5 at once`.
fn each_line(step: &PlanStep) -> Option<String> {
    let Work::Each(Each { over, max_concurrency, tolerance, .. }) = &step.work else { return None };
    let mut line = format!("for each of {}, {max_concurrency} at once", over.shown());
    match (tolerance.percentage, tolerance.count) {
        (Some(percent), None) => line += &format!(", {percent} % may fail"),
        (None, Some(count)) => line += &format!(", {count} may fail"),
        (Some(percent), Some(count)) => line += &format!(", {percent} % or {count} may fail"),
        (None, None) => {}
    }
    Some(line)
}

/// When it takes place, if not always.
fn condition_line(step: &PlanStep) -> Option<String> {
    if !step.enabled {
        return Some("not enabled".to_owned());
    }
    step.condition.as_ref().map(|condition| format!("if {}", condition.source()))
}

/// `6 steps, 3 at once`, for a heading.
fn heading(plan: &Plan) -> String {
    let count = plan.steps.len();
    let steps = if count == 1 { "1 step".to_owned() } else { format!("{count} steps") };
    let order = match plan.mode {
        super::plan::Mode::Sequential => "one after the other".to_owned(),
        super::plan::Mode::Parallel => format!("{} at once", plan.max_parallel_steps),
    };
    let stops = if plan.stop_on_failure { "stops on failure" } else { "goes on after a failure" };
    format!("{steps}, {order}, {stops}")
}

fn nested(step: &PlanStep) -> &[StepNo] {
    match &step.work {
        Work::Each(Each { inner: Inner::Steps(steps), .. }) => steps,
        _ => &[],
    }
}

/// At most `most` signs, the last an ellipsis where some are left out.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    kept + "…"
}

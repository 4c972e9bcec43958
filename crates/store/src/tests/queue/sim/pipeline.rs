//! The pipelines that are simulated: a few steps that depend on each other, of all the shapes there are.

use super::random::Random;
use crate::tests::queue::kit::item;
use crate::{NewItem, NewStep, StepNo, WaitsFor};

/// What a step does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shape {
    /// Something itself.
    Plain,
    /// Something for each of so many elements.
    Fan(i64),
    /// Requests that lead to others, so many in all.
    Crawl(i64),
    /// Two nested steps for each of so many elements.
    Nested(i64),
}

#[derive(Debug, Clone)]
pub struct Step {
    pub shape: Shape,
    pub after: Vec<u32>,
    pub cap: u32,
}

#[derive(Debug, Clone)]
pub struct Pipeline {
    pub steps: Vec<Step>,
    pub cap: u32,
}

/// Largest cap that anything is given.
pub const MOST_CAP: usize = 6;

impl Pipeline {
    pub fn random(random: &mut Random) -> Pipeline {
        let count = 1 + random.below(4);
        let steps = (0..count as u32).map(|no| Step {
            shape: shape(random),
            after: (0..no).filter(|_| random.once_in(2)).collect(),
            cap: 1 + random.below(MOST_CAP) as u32,
        });
        let steps = steps.collect();
        Pipeline { steps, cap: 1 + random.below(MOST_CAP) as u32 }
    }

    pub fn items(&self) -> Vec<NewItem> {
        let new = |(no, step): (usize, &Step)| NewItem {
            pending: step.after.len() as u32,
            counted: step.shape == Shape::Plain,
            ..item(no as u32, 0)
        };
        self.steps.iter().enumerate().map(new).collect()
    }

    pub fn new_steps(&self) -> Vec<NewStep> {
        let mut steps = Vec::new();
        for (no, step) in (0..).zip(&self.steps) {
            let new = |no: u32, parent: Option<u32>| NewStep {
                no: StepNo(no),
                path: format!("step{no}"),
                function: None,
                parent: parent.map(StepNo),
            };
            steps.push(new(no, None));
            if let Shape::Nested(_) = step.shape {
                steps.extend(nested(no).map(|nested| new(nested, Some(no))));
            }
        }
        steps
    }

    pub fn waits_for(&self) -> WaitsFor {
        let mut waits = WaitsFor::new();
        for (no, step) in (0..).zip(&self.steps) {
            waits.insert(StepNo(no), step.after.iter().copied().map(StepNo).collect());
            let [first, second] = nested(no);
            waits.insert(StepNo(second), vec![StepNo(first)]);
        }
        waits
    }

    /// Steps that wait for `step` itself.
    pub fn next(&self, step: u32) -> Vec<u32> {
        (0..self.steps.len() as u32).filter(|no| self.steps[*no as usize].after.contains(&step)).collect()
    }

    /// Steps that wait for `step`, and those that wait for them.
    pub fn all_after(&self, step: u32) -> Vec<u32> {
        let mut found = vec![step];
        for (no, other) in (0..).zip(&self.steps) {
            if other.after.iter().any(|after| found.contains(after)) {
                found.push(no);
            }
        }
        found.split_off(1)
    }

    /// Items that count, in the end.
    pub fn total(&self) -> u64 {
        let of = |step: &Step| match step.shape {
            Shape::Plain => 1,
            Shape::Fan(count) | Shape::Crawl(count) => count as u64,
            Shape::Nested(count) => 3 * count as u64,
        };
        self.steps.iter().map(of).sum()
    }

    /// Pieces of work that have an effect of their own.
    pub fn effects(&self) -> u64 {
        let of = |step: &Step| match step.shape {
            Shape::Plain => 1,
            Shape::Fan(count) | Shape::Crawl(count) => count as u64,
            Shape::Nested(count) => 2 * count as u64,
        };
        self.steps.iter().map(of).sum()
    }
}

/// The two steps nested in a step.
pub fn nested(step: u32) -> [u32; 2] {
    [100 + 2 * step, 101 + 2 * step]
}

fn shape(random: &mut Random) -> Shape {
    let count = random.below(9) as i64;
    match random.below(4) {
        0 => Shape::Plain,
        1 => Shape::Fan(count),
        2 => Shape::Crawl(1 + count),
        _ => Shape::Nested(count / 2),
    }
}

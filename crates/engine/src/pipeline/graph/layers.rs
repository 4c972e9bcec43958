//! Which steps of a list stand on one level: each one below all that it waits for.

use std::collections::HashMap;

use super::Edge;
use crate::pipeline::plan::StepNo;

/// The level of each step, from 0.
pub(super) fn levels(list: &[StepNo], edges: &[Edge]) -> HashMap<StepNo, usize> {
    let mut level: HashMap<StepNo, usize> = list.iter().map(|no| (*no, 0)).collect();
    let mut waits: HashMap<StepNo, usize> = HashMap::new();
    let mut leading: HashMap<StepNo, Vec<StepNo>> = HashMap::new();
    for edge in edges {
        *waits.entry(edge.to).or_default() += 1;
        leading.entry(edge.from).or_default().push(edge.to);
    }
    let mut ready: Vec<StepNo> = list.iter().copied().filter(|no| !waits.contains_key(no)).collect();
    while let Some(no) = ready.pop() {
        let below = level[&no] + 1;
        for to in leading.remove(&no).unwrap_or_default() {
            let own = level.entry(to).or_default();
            *own = below.max(*own);
            let left = waits.entry(to).or_default();
            *left -= 1;
            if *left == 0 {
                ready.push(to);
            }
        }
    }
    level
}

/// The steps by level, each level in file order.
pub(super) fn layers(list: &[StepNo], level: &HashMap<StepNo, usize>) -> Vec<Vec<StepNo>> {
    let depth = level.values().max().map_or(0, |deepest| deepest + 1);
    let mut layers = vec![Vec::new(); depth];
    for no in list {
        layers[level[no]].push(*no);
    }
    layers
}

//! Which steps of a list stand on one level: each one below all that it waits for.

use std::collections::HashMap;

use super::Edge;
use crate::pipeline::plan::StepNo;

/// The steps by level, each level in file order.
pub(super) fn layers(list: &[StepNo], edges: &[Edge]) -> Vec<Vec<StepNo>> {
    let mut level: HashMap<StepNo, usize> = list.iter().map(|no| (*no, 0)).collect();
    // Edges do not form cycles, so the longest way has fewer steps than there are.
    for _ in 0..list.len() {
        let mut moved = false;
        for edge in edges {
            let below = level.get(&edge.from).map_or(0, |level| level + 1);
            if let Some(own) = level.get_mut(&edge.to).filter(|own| **own < below) {
                *own = below;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    let depth = level.values().max().map_or(0, |deepest| deepest + 1);
    let mut layers = vec![Vec::new(); depth];
    for no in list {
        layers[level[no]].push(*no);
    }
    layers
}

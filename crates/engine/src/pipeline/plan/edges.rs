//! The edges between the steps of one list: what each depends on, and in a sequential pipeline what it
//! comes after.

use super::StepNo;

/// How the steps of a pipeline follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// One after the other, in file order.
    Sequential,
    /// By their dependencies alone.
    Parallel,
}

/// What the order of one list of steps is made from.
#[derive(Debug, Clone)]
pub struct Node {
    /// Its number.
    pub no: StepNo,
    /// What it depends on.
    pub needs: Vec<StepNo>,
    /// Whether it may run at all.
    pub enabled: bool,
}

/// For each step of a list, in file order, the steps that it must come after without depending on them.
///
/// The step before is enough where that one ends in its turn. One that can be skipped early (because
/// something it depends on failed, or it is not enabled) does not vouch for those before it, so the
/// chain goes on behind it; otherwise a step could begin while an earlier one is still under way.
pub fn order(mode: Mode, nodes: &[Node]) -> Vec<Vec<StepNo>> {
    if mode == Mode::Parallel {
        return vec![Vec::new(); nodes.len()];
    }
    (0..nodes.len()).map(|index| after(nodes, index)).collect()
}

fn after(nodes: &[Node], index: usize) -> Vec<StepNo> {
    let mut edges = Vec::new();
    let mut implied = false;
    for at in (0..index).rev() {
        let node = &nodes[at];
        if !implied && !nodes[index].needs.contains(&node.no) {
            edges.push(node.no);
        }
        if node.enabled && node.needs.is_empty() {
            break;
        }
        // Skipped early only once the one before it has ended, when that is all it depends on.
        let before = at.checked_sub(1).map(|before| nodes[before].no);
        implied = node.enabled && before.is_some_and(|before| node.needs == [before]);
    }
    edges.reverse();
    edges
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(nodes: &[(&[u32], bool)]) -> Vec<Vec<u32>> {
        let node = |(no, (needs, enabled)): (usize, &(&[u32], bool))| Node {
            no: StepNo(no as u32),
            needs: needs.iter().map(|no| StepNo(*no)).collect(),
            enabled: *enabled,
        };
        let nodes: Vec<Node> = nodes.iter().enumerate().map(node).collect();
        order(Mode::Sequential, &nodes)
            .into_iter()
            .map(|row| row.into_iter().map(|no| no.0).collect())
            .collect()
    }

    #[test]
    fn a_step_comes_after_the_one_before_it() {
        let none: &[u32] = &[];
        assert_eq!(edges(&[(none, true), (none, true), (none, true)]), [vec![], vec![0], vec![1]]);
        assert_eq!(edges(&[(none, true), (&[0], true), (&[1], true)]), [vec![], vec![], Vec::<u32>::new()]);
        assert_eq!(edges(&[(none, true), (&[0], true), (none, true)]), [vec![], vec![], vec![1]]);
    }

    #[test]
    fn a_step_that_may_be_skipped_early_does_not_vouch_for_those_before() {
        let none: &[u32] = &[];
        // 2 is skipped when 0 fails, while 1 has yet to run; so 3 waits for both.
        assert_eq!(edges(&[(none, true), (none, true), (&[0], true), (none, true)])[3], [1, 2]);
        assert_eq!(edges(&[(none, true), (none, false), (none, true)])[2], [0, 1]);
    }
}

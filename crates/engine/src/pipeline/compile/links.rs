//! The edges between steps as the file draws them: dependencies that exist, no cycles, and the order
//! that follows.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::pipeline::plan::{Mode, Node, StepNo, StepSet, order};

use super::layout::{Layout, Place};
use super::{Compiler, mode, nearest_or_all};

/// The edges of all steps, by number.
pub(super) struct Links {
    pub needs: Vec<Vec<StepNo>>,
    pub after: Vec<Vec<StepNo>>,
    /// For each step, those beside it that have surely ended when it begins.
    pub ended: Vec<StepSet>,
}

impl<'a> Compiler<'a> {
    pub(super) fn links(&mut self, layout: &Layout<'a>) -> Links {
        let needs: Vec<Vec<StepNo>> = layout.steps.iter().map(|place| self.needs(layout, place)).collect();
        let count = layout.steps.len();
        let mut links =
            Links { needs, after: vec![Vec::new(); count], ended: vec![StepSet::default(); count] };
        for list in layout.lists() {
            self.cycles(layout, &links, list);
            let sequence = sequence(list, &links.needs);
            self.arrange(layout, &mut links, &sequence);
        }
        links
    }

    /// What a step depends on, unknown names reported.
    fn needs(&mut self, layout: &Layout<'a>, place: &Place<'a>) -> Vec<StepNo> {
        let mut needs = Vec::new();
        let beside = layout.beside(place.no);
        self.path = place.at.clone();
        for (index, name) in place.spec.depends_on.iter().enumerate() {
            let named = beside.iter().copied().find(|no| layout.name(*no) == name);
            self.inside("depends_on", |c| c.at_index(index, |c| c.need(layout, place, name, named)));
            if let Some(no) = named.filter(|no| *no != place.no && !needs.contains(no)) {
                needs.push(no);
            }
        }
        self.path.clear();
        needs
    }

    fn need(&mut self, layout: &Layout<'a>, place: &Place<'a>, name: &str, named: Option<StepNo>) {
        if named == Some(place.no) {
            self.fault(format!("`{name}` depends on itself"));
        }
        if named.is_some() {
            return;
        }
        let elsewhere = layout.steps.iter().find(|other| other.spec.name == name);
        let help = match elsewhere {
            Some(other) => {
                format!("`{}` is at another level; a step can depend on those beside it", other.path)
            }
            None => {
                let beside = layout.beside(place.no).iter().filter(|no| **no != place.no);
                nearest_or_all(name, beside.map(|no| layout.name(*no)), "there is no other step beside it")
            }
        };
        self.fault(format!("`{}` depends on `{name}`, and there is no such step", place.spec.name)).help =
            Some(help);
    }

    /// Reports every cycle among the steps of one list, with its whole path.
    fn cycles(&mut self, layout: &Layout<'a>, links: &Links, list: &[StepNo]) {
        let mut search =
            Search { needs: &links.needs, done: HashSet::new(), way: Vec::new(), cycles: Vec::new() };
        list.iter().for_each(|no| search.visit(*no));
        for cycle in search.cycles {
            let names: Vec<&str> = cycle.iter().chain(cycle.first()).map(|no| layout.name(*no)).collect();
            let Some(first) = cycle.first() else { continue };
            self.path = layout.get(*first).at.clone();
            self.inside("depends_on", |c| {
                c.fault(format!("these steps wait for each other: {}", names.join(" -> "))).help =
                    Some("`a -> b` reads: a depends on b".to_owned());
            });
            self.path.clear();
        }
    }

    /// The order edges of one list, and who has ended before whom.
    fn arrange(&mut self, layout: &Layout<'a>, links: &mut Links, sequence: &[StepNo]) {
        let node = |no: &StepNo| Node {
            no: *no,
            needs: links.needs[no.index()].clone(),
            enabled: layout.get(*no).spec.enabled,
        };
        let nodes: Vec<Node> = sequence.iter().map(node).collect();
        let mode = mode(self.pipeline);
        let after = order(mode, &nodes);
        for (position, (no, after)) in sequence.iter().zip(after).enumerate() {
            let mut ended = StepSet::default();
            match mode {
                Mode::Sequential => sequence[..position].iter().for_each(|earlier| ended.insert(*earlier)),
                Mode::Parallel => {
                    for need in &links.needs[no.index()] {
                        ended.insert(*need);
                        ended.join(&links.ended[need.index()]);
                    }
                }
            }
            links.ended[no.index()] = ended;
            links.after[no.index()] = after;
        }
    }
}

/// The steps of a list in file order, save that each comes after what it depends on.
fn sequence(list: &[StepNo], needs: &[Vec<StepNo>]) -> Vec<StepNo> {
    let mut waits: HashMap<StepNo, usize> = list.iter().map(|no| (*no, needs[no.index()].len())).collect();
    let mut leading: HashMap<StepNo, Vec<StepNo>> = HashMap::new();
    for no in list {
        needs[no.index()].iter().for_each(|need| leading.entry(*need).or_default().push(*no));
    }
    let mut ready: BTreeSet<StepNo> = list.iter().copied().filter(|no| waits[no] == 0).collect();
    let mut sequence = Vec::with_capacity(list.len());
    while let Some(no) = ready.pop_first() {
        sequence.push(no);
        for next in leading.remove(&no).unwrap_or_default() {
            let left = waits.entry(next).or_default();
            *left -= 1;
            if *left == 0 {
                ready.insert(next);
            }
        }
    }
    // In a cycle nothing is ever ready; it was reported, and file order is as good as any.
    let placed: HashSet<StepNo> = sequence.iter().copied().collect();
    sequence.extend(list.iter().copied().filter(|no| !placed.contains(no)));
    sequence
}

/// A search for cycles, depth first.
struct Search<'a> {
    needs: &'a [Vec<StepNo>],
    done: HashSet<StepNo>,
    way: Vec<StepNo>,
    cycles: Vec<Vec<StepNo>>,
}

impl Search<'_> {
    fn visit(&mut self, no: StepNo) {
        if let Some(begin) = self.way.iter().position(|on_way| *on_way == no) {
            return self.cycles.push(self.way[begin..].to_vec());
        }
        if !self.done.insert(no) {
            return;
        }
        self.way.push(no);
        self.needs[no.index()].iter().for_each(|need| self.visit(*need));
        self.way.pop();
    }
}

//! A plan as a tree for terminals, 80 columns wide. A step stands under the latest of those it waits
//! for; only where the way forks does the tree go in, so a long chain stays at the margin.

use std::collections::HashMap;

use super::layers::levels;
use super::{Edge, condition_line, each_line, edges, function_line, heading, nested, shortened};
use crate::pipeline::plan::{Plan, PlanStep, StepNo};

const WIDTH: usize = 80;

/// The plan as text.
pub fn text(plan: &Plan) -> String {
    let mut drawing =
        Drawing { plan, lines: vec![format!("{}: {}", plan.name, heading(plan)), String::new()] };
    drawing.list(&plan.roots, "");
    let has = |sign: char| drawing.lines.iter().any(|line| line.contains(sign));
    let (depends, order) = (has('▼'), has('▽'));
    let legend = match (depends, order) {
        (true, true) => "▼ depends on the step above   ▽ only comes after it",
        (true, false) => "▼ depends on the step above",
        (false, true) => "▽ comes after the step above, however that ended",
        (false, false) => "",
    };
    if !legend.is_empty() {
        drawing.lines.extend([String::new(), legend.to_owned()]);
    }
    drawing.lines.join("\n") + "\n"
}

struct Drawing<'a> {
    plan: &'a Plan,
    lines: Vec<String>,
}

/// One list of steps as a tree.
struct Tree {
    edges: Vec<Edge>,
    /// The edge by which a step hangs in the tree.
    parents: HashMap<StepNo, Edge>,
    /// The edges to the steps that hang under one, in file order.
    children: HashMap<StepNo, Vec<Edge>>,
}

impl Tree {
    fn of(plan: &Plan, list: &[StepNo]) -> Tree {
        let edges = edges(plan, list);
        let levels = levels(list, &edges);
        let rank = |edge: &Edge| (levels[&edge.from], edge.depends, edge.from);
        let mut parents: HashMap<StepNo, Edge> = HashMap::new();
        for edge in &edges {
            let kept = parents.entry(edge.to).or_insert(*edge);
            if rank(edge) > rank(kept) {
                *kept = *edge;
            }
        }
        let mut children: HashMap<StepNo, Vec<Edge>> = HashMap::new();
        for edge in list.iter().filter_map(|no| parents.get(no)) {
            children.entry(edge.from).or_default().push(*edge);
        }
        Tree { edges, parents, children }
    }

    fn children(&self, no: StepNo) -> &[Edge] {
        self.children.get(&no).map_or(&[], Vec::as_slice)
    }

    fn is_root(&self, no: StepNo) -> bool {
        !self.parents.contains_key(&no)
    }
}

impl Drawing<'_> {
    fn list(&mut self, list: &[StepNo], margin: &str) {
        let tree = Tree::of(self.plan, list);
        for root in list.iter().copied().filter(|no| tree.is_root(*no)) {
            self.step(&tree, root, &format!("{margin}● "), margin);
        }
    }

    /// One step, what is inside it, and what follows it.
    fn step(&mut self, tree: &Tree, mut no: StepNo, first: &str, margin: &str) {
        let mut first = first.to_owned();
        while let Some(step) = self.plan.step(no) {
            self.lines.push(self.line(tree, step, &first));
            let children = tree.children(no);
            let rail = if children.is_empty() { " " } else { "│" };
            self.list(nested(step), &format!("{margin}{rail}  ┊ "));
            let [only] = children else { return self.fork(tree, children, margin) };
            first = format!("{margin}{} ", sign(only));
            no = only.to;
        }
    }

    fn fork(&mut self, tree: &Tree, children: &[Edge], margin: &str) {
        for (index, edge) in children.iter().enumerate() {
            let last = index + 1 == children.len();
            let (branch, rail) = if last { ("└─", "    ") } else { ("├─", "│   ") };
            let first = format!("{margin}{branch}{} ", sign(edge));
            self.step(tree, edge.to, &first, &format!("{margin}{rail}"));
        }
    }

    /// What else a step waits for than the one it stands under.
    fn also(&self, tree: &Tree, no: StepNo, depends: bool) -> Option<String> {
        let kept = |edge: &&Edge| tree.parents.get(&edge.to) == Some(*edge);
        let others = tree.edges.iter().filter(|edge| edge.to == no && edge.depends == depends && !kept(edge));
        let names: Vec<&str> =
            others.filter_map(|edge| self.plan.step(edge.from)).map(|step| step.name.as_str()).collect();
        (!names.is_empty()).then(|| names.join(", "))
    }

    fn line(&self, tree: &Tree, step: &PlanStep, first: &str) -> String {
        let also = self.also(tree, step.no, true).map(|names| format!("also needs {names}"));
        let later = self.also(tree, step.no, false).map(|names| format!("also after {names}"));
        let function = function_line(step).map(str::to_owned);
        let about: Vec<String> =
            [function, each_line(step), condition_line(step), also, later].into_iter().flatten().collect();
        let name = format!("{first}{}", step.name);
        let left = WIDTH.saturating_sub(name.chars().count() + 3);
        match about.is_empty() || left < 8 {
            true => name,
            false => format!("{name}   {}", shortened(&about.join("; "), left)),
        }
    }
}

fn sign(edge: &Edge) -> char {
    if edge.depends { '▼' } else { '▽' }
}

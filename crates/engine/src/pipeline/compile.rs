//! From what is written to what is done. Goes on after a fault, so that one check shows them all.

mod calls;
mod expressions;
mod head;
mod layout;
mod links;
mod steps;

use connect::expression::Fault;
use connect::yaml::{self, Node, Step as Inside, Tree};
use model::{Finding, Severity};

use super::MOST_FINDINGS;
use super::check::Rules;
use super::plan::{Mode, Plan};
use super::spec::Pipeline;
use layout::Layout;

/// Compiles `pipeline`, or at least reports everything that is wrong with it.
pub(super) fn compile(
    file: &str,
    source: &str,
    tree: &Node,
    pipeline: &Pipeline,
    rules: &Rules,
) -> (Option<Plan>, Vec<Finding>) {
    let mut compiler = Compiler {
        file,
        source,
        tree,
        pipeline,
        rules,
        findings: Vec::new(),
        path: Vec::new(),
        env: Vec::new(),
    };
    let plan = compiler.plan();
    let failed = compiler.findings.iter().any(|finding| finding.severity == Severity::Error);
    (plan.filter(|_| !failed), compiler.findings)
}

struct Compiler<'a> {
    file: &'a str,
    source: &'a str,
    tree: &'a Node,
    pipeline: &'a Pipeline,
    rules: &'a Rules,
    findings: Vec<Finding>,
    /// Where in the file we are.
    path: Vec<Inside>,
    /// The environment variables named so far.
    env: Vec<String>,
}

impl<'a> Compiler<'a> {
    fn plan(&mut self) -> Option<Plan> {
        self.head();
        let layout = Layout::of(self.pipeline);
        if !self.fits(&layout) {
            return None;
        }
        self.names(&layout);
        let links = self.links(&layout);
        let steps = layout.steps.iter().map(|place| self.step(&layout, &links, place)).collect();
        let pipeline = self.pipeline;
        let mode = mode(pipeline);
        Some(Plan {
            name: pipeline.name.clone(),
            steps,
            roots: layout.top.clone(),
            mode,
            max_parallel_steps: if mode == Mode::Parallel { pipeline.max_parallel_steps } else { 1 },
            stop_on_failure: pipeline.stop_on_failure,
            env: std::mem::take(&mut self.env),
            secrets: pipeline
                .declared()
                .filter(|(_, param)| param.secret)
                .map(|(name, _)| name.to_owned())
                .collect(),
        })
    }

    /// Runs `f` one step further inside the file.
    fn inside<T>(&mut self, name: &str, f: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(Inside::Key(name.to_owned()));
        let result = f(self);
        self.path.pop();
        result
    }

    fn at_index<T>(&mut self, index: usize, f: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(Inside::Index(index));
        let result = f(self);
        self.path.pop();
        result
    }

    /// Reports a fault of the value at the current path.
    fn fault(&mut self, message: impl Into<String>) -> &mut Finding {
        let place = self.tree.at(&self.path).place;
        self.push(Finding::error(self.file, message), place)
    }

    /// Reports a fault of the name at the current path.
    fn name_fault(&mut self, message: impl Into<String>) -> &mut Finding {
        let place = self.tree.name_place(&self.path);
        self.push(Finding::error(self.file, message), place)
    }

    /// Whether the file says nothing at the current path: its shape was found wrong already.
    fn is_absent(&self) -> bool {
        let Some((Inside::Key(name), around)) = self.path.split_last() else { return false };
        let Tree::Map(pairs) = &self.tree.at(around).tree else { return true };
        !pairs.iter().any(|(key, _)| key.name == *name)
    }

    fn warning(&mut self, message: impl Into<String>) -> &mut Finding {
        let place = self.tree.at(&self.path).place;
        self.push(Finding::warning(self.file, message), place)
    }

    /// Reports a fault inside the text at the current path.
    fn text_fault(&mut self, text: &str, fault: Fault) {
        if self.findings.len() > MOST_FINDINGS {
            // Nobody reads so many, and each place costs a look through the file.
            return;
        }
        let place = yaml::place_within(self.source, self.tree.at(&self.path).place, text, fault.at);
        self.push(Finding::error(self.file, fault.message), place).help = fault.help;
    }

    fn push(&mut self, finding: Finding, place: yaml::Place) -> &mut Finding {
        // What stands in no file has no place.
        self.findings.push(Finding { place: (place.0 > 0).then_some(place), ..finding });
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }
}

fn mode(pipeline: &Pipeline) -> Mode {
    if pipeline.parallel_execution { Mode::Parallel } else { Mode::Sequential }
}

/// `a, b, c` with a limit, for help.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.take(20).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The nearest name, or all of them.
fn nearest_or_all<'a>(name: &str, names: impl Iterator<Item = &'a str> + Clone, none: &str) -> String {
    match model::nearest(name, names.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.clone().next().is_none() => none.to_owned(),
        None => format!("there are {}", listed(names)),
    }
}

//! The steps of a file in one row: numbered in file order, each with where it stands.

use connect::yaml::Step as Inside;

use crate::pipeline::plan::StepNo;
use crate::pipeline::spec::{Pipeline, Step};
use crate::pipeline::{DEEPEST_NESTING, MOST_STEPS};

use super::Compiler;

/// A step and where it stands.
pub(super) struct Place<'a> {
    pub no: StepNo,
    pub parent: Option<StepNo>,
    /// Names from the outermost step to this one.
    pub path: String,
    /// Where it is in the file.
    pub at: Vec<Inside>,
    pub depth: usize,
    pub spec: &'a Step,
    /// The steps nested in it.
    pub nested: Vec<StepNo>,
}

/// All steps of a file.
pub(super) struct Layout<'a> {
    pub steps: Vec<Place<'a>>,
    pub top: Vec<StepNo>,
}

impl<'a> Layout<'a> {
    pub fn of(pipeline: &'a Pipeline) -> Layout<'a> {
        let mut layout = Layout { steps: Vec::new(), top: Vec::new() };
        layout.top = layout.add(&pipeline.steps, None, "", &[]);
        layout
    }

    fn add(&mut self, steps: &'a [Step], parent: Option<StepNo>, around: &str, at: &[Inside]) -> Vec<StepNo> {
        let mut numbers = Vec::new();
        for (index, spec) in steps.iter().enumerate() {
            let no = StepNo(u32::try_from(self.steps.len()).unwrap_or(u32::MAX));
            let path = if around.is_empty() { spec.name.clone() } else { format!("{around}/{}", spec.name) };
            let at = [at, &[Inside::Key("steps".to_owned()), Inside::Index(index)]].concat();
            let depth = parent.map_or(0, |parent| self.get(parent).depth + 1);
            self.steps.push(Place {
                no,
                parent,
                path: path.clone(),
                at: at.clone(),
                depth,
                spec,
                nested: Vec::new(),
            });
            let nested = self.add(&spec.steps, Some(no), &path, &at);
            self.steps[no.index()].nested = nested;
            numbers.push(no);
        }
        numbers
    }

    pub fn get(&self, no: StepNo) -> &Place<'a> {
        &self.steps[no.index()]
    }

    pub fn name(&self, no: StepNo) -> &'a str {
        &self.get(no).spec.name
    }

    /// Every list of steps: the top level, and those nested in a step.
    pub fn lists(&self) -> impl Iterator<Item = &[StepNo]> {
        let nested = self.steps.iter().map(|place| place.nested.as_slice());
        std::iter::once(self.top.as_slice()).chain(nested).filter(|list| !list.is_empty())
    }

    /// The steps beside `no`, itself included.
    pub fn beside(&self, no: StepNo) -> &[StepNo] {
        self.get(no).parent.map_or(&self.top, |parent| &self.get(parent).nested)
    }
}

impl<'a> Compiler<'a> {
    /// Whether there are steps, and not too many of them.
    pub(super) fn fits(&mut self, layout: &Layout<'a>) -> bool {
        let count = layout.steps.len();
        if count == 0 {
            self.inside("steps", |c| {
                if !c.is_absent() {
                    c.fault("a pipeline needs at least one step");
                }
            });
        }
        if count > MOST_STEPS {
            let help = "a `for_each` does the same for many elements";
            self.inside("steps", |c| {
                c.fault(format!("{count} steps; {MOST_STEPS} are the most")).help = Some(help.to_owned());
            });
        }
        if let Some(deep) = layout.steps.iter().find(|place| place.depth > DEEPEST_NESTING) {
            self.path = deep.at.clone();
            self.fault(format!("steps are nested deeper than {DEEPEST_NESTING} levels"));
            self.path.clear();
        }
        (1..=MOST_STEPS).contains(&count)
    }

    /// Names: present, well formed, and one step each.
    pub(super) fn names(&mut self, layout: &Layout<'a>) {
        for place in &layout.steps {
            self.path = [place.at.as_slice(), &[Inside::Key("name".to_owned())]].concat();
            let name = place.spec.name.as_str();
            if name.is_empty() && self.is_absent() {
                continue;
            }
            if !is_step_name(name) {
                self.fault(format!("`{name}` cannot be the name of a step")).help =
                    Some("letters, digits, `_`, `-` and `.`; 100 signs at most".to_owned());
            }
            let earlier = |other: &&StepNo| other.0 < place.no.0 && layout.name(**other) == name;
            if layout.beside(place.no).iter().any(|other| earlier(&other)) {
                self.fault(format!("there are two steps `{name}`")).help =
                    Some("give one another name".to_owned());
            }
            let mut around = place.parent;
            while let Some(outer) = around.map(|no| layout.get(no)) {
                if layout.beside(outer.no).iter().any(|no| layout.name(*no) == name) {
                    self.fault(format!(
                        "`{name}` is also the name of a step outside of `{}`",
                        outer.spec.name
                    ))
                    .help = Some("expressions could not tell them apart; give one another name".to_owned());
                }
                around = outer.parent;
            }
        }
        self.path.clear();
    }
}

fn is_step_name(name: &str) -> bool {
    let sign = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.chars().count() <= 100 && name.chars().all(sign)
}

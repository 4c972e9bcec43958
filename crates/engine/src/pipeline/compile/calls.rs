//! The function that a step calls: that it exists, and that its parameters are what it takes.

use connect::yaml::shape::Shape;
use connect::yaml::{Node, Step as Inside, Tree};

use super::{Compiler, nearest_or_all};
use crate::functions::FunctionSpec;
use crate::pipeline::spec::Step;

impl Compiler<'_> {
    pub(super) fn function(&mut self, spec: &Step, name: &str) {
        let known = self.rules.functions;
        if let Some(function) = known.iter().find(|function| function.name == name) {
            return self.parameters(spec, function);
        }
        let names = known.iter().map(|function| function.name);
        let help = nearest_or_all(name, names, "`callboard functions` lists what can be called");
        self.inside("function", |c| c.fault(format!("there is no function `{name}`")).help = Some(help));
    }

    /// Unknown, missing and ill-typed parameters; what a template gives is known only when it runs.
    fn parameters(&mut self, spec: &Step, function: &FunctionSpec) {
        let schema = (function.schema)().to_value();
        let whole = format!("`{}`", function.name);
        let shape = Shape { file: self.file, schema: &schema, whole: &whole, templates: true };
        let with = [self.path.as_slice(), &[Inside::Key("with".to_owned())]].concat();
        let faults = match spec.with.is_empty() {
            false => shape.faults(self.tree.at(&with)),
            true => {
                let function = [self.path.as_slice(), &[Inside::Key("function".to_owned())]].concat();
                let place = self.tree.at(&function).place;
                shape.faults(&Node { place, tree: Tree::Map(Vec::new()) })
            }
        };
        self.findings.extend(faults);
    }
}

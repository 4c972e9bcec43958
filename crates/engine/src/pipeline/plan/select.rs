//! Running a part of a plan: one step alone, or everything from one step on. What stands before is
//! taken as done: it is not run, and nothing waits for it.

use std::collections::HashSet;

use model::nearest;

use super::{Mode, Plan, StepNo};

impl Plan {
    /// The same plan with this top-level step alone.
    pub fn only(&self, name: &str) -> Result<Plan, String> {
        let no = self.selected(name)?;
        Ok(self.with_roots(&HashSet::from([no])))
    }

    /// The same plan from this top-level step on: with steps one after the other all later ones, in a
    /// parallel pipeline those that depend on it, directly or through others.
    pub fn from(&self, name: &str) -> Result<Plan, String> {
        let no = self.selected(name)?;
        let mut roots: HashSet<StepNo> = match self.mode {
            Mode::Sequential => self.roots.iter().copied().filter(|root| *root > no).collect(),
            Mode::Parallel => self.dependents(no).into_iter().collect(),
        };
        roots.insert(no);
        Ok(self.with_roots(&roots))
    }

    fn selected(&self, name: &str) -> Result<StepNo, String> {
        let top: Vec<_> = self.roots.iter().filter_map(|no| self.step(*no)).collect();
        if let Some(step) = top.iter().find(|step| step.name == name) {
            return Ok(step.no);
        }
        if let Some(nested) = self.find(name).filter(|step| step.parent.is_some()) {
            let outer = nested.path.split('/').next().unwrap_or_default();
            return Err(format!("`{name}` runs for each element of `{outer}`: name `{outer}`"));
        }
        let names = || top.iter().map(|step| step.name.as_str());
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
        };
        Err(format!("there is no step `{name}`; {help}"))
    }

    /// Keeps these top-level steps. Numbers and nested steps stay; edges to steps left out go.
    fn with_roots(&self, kept: &HashSet<StepNo>) -> Plan {
        let mut plan = self.clone();
        plan.roots.retain(|root| kept.contains(root));
        for root in &plan.roots {
            let step = &mut plan.steps[root.index()];
            step.needs.retain(|no| kept.contains(no));
            step.after.retain(|no| kept.contains(no));
        }
        plan
    }
}

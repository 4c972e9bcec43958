//! One step: what it does, how long, how often, for what.

use std::sync::Arc;
use std::time::Duration;

use connect::yaml::Step as Inside;
use serde_json::Value;

use super::Compiler;
use super::expressions::Sight;
use super::layout::{Layout, Place};
use super::links::Links;
use crate::pipeline::evaluate::{Condition, ForEach, Templates};
use crate::pipeline::plan::{Each, Inner, PlanStep, StepNo, Tolerance, Work};
use crate::pipeline::spec::{ConditionSpec, Step};

/// Elements under way at once unless a step says otherwise.
const CONCURRENCY: u32 = 10;

impl<'a> Compiler<'a> {
    pub(super) fn step(&mut self, layout: &Layout<'a>, links: &Links, place: &Place<'a>) -> PlanStep {
        self.path = place.at.clone();
        let outer = Sight::of(layout, links, place);
        let spec = place.spec;
        let inner = if spec.for_each.is_some() { outer.with_item() } else { outer.clone() };
        self.what(spec);
        let condition = self.inside("condition", |c| c.condition(spec, &outer));
        let work = self.work(place, &outer);
        let with = self.inside("with", |c| c.with(spec, &inner));
        let timeout = self.inside("timeout", |c| c.timeout(spec));
        self.path.clear();
        PlanStep {
            no: place.no,
            path: place.path.clone(),
            name: spec.name.clone(),
            parent: place.parent,
            work,
            needs: links.needs[place.no.index()].clone(),
            after: links.after[place.no.index()].clone(),
            judges: condition.as_ref().map(|condition| judged(layout, place, condition)).unwrap_or_default(),
            enabled: spec.enabled,
            condition,
            with,
            timeout,
            max_retries: self.max_retries(spec),
        }
    }

    /// Either a function or steps; steps only for each of something.
    fn what(&mut self, spec: &Step) {
        let name = &spec.name;
        let (function, steps) = (spec.function.is_some(), !spec.steps.is_empty());
        if function && steps {
            self.inside("function", |c| {
                c.name_fault(format!("`{name}` has both `function` and `steps`")).help =
                    Some("a step calls one function, or runs steps for each element".to_owned())
            });
        }
        if !function && !steps {
            self.fault(format!("`{name}` does nothing: it needs `function`")).help =
                Some("or `for_each` with `steps`; `callboard functions` lists what can be called".to_owned());
        }
        if steps && spec.for_each.is_none() {
            self.inside("steps", |c| {
                c.name_fault(format!("`{name}` has `steps` without `for_each`")).help =
                    Some("say for what they run, or put them beside it".to_owned())
            });
        }
        if steps && !function && !spec.with.is_empty() {
            self.inside("with", |c| {
                c.name_fault("`with` is for a function; the steps inside have their own").help = None
            });
        }
        if spec.for_each.is_none() {
            self.only_with_for_each(spec);
        }
        if let Some(function) = &spec.function {
            self.function(spec, function);
        }
    }

    fn only_with_for_each(&mut self, spec: &Step) {
        let given = [
            ("max_concurrency", spec.max_concurrency.is_some()),
            ("tolerated_failure_percentage", spec.tolerated_failure_percentage.is_some()),
            ("tolerated_failure_count", spec.tolerated_failure_count.is_some()),
            ("minimum_sample", spec.minimum_sample.is_some()),
        ];
        for (key, _) in given.into_iter().filter(|(_, given)| *given) {
            let key_at =
                |c: &mut Self| c.name_fault(format!("`{key}` means nothing without `for_each`")).help = None;
            self.inside(key, key_at);
        }
    }

    fn condition(&mut self, spec: &Step, sight: &Sight<'_>) -> Option<Condition> {
        match spec.condition.as_ref()? {
            ConditionSpec::Always(flag) => Condition::parse(if *flag { "true" } else { "false" }).ok(),
            ConditionSpec::Expression(text) => {
                let condition = Condition::parse(text).map_err(|fault| self.text_fault(text, fault)).ok()?;
                self.expression(text, condition.expression(), sight);
                Some(condition)
            }
        }
    }

    fn work(&mut self, place: &Place<'a>, sight: &Sight<'_>) -> Work {
        let spec = place.spec;
        let function = spec.function.clone();
        let Some(over) = &spec.for_each else {
            return Work::Call { function: function.unwrap_or_default() };
        };
        let inner = match function {
            Some(function) => Inner::Call { function },
            None => Inner::Steps(place.nested.clone()),
        };
        let tolerance = Tolerance {
            percentage: spec.tolerated_failure_percentage,
            count: spec.tolerated_failure_count,
            minimum_sample: spec.minimum_sample.unwrap_or(0),
        };
        let over = self.inside("for_each", |c| c.for_each(over, sight));
        let max_concurrency = spec.max_concurrency.unwrap_or(CONCURRENCY);
        Work::Each(Each { over, inner, max_concurrency, tolerance })
    }

    fn for_each(&mut self, over: &Value, sight: &Sight<'_>) -> ForEach {
        let text = match over {
            Value::String(text) => text,
            Value::Array(items) => {
                let item = |(index, item)| self.at_index(index, |c| c.templates(item, sight));
                return ForEach::List(items.iter().enumerate().map(item).collect());
            }
            // The shape of the file was found wrong already.
            _ => return ForEach::List(Vec::new()),
        };
        match ForEach::parse(text) {
            Ok(over) => {
                if let ForEach::Computed(expression) = &over {
                    self.expression(text, &Arc::clone(expression), sight);
                }
                over
            }
            Err(mut fault) => {
                fault.help = Some("`for_each` is a list, or an expression that gives one".to_owned());
                self.text_fault(text, fault);
                ForEach::List(Vec::new())
            }
        }
    }

    fn with(&mut self, spec: &Step, sight: &Sight<'_>) -> Templates {
        self.templates(&Value::Object(spec.with.clone()), sight)
    }

    /// The templates of a value at the current path.
    fn templates(&mut self, value: &Value, sight: &Sight<'_>) -> Templates {
        let mut faults = Vec::new();
        let templates = Templates::parse(value, &mut |at, text, fault| {
            faults.push((at.to_vec(), text.to_owned(), fault));
        });
        let base = self.path.clone();
        for (at, text, fault) in faults {
            self.path = [base.as_slice(), &at].concat();
            self.text_fault(&text, fault);
        }
        let mut found = Vec::new();
        templates.expressions(&mut |at, expression| found.push((at.to_vec(), expression)));
        for (at, expression) in found {
            self.path = [base.as_slice(), &at].concat();
            let text = text_at(value, &at);
            self.expression(text, expression, sight);
        }
        self.path = base;
        templates
    }

    fn timeout(&mut self, spec: &Step) -> Option<Duration> {
        match spec.timeout.as_ref()?.duration() {
            Ok(length) => Some(length),
            Err(why) => {
                self.fault(format!("`timeout`: {why}"));
                None
            }
        }
    }

    fn max_retries(&self, spec: &Step) -> u32 {
        match self.pipeline.retry_failed_steps {
            true => spec.max_retries.unwrap_or(self.pipeline.max_retries),
            false => 0,
        }
    }
}

/// The text at this place of a value.
fn text_at<'v>(value: &'v Value, at: &[Inside]) -> &'v str {
    let inside = |value: &'v Value, step: &Inside| match step {
        Inside::Key(name) => value.get(name),
        Inside::Index(index) => value.get(index),
    };
    let found = at.iter().try_fold(value, inside);
    found.and_then(Value::as_str).unwrap_or_default()
}

/// The steps beside it whose status a step's condition asks.
fn judged(layout: &Layout<'_>, place: &Place<'_>, condition: &Condition) -> Vec<StepNo> {
    let asked = condition.expression().uses("steps");
    let named = |name: &str| layout.beside(place.no).iter().copied().find(|no| layout.name(*no) == name);
    let statuses = asked.iter().filter(|used| used.path.get(1).is_some_and(|member| member == "status"));
    statuses.filter_map(|used| named(used.path.first()?)).collect()
}

//! What the expressions at one place can name, and whether they do.

use connect::expression::{Expression, Fault, Use};

use super::layout::{Layout, Place};
use super::links::Links;
use super::{Compiler, listed, nearest_or_all};

/// The names that expressions know.
const NAMES: [&str; 6] = ["params", "steps", "run", "env", "item", "index"];
/// What `run` holds.
const RUN: [&str; 4] = ["id", "pipeline", "started_at", "date"];
/// What a step in `steps` holds.
const STEP: [&str; 2] = ["output", "status"];

/// What can be seen from one step.
#[derive(Debug, Clone)]
pub(super) struct Sight<'a> {
    /// Names of the steps that have surely ended.
    ended: Vec<&'a str>,
    /// Names of all others that can be meant.
    others: Vec<&'a str>,
    /// Whether there is an `item`.
    item: bool,
}

impl<'a> Sight<'a> {
    pub fn of(layout: &Layout<'a>, links: &Links, place: &Place<'a>) -> Sight<'a> {
        let mut sight = Sight { ended: Vec::new(), others: Vec::new(), item: place.parent.is_some() };
        let mut around = Some(place.no);
        while let Some(no) = around {
            for other in layout.beside(no) {
                let ended = links.ended[no.index()].contains(*other);
                if ended { &mut sight.ended } else { &mut sight.others }.push(layout.name(*other));
            }
            around = layout.get(no).parent;
        }
        sight
    }

    pub fn with_item(&self) -> Sight<'a> {
        Sight { item: true, ..self.clone() }
    }
}

impl Compiler<'_> {
    /// Reports what is wrong with an expression of `text`, which stands at the current path.
    pub(super) fn expression(&mut self, text: &str, expression: &Expression, sight: &Sight<'_>) {
        let start = text.find(expression.source()).unwrap_or(0);
        let mut faults = expression.faults(&NAMES);
        if !sight.item {
            faults.extend(items(expression));
        }
        faults.extend(self.params_named(expression));
        faults.extend(expression.uses("steps").into_iter().filter_map(|used| step_named(&used, sight)));
        faults.extend(expression.uses("run").into_iter().filter_map(|used| member(&used, "run", &RUN)));
        faults.extend(self.env_named(expression));
        for fault in faults {
            self.text_fault(text, Fault { at: start + fault.at, ..fault });
        }
    }

    fn params_named(&self, expression: &Expression) -> Vec<Fault> {
        let names = || self.pipeline.params.keys().map(String::as_str);
        let mut faults = Vec::new();
        for used in expression.uses("params") {
            let Some(name) = used.path.first().filter(|name| !names().any(|own| own == *name)) else {
                continue;
            };
            let help = nearest_or_all(name, names(), "declare it under `params`");
            faults.push(fault(&used, format!("there is no parameter `{name}`"), help));
        }
        faults
    }

    /// What is read of the environment must be named, so that it is known to be a secret.
    fn env_named(&mut self, expression: &Expression) -> Vec<Fault> {
        let mut faults = Vec::new();
        for used in expression.uses("env") {
            match used.path.first() {
                Some(name) if !self.env.contains(name) => self.env.push(name.clone()),
                Some(_) => {}
                None => {
                    let message = "the environment is read by name only";
                    faults.push(fault(&used, message.to_owned(), "write `env.NAME`".to_owned()));
                }
            }
        }
        faults
    }
}

fn fault(used: &Use, message: String, help: String) -> Fault {
    Fault { at: used.at, message, help: Some(help) }
}

fn items(expression: &Expression) -> Vec<Fault> {
    let of = |name: &'static str| expression.uses(name).into_iter().map(move |used| (name, used));
    of("item")
        .chain(of("index"))
        .map(|(name, used)| {
            let help = "it is an element of the step's own `for_each`, or of one around it".to_owned();
            fault(&used, format!("there is no `{name}` here"), help)
        })
        .collect()
}

fn step_named(used: &Use, sight: &Sight<'_>) -> Option<Fault> {
    let Some(name) = used.path.first() else {
        let help = "write `steps.NAME.output`, or `steps['NAME'].output`".to_owned();
        return Some(fault(used, "a step is read by its name only".to_owned(), help));
    };
    if sight.ended.contains(&name.as_str()) {
        return member(
            &Use { path: used.path[1..].to_vec(), ..used.clone() },
            &format!("steps.{name}"),
            &STEP,
        );
    }
    if sight.others.contains(&name.as_str()) {
        let help = format!("add `{name}` to `depends_on`");
        return Some(fault(used, format!("`{name}` need not have ended when this is asked"), help));
    }
    let help = nearest_or_all(name, sight.ended.iter().copied(), "no step has surely ended before this one");
    Some(fault(used, format!("there is no step `{name}` before this one"), help))
}

/// A use of something with these members names one of them.
fn member(used: &Use, of: &str, members: &[&str]) -> Option<Fault> {
    let names = || members.iter().copied();
    match used.path.first() {
        Some(name) if members.contains(&name.as_str()) => None,
        Some(name) => {
            let message = format!("`{of}` has no `{name}`");
            Some(fault(used, message, nearest_or_all(name, names(), "")))
        }
        None => Some(fault(
            used,
            format!("`{of}` needs one of {} behind it", listed(names())),
            format!("like `{of}.{}`", members[0]),
        )),
    }
}

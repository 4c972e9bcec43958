//! A JSON value whose texts are templates: the parameters of a step, ready to be filled in.

use std::sync::Arc;

use connect::expression::{Absent, Bounds, Expression, Fault, Template, to_json_within};
use connect::yaml::Step as Inside;
use serde_json::{Map, Value as Json};

use super::Scope;

/// A value with templates in it. A text that is one expression gives that expression's value with its
/// type; any other text gives text.
#[derive(Debug, Clone, Default)]
pub struct Templates {
    part: Arc<Part>,
    uses: Uses,
}

/// What expressions use of that which is not the same for a whole run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Uses {
    /// What steps gave.
    pub(crate) steps: bool,
    /// The element of a `for_each`, or its index.
    pub(crate) item: bool,
}

#[derive(Debug)]
enum Part {
    Plain(Json),
    Text(Template),
    List(Vec<Part>),
    Object(Vec<(String, Part)>),
}

impl Default for Part {
    fn default() -> Part {
        Part::Plain(Json::Object(Map::new()))
    }
}

impl Templates {
    /// Compiles every text of `value`; `fault` hears of each that is not right, with where it stands.
    pub fn parse(value: &Json, fault: &mut dyn FnMut(&[Inside], &str, Fault)) -> Templates {
        let part = Arc::new(part(value, &mut Vec::new(), fault));
        let mut uses = Uses::default();
        part.expressions(&mut Vec::new(), &mut |_, expression| {
            uses.steps |= expression.names("steps");
            uses.item |= expression.names("item") || expression.names("index");
        });
        Templates { part, uses }
    }

    /// What its expressions use.
    pub(crate) fn uses(&self) -> Uses {
        self.uses
    }

    /// The value with everything filled in.
    pub fn eval(&self, scope: &Scope) -> Result<Json, String> {
        self.part.eval(scope, &mut Path::default())
    }

    /// Every expression in it, with the text it stands in and where that text is.
    pub(in crate::pipeline) fn expressions<'a>(&'a self, visit: &mut dyn FnMut(&[Inside], &'a Expression)) {
        self.part.expressions(&mut Vec::new(), visit);
    }
}

fn part(value: &Json, at: &mut Vec<Inside>, fault: &mut dyn FnMut(&[Inside], &str, Fault)) -> Part {
    match value {
        Json::String(text) if text.contains("{{") || text.contains("{%") => {
            match Template::parse_as(Absent::Fails, text) {
                Ok(template) => Part::Text(template),
                Err(found) => {
                    fault(at, text, found);
                    Part::Plain(value.clone())
                }
            }
        }
        Json::Array(items) if holds_template(value) => {
            let inner = |(index, item)| within(at, Inside::Index(index), |at| part(item, at, fault));
            Part::List(items.iter().enumerate().map(inner).collect())
        }
        Json::Object(members) if holds_template(value) => {
            let inner = |(name, item): (&String, &Json)| {
                (name.clone(), within(at, Inside::Key(name.clone()), |at| part(item, at, fault)))
            };
            Part::Object(members.iter().map(inner).collect())
        }
        plain => Part::Plain(plain.clone()),
    }
}

fn within<T>(at: &mut Vec<Inside>, step: Inside, f: impl FnOnce(&mut Vec<Inside>) -> T) -> T {
    at.push(step);
    let result = f(at);
    at.pop();
    result
}

fn holds_template(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains("{{") || text.contains("{%"),
        Json::Array(items) => items.iter().any(holds_template),
        Json::Object(members) => members.values().any(holds_template),
        _ => false,
    }
}

/// Where evaluation is, for the error.
#[derive(Default)]
struct Path(Vec<String>);

impl Part {
    fn eval(&self, scope: &Scope, path: &mut Path) -> Result<Json, String> {
        match self {
            Part::Plain(json) => Ok(json.clone()),
            Part::Text(template) => {
                let value = template.eval(scope.inner());
                let json = value.and_then(|value| to_json_within(&value, Bounds::default()));
                json.map_err(|error| match path.0.is_empty() {
                    true => error,
                    false => format!("`{}`: {error}", path.0.join(".")),
                })
            }
            Part::List(items) => {
                let inner = |(index, item): (usize, &Part)| {
                    path.inside(index.to_string(), |path| item.eval(scope, path))
                };
                items.iter().enumerate().map(inner).collect::<Result<_, _>>().map(Json::Array)
            }
            Part::Object(members) => {
                let inner = |(name, item): &(String, Part)| {
                    path.inside(name.clone(), |path| Ok((name.clone(), item.eval(scope, path)?)))
                };
                members.iter().map(inner).collect::<Result<_, String>>().map(Json::Object)
            }
        }
    }

    fn expressions<'a>(&'a self, at: &mut Vec<Inside>, visit: &mut dyn FnMut(&[Inside], &'a Expression)) {
        match self {
            Part::Plain(_) => {}
            Part::Text(template) => template.expressions().into_iter().for_each(|one| visit(at, one)),
            Part::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    within(at, Inside::Index(index), |at| item.expressions(at, visit));
                }
            }
            Part::Object(members) => {
                for (name, item) in members {
                    within(at, Inside::Key(name.clone()), |at| item.expressions(at, visit));
                }
            }
        }
    }
}

impl Path {
    fn inside<T>(&mut self, step: String, f: impl FnOnce(&mut Path) -> T) -> T {
        self.0.push(step);
        let result = f(self);
        self.0.pop();
        result
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: Json, steps: bool, item: bool) {
        let templates = Templates::parse(&value, &mut |_, text, _| panic!("{text} is wrong"));
        assert_eq!(templates.uses(), Uses { steps, item }, "{value}");
    }

    #[test]
    fn what_is_used_is_known_before_it_is_filled_in() {
        check(json!({"seconds": 0}), false, false);
        check(json!({"days": "{{ params.days }}", "run": "of {{ run.date }}"}), false, false);
        check(json!({"inputs": ["{{ item.url }}"]}), false, true);
        check(json!({"name": "{{ 'n' ~ index }}"}), false, true);
        check(json!({"deep": [{"list": "{{ steps.load.output | length }}"}]}), true, false);
        check(json!({"both": "{{ steps[item].status }}"}), true, true);
    }
}

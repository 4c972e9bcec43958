//! From the text of a file to a pipeline and its plan, or to everything that is wrong with it, each
//! fault with its line and column.

use std::sync::LazyLock;

use connect::yaml::{self, Key, Node, Tree, shape::Shape};
use model::{Finding, Severity};
use serde_json::{Value, json};

use super::compile::compile;
use super::plan::Plan;
use super::spec::Pipeline;
use super::{DEEPEST_VALUE, LARGEST_FILE_BYTES, MOST_FINDINGS};
use crate::functions::{self, FunctionSpec};
use crate::schedule;

/// What a pipeline is checked against.
#[derive(Clone, Copy)]
pub struct Rules {
    /// The functions that steps can call.
    pub functions: &'static [&'static FunctionSpec],
    /// Whether a cron line, in a zone by its name, can be one; the error says why not.
    pub schedule: fn(&str, Option<&str>) -> Result<(), String>,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { functions: functions::all(), schedule: is_schedule }
    }
}

/// A file that can be run.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What is written.
    pub pipeline: Pipeline,
    /// What is done.
    pub plan: Plan,
    /// What is worth knowing about it.
    pub warnings: Vec<Finding>,
}

/// Loads a pipeline from YAML or JSON, or says everything that is wrong with it, in the order of the
/// file.
pub fn load(file: &str, text: &str) -> Result<Loaded, Vec<Finding>> {
    load_with(file, text, &Rules::default())
}

/// The same against other rules than the default ones.
pub fn load_with(file: &str, text: &str, rules: &Rules) -> Result<Loaded, Vec<Finding>> {
    let tree = parse(file, text).map_err(|finding| vec![*finding])?;
    loaded(file, text, &tree, rules)
}

/// The JSON Schema of pipeline files, for editors.
pub fn schema() -> Value {
    static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
        let mut schema = schemars::schema_for!(Pipeline).to_value();
        schema["title"] = json!("callboard pipeline");
        schema
    });
    SCHEMA.clone()
}

/// The plan of a pipeline that stands in no file.
pub(super) fn plan_of(pipeline: &Pipeline) -> Result<Plan, Vec<Finding>> {
    built(pipeline, &Rules::default()).map(|loaded| loaded.plan)
}

/// A pipeline that a program built, checked like a file; findings have no place.
pub(super) fn built(pipeline: &Pipeline, rules: &Rules) -> Result<Loaded, Vec<Finding>> {
    let name = if pipeline.name.is_empty() { "pipeline" } else { &pipeline.name };
    let json =
        serde_json::to_value(pipeline).map_err(|error| vec![Finding::error(name, error.to_string())])?;
    loaded(name, "", &Node::nowhere(&json), rules)
}

fn parse(file: &str, text: &str) -> Result<Node, Box<Finding>> {
    if text.len() > LARGEST_FILE_BYTES {
        let message = format!("the file has {} bytes; {LARGEST_FILE_BYTES} are the most", text.len());
        return Err(Box::new(Finding::error(file, message)));
    }
    let tree = yaml::parse(text).map_err(|(place, message)| {
        let help = yaml::hint(text, place, &message);
        Finding { place, help, ..Finding::error(file, message) }
    })?;
    match &tree.tree {
        Tree::Null => Err(Box::new(
            Finding::error(file, "the pipeline is empty")
                .at(1, 1)
                .help("it needs at least `name` and `steps`"),
        )),
        _ if tree.depth() > DEEPEST_VALUE => {
            let message = format!("lists and objects are nested deeper than {DEEPEST_VALUE} levels");
            Err(Box::new(Finding::error(file, message)))
        }
        _ => Ok(tree),
    }
}

fn loaded(file: &str, text: &str, tree: &Node, rules: &Rules) -> Result<Loaded, Vec<Finding>> {
    let mut findings =
        Shape { file, schema: &lint_schema(), whole: "the pipeline", templates: false }.faults(tree);
    findings.iter_mut().for_each(older_names);
    let pipeline = match serde_json::from_value::<Pipeline>(salvaged(tree, &findings)) {
        Ok(pipeline) => pipeline,
        Err(error) if findings.is_empty() => return Err(vec![Finding::error(file, error.to_string())]),
        Err(_) => return Err(findings),
    };
    let (plan, more) = compile(file, text, tree, &pipeline, rules);
    findings.extend(more);
    let findings = readable(file, findings);
    match plan.filter(|_| findings.iter().all(|finding| finding.severity == Severity::Warning)) {
        Some(plan) => Ok(Loaded { pipeline, plan, warnings: findings }),
        None => Err(findings),
    }
}

/// The findings in the order of the file; the faults first where there are more than anybody reads.
fn readable(file: &str, mut findings: Vec<Finding>) -> Vec<Finding> {
    let count = findings.len();
    if count > MOST_FINDINGS {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings.truncate(MOST_FINDINGS);
    }
    findings.sort_by_key(|finding| finding.place);
    if count > MOST_FINDINGS {
        findings.push(Finding::warning(file, format!("there is more; {MOST_FINDINGS} findings are shown")));
    }
    findings
}

/// What of the file can be read: without unknown keys and values of the wrong type, so that the rest is
/// checked in the same go.
fn salvaged(node: &Node, findings: &[Finding]) -> Value {
    let at = |place: yaml::Place| findings.iter().filter(move |finding| finding.place == Some(place));
    match &node.tree {
        Tree::Map(pairs) => {
            let unknown = |key: &Key| {
                at(key.place).any(|f| f.message.starts_with(&format!("unknown key `{}`", key.name)))
            };
            let wrong = |inside: &Node| at(inside.place).next().is_some();
            let kept = pairs.iter().filter(|(key, inside)| !unknown(key) && !wrong(inside));
            Value::Object(kept.map(|(key, inside)| (key.name.clone(), salvaged(inside, findings))).collect())
        }
        Tree::List(items) => {
            // An object in a list is a step; what it lacks is no reason to leave it out.
            let right = |item: &&Node| matches!(item.tree, Tree::Map(_)) || at(item.place).next().is_none();
            Value::Array(items.iter().filter(right).map(|item| salvaged(item, findings)).collect())
        }
        _ => node.to_json(),
    }
}

/// The schema without what parameters may be: anything may be a default, and declarations are checked
/// on their own.
fn lint_schema() -> Value {
    let mut schema = schema();
    if let Some(param) = schema.pointer_mut("/$defs/Param") {
        *param = json!(true);
    }
    schema
}

/// The words that a step had for its parameters in an older system.
fn older_names(finding: &mut Finding) {
    for (old, new) in [
        ("kwargs", "with"),
        ("args", "with"),
        ("type", "function"),
        ("needs", "depends_on"),
        ("if", "condition"),
    ] {
        if finding.message.starts_with(&format!("unknown key `{old}` in `steps`")) {
            finding.help = Some(format!("the word for it is `{new}`"));
        }
    }
}

/// Whether a cron line, in a zone, is a schedule.
fn is_schedule(line: &str, zone: Option<&str>) -> Result<(), String> {
    schedule::parse(line, zone).map(drop)
}

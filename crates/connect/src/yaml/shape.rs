//! Checks a YAML tree against the schema of the specification, and reports every fault of shape at its
//! place: unknown keys with the nearest one, missing keys, values of the wrong type.

use model::{Finding, nearest};
use serde_json::Value;

use super::{Key, Node, Place, Tree};

/// What a tree is held against.
#[derive(Debug, Clone, Copy)]
pub struct Shape<'a> {
    /// The file, as the user named it.
    pub file: &'a str,
    /// The JSON Schema.
    pub schema: &'a Value,
    /// What the tree is, in messages: `the manifest`.
    pub whole: &'a str,
    /// Whether a text with `{{ }}` in it stands for a value of any type.
    pub templates: bool,
}

impl Shape<'_> {
    /// The faults of `tree`, in the order of the file.
    pub fn faults(&self, tree: &Node) -> Vec<Finding> {
        let mut checker = Checker { shape: *self, findings: Vec::new() };
        checker.check(tree, self.schema, self.whole);
        checker.findings
    }
}

struct Checker<'a> {
    shape: Shape<'a>,
    findings: Vec<Finding>,
}

impl<'a> Checker<'a> {
    fn fault(&mut self, place: Place, message: String, help: Option<String>) {
        let place = (place.0 > 0).then_some(place);
        let finding = Finding::error(self.shape.file, message);
        self.findings.push(Finding { help, place, ..finding });
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        let Some(reference) = schema.get("$ref").and_then(Value::as_str) else { return schema };
        let target = self.shape.schema.pointer(reference.trim_start_matches('#'));
        target.map_or(schema, |target| self.resolve(target))
    }

    fn check(&mut self, node: &Node, schema: &'a Value, name: &str) {
        if self.shape.templates && matches!(&node.tree, Tree::Text(text) if text.contains("{{")) {
            return;
        }
        let schema = self.resolve(schema);
        if let Some(branches) = branches(schema) {
            return self.check_branches(node, branches, name);
        }
        let types = types(schema);
        if !types.is_empty() && !types.iter().any(|kind| fits(node, kind)) {
            return self.wrong_type(node, &types, name);
        }
        if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
            let choices: Vec<&str> = choices.iter().filter_map(Value::as_str).collect();
            return self.check_choice(node, &choices, name);
        }
        match &node.tree {
            Tree::Number(number) => self.check_range(node.place, number.as_f64(), schema, name),
            Tree::Map(_) => self.check_map(node, schema, name),
            Tree::List(items) => {
                if let Some(inner) = schema.get("items") {
                    items.iter().for_each(|item| self.check(item, inner, name));
                }
            }
            _ => {}
        }
    }

    fn check_range(&mut self, place: Place, number: Option<f64>, schema: &Value, name: &str) {
        let bound = |key: &str| schema.get(key).and_then(Value::as_f64);
        let Some(number) = number else { return };
        let (low, high) = (bound("minimum"), bound("maximum"));
        if low.is_none_or(|low| number >= low) && high.is_none_or(|high| number <= high) {
            return;
        }
        let range = match (low, high) {
            (Some(low), Some(high)) => format!("between {low} and {high}"),
            (Some(low), None) => format!("{low} or more"),
            (_, high) => format!("{} or less", high.unwrap_or_default()),
        };
        self.fault(place, format!("`{name}` must be {range}, not {number}"), None);
    }

    fn check_map(&mut self, node: &Node, schema: &'a Value, name: &str) {
        let Tree::Map(pairs) = &node.tree else { return };
        let known: Vec<(&'a str, &'a Value)> = match schema.get("properties") {
            Some(Value::Object(members)) => {
                members.iter().map(|(name, inner)| (name.as_str(), inner)).collect()
            }
            _ => Vec::new(),
        };
        let others = schema.get("additionalProperties");
        for (key, inside) in pairs {
            let own = known.iter().find(|(own, _)| *own == key.name).map(|(_, inner)| *inner);
            match (own, others) {
                (Some(inner), _) => self.check(inside, inner, &key.name),
                (None, Some(Value::Bool(false))) => self.unknown(key.place, &key.name, &known, name),
                (None, Some(inner)) => self.check(inside, inner, &key.name),
                (None, None) => {}
            }
        }
        let needed = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for missing in needed.filter_map(Value::as_str) {
            if !pairs.iter().any(|(key, _)| key.name == missing) {
                let who = if name == self.shape.whole { name.to_owned() } else { format!("`{name}`") };
                self.fault(node.place, format!("{who} needs `{missing}`"), None);
            }
        }
    }

    fn unknown(&mut self, place: Place, key: &str, known: &[(&str, &Value)], within: &str) {
        let names = || known.iter().map(|(name, _)| *name);
        let help = match nearest(key, names()) {
            Some(near) => format!("did you mean `{near}`? known here: {}", list(names())),
            None => format!("known here: {}", list(names())),
        };
        let within = if within == self.shape.whole { String::new() } else { format!(" in `{within}`") };
        self.fault(place, format!("unknown key `{key}`{within}"), Some(help));
    }

    fn check_choice(&mut self, node: &Node, choices: &[&str], name: &str) {
        let Tree::Text(text) = &node.tree else { return };
        if choices.contains(&text.as_str()) {
            return;
        }
        let near = nearest(text, choices.iter().copied()).map(|near| format!("did you mean `{near}`? "));
        let help = format!("{}it is one of {}", near.unwrap_or_default(), list(choices.iter().copied()));
        self.fault(node.place, format!("`{name}` cannot be `{text}`"), Some(help));
    }

    /// Of several shapes the one that the node's type picks; of tagged ones the one its key names.
    fn check_branches(&mut self, node: &Node, branches: Vec<&'a Value>, name: &str) {
        let branches = self.flattened(branches);
        if let Tree::Map(pairs) = &node.tree {
            let tagged: Vec<(&'a str, &'a Value)> =
                branches.iter().filter_map(|branch| tag(branch)).collect();
            if !tagged.is_empty() {
                return self.check_tagged(node, pairs, &tagged, name);
            }
        }
        let constants: Vec<&str> = branches.iter().flat_map(|branch| constants(branch)).collect();
        if !constants.is_empty() && matches!(node.tree, Tree::Text(_)) {
            return self.check_choice(node, &constants, name);
        }
        let fitting = branches.iter().find(|branch| {
            let types = types(branch);
            types.is_empty() || types.iter().any(|kind| fits(node, kind))
        });
        match fitting {
            Some(branch) => self.check(node, branch, name),
            None => {
                let mut all: Vec<&str> = branches.iter().flat_map(|branch| types(branch)).collect();
                let tags: Vec<&str> =
                    branches.iter().filter_map(|branch| tag(branch)).map(|(tag, _)| tag).collect();
                all.dedup();
                if tags.is_empty() {
                    return self.wrong_type(node, &all, name);
                }
                let help = format!("one of {} with its own keys inside", list(tags.iter().copied()));
                self.fault(node.place, format!("`{name}` must be an object"), Some(help));
            }
        }
    }

    /// The branches with those of a branch that is a choice itself (an optional enum) in its place.
    fn flattened(&self, branches: Vec<&'a Value>) -> Vec<&'a Value> {
        let inner = |branch| {
            let branch = self.resolve(branch);
            match self::branches(branch) {
                Some(inner) => self.flattened(inner),
                None => vec![branch],
            }
        };
        branches.into_iter().flat_map(inner).collect()
    }

    fn check_tagged(
        &mut self,
        node: &Node,
        pairs: &[(Key, Node)],
        tagged: &[(&'a str, &'a Value)],
        name: &str,
    ) {
        let [(key, inside)] = pairs else {
            let message =
                format!("`{name}` needs exactly one of {}", list(tagged.iter().map(|(tag, _)| *tag)));
            return self.fault(node.place, message, None);
        };
        match tagged.iter().find(|(tag, _)| *tag == key.name) {
            Some((_, inner)) => self.check(inside, inner, &key.name),
            None => self.unknown(key.place, &key.name, tagged, name),
        }
    }

    fn wrong_type(&mut self, node: &Node, types: &[&str], name: &str) {
        let wanted: Vec<&str> =
            types.iter().filter(|kind| **kind != "null").map(|kind| plain_type(kind)).collect();
        let help = match (&node.tree, types.contains(&"string")) {
            (Tree::Number(_) | Tree::Bool(_), true) => Some("put it in quotes".to_owned()),
            _ => None,
        };
        let message = format!("`{name}` must be {}, not {}", wanted.join(" or "), describe(node));
        self.fault(node.place, message, help);
    }
}

fn branches(schema: &Value) -> Option<Vec<&Value>> {
    let list = schema.get("anyOf").or_else(|| schema.get("oneOf"))?.as_array()?;
    Some(list.iter().collect())
}

/// Name and inside of a tagged branch: an object with one required member.
fn tag(branch: &Value) -> Option<(&str, &Value)> {
    let properties = branch.get("properties")?.as_object().filter(|members| members.len() == 1)?;
    let (name, inside) = properties.iter().next()?;
    let required = branch.get("required")?.as_array()?;
    (required.len() == 1).then_some((name.as_str(), inside))
}

fn constants(branch: &Value) -> Vec<&str> {
    let one = branch.get("const").and_then(Value::as_str);
    let more = branch.get("enum").and_then(Value::as_array);
    one.into_iter().chain(more.into_iter().flatten().filter_map(Value::as_str)).collect()
}

fn types(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(more)) => more.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn fits(node: &Node, kind: &str) -> bool {
    match (&node.tree, kind) {
        (Tree::Null, "null") | (Tree::Bool(_), "boolean") | (Tree::Text(_), "string") => true,
        (Tree::Map(_), "object") | (Tree::List(_), "array") | (Tree::Number(_), "number") => true,
        // A key with nothing behind it is an empty section.
        (Tree::Null, "object" | "array") => true,
        (Tree::Number(number), "integer") => number.is_i64() || number.is_u64(),
        _ => false,
    }
}

fn plain_type(kind: &str) -> &str {
    match kind {
        "string" => "a text",
        "object" => "an object",
        "array" => "a list",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        other => other,
    }
}

fn describe(node: &Node) -> String {
    match &node.tree {
        Tree::Null => "empty".to_owned(),
        Tree::Bool(flag) => flag.to_string(),
        Tree::Number(number) => format!("the number {number}"),
        Tree::Text(text) => format!("the text `{text}`"),
        Tree::List(_) => "a list".to_owned(),
        Tree::Map(_) => "an object".to_owned(),
    }
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

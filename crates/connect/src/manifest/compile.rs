//! From the specification to the plan. Goes on after a fault, so that one run of lint shows them all.

mod auth;
mod records;
mod requests;

use std::sync::Arc;

use model::{Finding, Severity};
use serde_json::Value;

use super::plan::{Plan, RecognisePlan};
use super::rule::{EachRule, Rule, lets_of_all_and_of_one, literal};
use super::spec::{Condition, ManifestSpec, Ordered, RecogniseSpec, ValueSpec};
use crate::expression::{Address, Expression, Fault, Template};
use crate::yaml::{self, Node, Step};

/// What the current item is, as far as it is known before a document is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Html,
    Json,
    Unknown,
}

/// What the expressions at one place can use.
#[derive(Debug, Clone)]
pub(super) struct Names {
    pub(super) names: Vec<String>,
    pub(super) item: Item,
    /// False where an address has nothing to point into: requests, parameters.
    pub(super) addresses: bool,
}

impl Names {
    fn with(&self, name: &str) -> Names {
        let mut more = self.clone();
        more.names.push(name.to_owned());
        more
    }

    fn on(&self, item: Item) -> Names {
        Names { item, ..self.clone() }
    }
}

/// Compiles `spec`, or at least reports everything that is wrong with it.
pub(super) fn compile(
    file: &str,
    source: &str,
    tree: &Node,
    spec: &ManifestSpec,
    code: bool,
) -> (Option<Plan>, Vec<Finding>) {
    let mut compiler = Compiler { file, source, tree, spec, code, findings: Vec::new(), path: Vec::new() };
    let plan = compiler.plan();
    let failed = compiler.findings.iter().any(|finding| finding.severity == Severity::Error);
    (plan.filter(|_| !failed), compiler.findings)
}

pub(super) struct Compiler<'a> {
    file: &'a str,
    source: &'a str,
    tree: &'a Node,
    spec: &'a ManifestSpec,
    /// Requests and reading are code: the manifest has none of its own.
    code: bool,
    findings: Vec<Finding>,
    path: Vec<Step>,
}

impl<'a> Compiler<'a> {
    fn plan(&mut self) -> Option<Plan> {
        self.check_name();
        let timezone = self.timezone();
        let auth = self.auth();
        let policy = self.policy();
        let requests = self.requests();
        let recognise = self.inside("recognise", |c| c.recognise());
        self.check_params();
        Some(Plan { timezone, auth, policy, requests, recognise })
    }

    /// Runs `f` one step further inside the file.
    fn inside<T>(&mut self, name: &str, f: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(Step::Key(name.to_owned()));
        let result = f(self);
        self.path.pop();
        result
    }

    fn at_index<T>(&mut self, index: usize, f: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(Step::Index(index));
        let result = f(self);
        self.path.pop();
        result
    }

    /// Reports a fault of the value at the current path.
    fn fault(&mut self, message: impl Into<String>) -> &mut Finding {
        let (line, column) = self.tree.at(&self.path).place;
        self.push(Finding::error(self.file, message).at(line, column))
    }

    /// Reports a fault of the name at the current path.
    fn name_fault(&mut self, message: impl Into<String>) -> &mut Finding {
        let (line, column) = self.tree.name_place(&self.path);
        self.push(Finding::error(self.file, message).at(line, column))
    }

    fn warning(&mut self, message: impl Into<String>) -> &mut Finding {
        let (line, column) = self.tree.name_place(&self.path);
        self.push(Finding::warning(self.file, message).at(line, column))
    }

    fn push(&mut self, finding: Finding) -> &mut Finding {
        self.findings.push(finding);
        let last = self.findings.len() - 1;
        &mut self.findings[last]
    }

    /// Reports a fault inside the text at the current path, at its own column where the text stands on
    /// one line as it is.
    fn text_fault(&mut self, text: &str, fault: Fault) {
        let place = self.tree.at(&self.path).place;
        let (line, column) = yaml::place_within(self.source, place, text, fault.at);
        let finding = Finding::error(self.file, fault.message).at(line, column);
        self.push(Finding { help: fault.help, ..finding });
    }

    fn check_name(&mut self) {
        let name = &self.spec.name;
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '/');
        if name.is_empty() || !name.chars().all(fits) {
            self.inside("name", |c| {
                c.fault(format!("`{name}` cannot be a source name")).help =
                    Some("lower-case letters, digits, `-`, `_` and `/`".to_owned());
            });
        }
    }

    fn timezone(&mut self) -> Option<chrono_tz::Tz> {
        let name = self.spec.timezone.as_deref()?;
        let zone = crate::value::zone::by_name(name);
        if zone.is_none() {
            let near = model::nearest(name, chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()));
            let help = near.map_or_else(
                || "names look like `Europe/Berlin`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            self.inside("timezone", |c| c.fault(format!("`{name}` is not a time zone")).help = Some(help));
        }
        zone
    }

    fn check_params(&mut self) {
        let spec = self.spec;
        for (name, param) in spec.params.iter() {
            self.inside("params", |c| {
                c.inside(name, |c| {
                    if let Err(message) = super::params::typed(param, &param.default.0) {
                        c.inside("default", |c| c.fault(message).help = None);
                    }
                });
            });
        }
    }

    fn recognise(&mut self) -> Vec<RecognisePlan> {
        let spec = self.spec;
        let mut rules = Vec::new();
        for (index, rule) in spec.recognise.iter().enumerate() {
            rules.push(self.at_index(index, |c| c.recognise_rule(rule)));
        }
        rules
    }

    fn recognise_rule(&mut self, rule: &RecogniseSpec) -> RecognisePlan {
        if rule.host.is_none() && rule.json.0.is_empty() && rule.html.is_none() && rule.text.is_none() {
            self.fault("a rule of `recognise` needs one of `host`, `json`, `html`, `text`");
        }
        if let Some(html) = &rule.html {
            self.inside("html", |c| {
                if let Some(message) = Address::parse(html).selector_fault() {
                    c.fault(format!("`{html}` is not a selector: {message}"));
                }
            });
        }
        if let Some(request) = &rule.request {
            self.inside("request", |c| c.check_request_name(request));
        }
        RecognisePlan {
            host: rule.host.clone(),
            json: rule.json.0.iter().map(|path| Address::parse(path)).collect(),
            html: rule.html.clone(),
            text: rule.text.clone(),
            request: rule.request.clone(),
        }
    }

    fn check_request_name(&mut self, name: &str) {
        let spec = self.spec;
        if self.code || spec.requests.get(name).is_some() {
            return;
        }
        let near = model::nearest(name, spec.requests.names());
        let all = spec.requests.names().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let help = near.map_or_else(|| format!("there are {all}"), |near| format!("did you mean `{near}`?"));
        self.fault(format!("there is no request `{name}`")).help = Some(help);
    }

    /// A value rule that may be left out.
    fn optional_rule(&mut self, spec: &ValueSpec, names: &Names) -> Option<Rule> {
        (!spec.0.is_null()).then(|| self.rule(&spec.0, names))
    }

    /// A value rule.
    fn rule(&mut self, spec: &Value, names: &Names) -> Rule {
        match spec {
            Value::String(text) => self.text_rule(text, names),
            Value::Array(items) => {
                let rule = |(index, item)| self.at_index(index, |c| c.rule(item, names));
                Rule::List(items.iter().enumerate().map(rule).collect())
            }
            Value::Object(members) if members.contains_key("each") => self.each_rule(members, names),
            Value::Object(members) => {
                let rule = |(name, inner): (&String, &Value)| {
                    (name.clone(), self.inside(name, |c| c.rule(inner, names)))
                };
                Rule::Object(members.iter().map(rule).collect())
            }
            plain => literal(plain),
        }
    }

    fn text_rule(&mut self, text: &str, names: &Names) -> Rule {
        if text.contains("{{") || text.contains("{%") {
            return self.template(text, names).map_or_else(|| literal(&Value::Null), Rule::Template);
        }
        if let Some(plain) = text.strip_prefix('=') {
            return literal(&Value::String(plain.trim().to_owned()));
        }
        if !names.addresses {
            return literal(&Value::String(text.to_owned()));
        }
        let address = Address::parse(text);
        let fault = match names.item {
            Item::Html => address.selector_fault().map(|message| (message, "selector")),
            Item::Json => address.path_fault().map(|message| (message, "path")),
            Item::Unknown => None,
        };
        if let Some((message, what)) = fault {
            self.fault(format!("`{text}` is not a {what}: {message}")).help = Some(format!(
                "a plain text is an address; write `={text}` for the text itself, `{{{{ … }}}}` for an expression"
            ));
        }
        Rule::Address(address)
    }

    fn each_rule(&mut self, members: &serde_json::Map<String, Value>, names: &Names) -> Rule {
        let each = self.inside("each", |c| c.rule(&members["each"], names));
        let item = item_of(&each, names.item);
        let mut inner = names.on(item).with("index");
        let lets = match members.get("let").and_then(Value::as_object) {
            Some(lets) => {
                let named = lets.iter().map(|(name, value)| (name.clone(), ValueSpec(value.clone())));
                let (lets, more) = self.lets(&Ordered(named.collect()), inner);
                inner = more;
                lets
            }
            None => Vec::new(),
        };
        let condition = members.get("where").and_then(|condition| {
            self.inside("where", |c| c.expression(condition.as_str().unwrap_or_default(), &inner))
        });
        let value = match members.get("value") {
            Some(value) => self.inside("value", |c| c.rule(value, &inner)),
            None => {
                let own =
                    members.iter().filter(|(name, _)| !matches!(name.as_str(), "each" | "where" | "let"));
                let rule = |(name, value): (&String, &Value)| {
                    (name.clone(), self.inside(name, |c| c.rule(value, &inner)))
                };
                Rule::Object(own.map(rule).collect())
            }
        };
        let (lets_of_all, lets) = lets_of_all_and_of_one(lets);
        Rule::Each(Box::new(EachRule { each, lets_of_all, lets, condition, value }))
    }

    /// The rules of a `let`, and the names with theirs in them.
    fn lets(&mut self, spec: &Ordered<ValueSpec>, mut names: Names) -> (Vec<(Arc<str>, Rule)>, Names) {
        let mut lets = Vec::new();
        for (name, value) in spec.iter() {
            let rule = self.inside("let", |c| {
                c.inside(name, |c| {
                    c.check_let_name(name);
                    c.rule(&value.0, &names)
                })
            });
            lets.push((Arc::from(name), rule));
            names = names.with(name);
        }
        (lets, names)
    }

    fn check_let_name(&mut self, name: &str) {
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
            && !name.starts_with(|c: char| c.is_ascii_digit());
        if !is_name {
            self.name_fault(format!("`{name}` cannot be a name in expressions")).help =
                Some("letters, digits and `_`".to_owned());
        }
        if matches!(name, "item" | "doc" | "params" | "context" | "now" | "url" | "index") {
            self.name_fault(format!("`{name}` already means something; choose another name"));
        }
    }

    fn template(&mut self, text: &str, names: &Names) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => {
                let known: Vec<&str> = names.names.iter().map(String::as_str).collect();
                for expression in template.expressions() {
                    let start = text.find(expression.source()).unwrap_or(0);
                    for fault in expression.faults(&known) {
                        self.text_fault(text, Fault { at: start + fault.at, ..fault });
                    }
                    self.check_params_used(text, expression);
                }
                Some(template)
            }
            Err(fault) => {
                self.text_fault(text, fault);
                None
            }
        }
    }

    /// An expression without braces; with them it is one too.
    fn expression(&mut self, text: &str, names: &Names) -> Option<Expression> {
        let trimmed = text.trim();
        let bare = trimmed.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(trimmed);
        match Expression::parse(bare) {
            Ok(expression) => {
                let known: Vec<&str> = names.names.iter().map(String::as_str).collect();
                for fault in expression.faults(&known) {
                    self.text_fault(text, fault);
                }
                self.check_params_used(text, &expression);
                Some(expression)
            }
            Err(fault) => {
                self.text_fault(text, fault);
                None
            }
        }
    }

    fn condition(&mut self, condition: Option<&Condition>, names: &Names) -> Option<Expression> {
        match condition? {
            Condition::Always(flag) => self.expression(&flag.to_string(), names),
            Condition::Expression(text) => self.expression(text, names),
        }
    }

    /// Every `params.name` names a parameter; a secret only inside `auth`.
    fn check_params_used(&mut self, text: &str, expression: &Expression) {
        let spec = self.spec;
        let in_auth = self.path.first() == Some(&Step::Key("auth".to_owned()));
        for (at, name) in params_used(expression.source()) {
            let start = text.find(expression.source()).unwrap_or(0);
            let fault = match spec.params.get(name) {
                None => {
                    let near = model::nearest(name, spec.params.names());
                    let help = near.map_or_else(
                        || "declare it under `params`".to_owned(),
                        |near| format!("did you mean `{near}`?"),
                    );
                    Fault {
                        at: start + at,
                        message: format!("there is no parameter `{name}`"),
                        help: Some(help),
                    }
                }
                Some(param) if param.kind == super::spec::ParamType::Secret && !in_auth => Fault {
                    at: start + at,
                    message: format!("the secret `{name}` may be used in `auth` only"),
                    help: Some(
                        "requests are stored and logged; `auth` is added when they are sent".to_owned(),
                    ),
                },
                Some(_) => continue,
            };
            self.text_fault(text, fault);
        }
    }
}

/// What the items of an `each` are.
pub(super) fn item_of(each: &Rule, around: Item) -> Item {
    match each {
        Rule::Address(_) => around,
        _ => Item::Unknown,
    }
}

/// Every `params.name` of an expression, with its offset.
fn params_used(source: &str) -> Vec<(usize, &str)> {
    let mut used = Vec::new();
    for (at, _) in source.match_indices("params.") {
        let before = source[..at].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || matches!(c, '_' | '.')) {
            continue;
        }
        let rest = &source[at + 7..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        used.push((at + 7, &rest[..end]));
    }
    used
}

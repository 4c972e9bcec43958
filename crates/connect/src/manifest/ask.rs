//! Builds requests from their templates.
//!
//! What a request must know again when its answer comes travels in its `context`: the values of the
//! `follow` that made it (`with`), the element of `for_each` (`item`), its window, its page.

use std::sync::Arc;

use minijinja::value::Value;
use model::{Body, Request, Window};
use serde_json::{Map, Value as Json, json};
use url::Url;

use super::plan::{BodyPlan, PagesPlan, RequestPlan};
use super::rule::Rule;
use crate::expression::{Moment, Scope, encode, from_json, is_nothing, text_of, to_json};

/// What one request is made for.
#[derive(Debug, Clone, Default)]
pub struct Occasion {
    /// Values a `follow` handed on.
    pub with: Map<String, Json>,
    /// The element of `for_each`.
    pub item: Json,
    /// The span of days.
    pub window: Option<Window>,
    /// The page.
    pub page: Map<String, Json>,
    /// Address in place of the request's own.
    pub url: Option<String>,
    /// How many requests led here.
    pub depth: u32,
}

impl Occasion {
    /// From the context of a request whose answer came.
    pub fn of(request: &Request) -> Occasion {
        let object =
            |name: &str| request.context.get(name).and_then(Json::as_object).cloned().unwrap_or_default();
        let window =
            request.context.get("window").and_then(|window| serde_json::from_value(window.clone()).ok());
        Occasion {
            with: object("with"),
            item: request.context.get("item").cloned().unwrap_or_default(),
            window,
            page: object("page"),
            url: request.context.get("url").and_then(Json::as_str).map(str::to_owned),
            depth: request.depth,
        }
    }

    /// Pages asked so far, this one included.
    pub fn page_count(&self) -> u64 {
        self.page.get("count").and_then(Json::as_u64).unwrap_or(1)
    }

    fn to_context(&self) -> Json {
        let mut context = Map::new();
        if !self.with.is_empty() {
            context.insert("with".to_owned(), Json::Object(self.with.clone()));
        }
        if !self.item.is_null() {
            context.insert("item".to_owned(), self.item.clone());
        }
        if let Some(window) = &self.window {
            context.insert("window".to_owned(), json!({"from": window.from, "to": window.to}));
        }
        if !self.page.is_empty() {
            context.insert("page".to_owned(), Json::Object(self.page.clone()));
        }
        if let Some(url) = &self.url {
            context.insert("url".to_owned(), Json::String(url.clone()));
        }
        if context.is_empty() { Json::Null } else { Json::Object(context) }
    }

    /// What expressions see as `context`: the handed-on values, and the element of `for_each` as `item`.
    pub fn context_value(&self) -> Value {
        let mut context = self.with.clone();
        if !self.item.is_null() && !context.contains_key("item") {
            context.insert("item".to_owned(), self.item.clone());
        }
        from_json(&Json::Object(context))
    }

    /// What expressions see as `window`: its first and last day.
    pub fn window_value(&self) -> Value {
        let Some(window) = &self.window else { return Value::UNDEFINED };
        let day = |date: chrono::NaiveDate| {
            let when =
                model::When::on_date(date.to_string(), date, model::Clock::Unstated, model::Zone::Floating);
            Value::from(Moment(when))
        };
        Value::from_pairs([("from", day(window.from)), ("to", day(window.to))])
    }
}

/// The request that `plan` makes on an occasion. `base` resolves a relative address.
pub fn build(
    plan: &RequestPlan,
    occasion: &Occasion,
    scope: &Scope,
    base: Option<&Url>,
) -> Result<Request, String> {
    let scope = asking_scope(scope, occasion);
    let url = match (&occasion.url, &plan.url) {
        (Some(url), _) => url.clone(),
        (None, Some(template)) => {
            let value = template.eval(&scope)?;
            if is_nothing(&value) {
                return Err(format!("the address of `{}` has a part that is missing", plan.name));
            }
            text_of(&value)
        }
        (None, None) => return Err(format!("`{}` has no address", plan.name)),
    };
    let mut url = parse(&url, base)?;
    for (name, value) in texts(&plan.query, &scope)? {
        set_query(&mut url, &name, &value);
    }
    if let Some(pages) = &plan.pages {
        page_params(&mut url, pages, occasion);
    }
    let mut request = Request::get(url);
    request.method = plan.method;
    request.headers = texts(&plan.headers, &scope)?;
    request.body = plan.body.as_ref().map(|body| build_body(body, &scope)).transpose()?;
    request.step = plan.name.clone();
    request.context = occasion.to_context();
    request.depth = occasion.depth;
    Ok(request)
}

fn asking_scope(scope: &Scope, occasion: &Occasion) -> Arc<Scope> {
    let mut fixed: Vec<(&'static str, Value)> = scope.fixed.as_ref().clone();
    fixed.retain(|(name, _)| !matches!(*name, "context" | "window" | "page"));
    fixed.push(("context", occasion.context_value()));
    fixed.push(("window", occasion.window_value()));
    fixed.push(("page", from_json(&Json::Object(occasion.page.clone()))));
    Arc::new(Scope { fixed: Arc::new(fixed), item: from_json(&occasion.item), ..Scope::default() })
}

/// An address, absolute or against `base`.
pub fn parse(text: &str, base: Option<&Url>) -> Result<Url, String> {
    let url = match base {
        Some(base) => base.join(text.trim()),
        None => Url::parse(text.trim()),
    };
    let url = url.map_err(|error| format!("`{text}` is not an address: {error}"))?;
    match url.scheme() {
        "http" | "https" => Ok(url),
        other => Err(format!("`{text}` cannot be fetched: addresses begin with http, not {other}")),
    }
}

fn texts(rules: &[(String, Rule)], scope: &Arc<Scope>) -> Result<Vec<(String, String)>, String> {
    let mut texts = Vec::new();
    for (name, rule) in rules {
        let value = rule.eval(scope).map_err(|error| format!("`{name}`: {error}"))?;
        let value = match to_json(&value) {
            Json::Array(items) => {
                let joined =
                    items.iter().map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned));
                Value::from(joined.collect::<Vec<_>>().join(","))
            }
            _ => value,
        };
        if !is_nothing(&value) {
            texts.push((name.clone(), text_of(&value)));
        }
    }
    Ok(texts)
}

/// Sets one query parameter, in its place when it is there already.
pub fn set_query(url: &mut Url, name: &str, value: &str) {
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    match pairs.iter_mut().find(|(own, _)| own == name) {
        Some(pair) => value.clone_into(&mut pair.1),
        None => pairs.push((name.to_owned(), value.to_owned())),
    }
    url.query_pairs_mut().clear().extend_pairs(pairs);
}

fn page_params(url: &mut Url, pages: &PagesPlan, occasion: &Occasion) {
    let number = |name: &str| occasion.page.get(name).and_then(Json::as_u64);
    match pages {
        PagesPlan::Page { param, first, size_param, size, .. } => {
            set_number(url, param.as_deref(), Some(number("number").unwrap_or(*first)));
            set_number(url, size_param.as_deref(), *size);
        }
        PagesPlan::Offset { param, limit_param, limit, .. } => {
            set_number(url, param.as_deref(), Some(number("offset").unwrap_or(0)));
            set_number(url, limit_param.as_deref(), Some(*limit));
        }
        PagesPlan::Cursor { param: Some(param), .. } => {
            if let Some(cursor) = occasion.page.get("cursor").and_then(Json::as_str) {
                set_query(url, param, cursor);
            }
        }
        PagesPlan::Cursor { .. } | PagesPlan::NextLink { .. } | PagesPlan::LinkHeader => {}
    }
}

fn set_number(url: &mut Url, param: Option<&str>, value: Option<u64>) {
    if let (Some(param), Some(value)) = (param, value) {
        set_query(url, param, &value.to_string());
    }
}

fn build_body(body: &BodyPlan, scope: &Arc<Scope>) -> Result<Body, String> {
    Ok(match body {
        BodyPlan::Json(rule) => {
            let text = to_json(&rule.eval(scope).map_err(|error| format!("body: {error}"))?).to_string();
            Body { media_type: "application/json".to_owned(), text }
        }
        BodyPlan::Form(fields) => {
            let pair = |(name, value): &(String, String)| format!("{}={}", encode(name), encode(value));
            let text = texts(fields, scope)?.iter().map(pair).collect::<Vec<_>>().join("&");
            Body { media_type: "application/x-www-form-urlencoded".to_owned(), text }
        }
        BodyPlan::Text(template) => {
            let text = text_of(&template.eval(scope).map_err(|error| format!("body: {error}"))?);
            Body { media_type: "text/plain; charset=utf-8".to_owned(), text }
        }
    })
}

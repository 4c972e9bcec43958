//! A manifest, compiled: every text parsed, every name resolved.

use std::sync::Arc;

use chrono_tz::Tz;
use model::{Kind, Method};
use regex::Regex;

use super::rule::Rule;
use super::spec::{CsvSpec, DecodeSpec};
use crate::expression::{Expression, Template};
use crate::fetch::Policy;

/// What a manifest does.
#[derive(Debug)]
pub struct Plan {
    /// Zone of local times.
    pub timezone: Option<Tz>,
    /// Credentials, as templates over the parameters.
    pub auth: Option<AuthPlan>,
    /// Everything else about how requests are made.
    pub policy: Policy,
    /// The requests in the order of the file.
    pub requests: Vec<RequestPlan>,
    /// How documents are recognised.
    pub recognise: Vec<RecognisePlan>,
}

/// Credentials.
#[derive(Debug)]
pub enum AuthPlan {
    Bearer(Template),
    Header { name: String, value: Template },
    Query { name: String, value: Template },
    Basic { user: Template, password: Option<Template> },
    Oauth2 { token_url: url::Url, client_id: Template, client_secret: Template, scope: String },
}

/// One kind of request.
#[derive(Debug)]
pub struct RequestPlan {
    pub name: String,
    pub starts: bool,
    pub for_each: Option<Rule>,
    pub url: Option<Template>,
    pub method: Method,
    pub headers: Vec<(String, Rule)>,
    pub query: Vec<(String, Rule)>,
    pub body: Option<BodyPlan>,
    pub windows: Option<WindowsPlan>,
    pub pages: Option<PagesPlan>,
    pub max_pages: u64,
    pub decode: DecodeSpec,
    pub encoding: Option<&'static encoding_rs::Encoding>,
    pub csv: CsvSpec,
    pub error: Option<Rule>,
    pub total: Option<Rule>,
    pub complete: bool,
    pub read: Vec<ReadPlan>,
    pub follow: Vec<FollowPlan>,
}

/// What a request sends.
#[derive(Debug)]
pub enum BodyPlan {
    Json(Rule),
    Form(Vec<(String, Rule)>),
    Text(Template),
}

/// How further pages are asked for.
#[derive(Debug)]
pub enum PagesPlan {
    Page {
        param: Option<String>,
        first: u64,
        size_param: Option<String>,
        size: Option<u64>,
        pages: Option<Rule>,
    },
    Offset {
        param: Option<String>,
        limit_param: Option<String>,
        limit: u64,
        total: Option<Rule>,
        cap: Option<u64>,
    },
    Cursor {
        param: Option<String>,
        from: Rule,
        more: Option<Expression>,
    },
    NextLink {
        from: Rule,
    },
    LinkHeader,
}

/// Spans of days.
#[derive(Debug)]
pub struct WindowsPlan {
    pub days_back: u32,
    pub days_ahead: u32,
    pub days_each: Option<u32>,
    pub total: Rule,
    pub cap: u64,
}

/// How records are read.
#[derive(Debug)]
pub struct ReadPlan {
    pub each: Option<Rule>,
    /// As written, for messages.
    pub each_source: String,
    pub expect_some: bool,
    pub lets: Vec<(Arc<str>, Rule)>,
    pub condition: Option<Expression>,
    pub record: RecordPlan,
    pub follow: Vec<FollowPlan>,
}

/// One record: its key and its fields.
#[derive(Debug)]
pub struct RecordPlan {
    pub kind: Kind,
    pub key: Option<Rule>,
    pub fields: Vec<FieldPlan>,
    pub required: Vec<String>,
    pub clears: Vec<String>,
}

/// One field.
#[derive(Debug)]
pub enum FieldPlan {
    /// A column of the kind.
    Column { column: &'static model::Column, rule: Box<Rule> },
    /// A record of its own and the reference to it: `venue: {name: …}`.
    One { column: &'static model::Column, record: Box<NestedPlan> },
    /// Several: `performers: […]`; `None` for `offers`, which refer to the event instead.
    Many { column: Option<&'static model::Column>, records: Vec<NestedPlan> },
}

/// A record inside another.
#[derive(Debug)]
pub struct NestedPlan {
    pub each: Option<Rule>,
    pub lets: Vec<(Arc<str>, Rule)>,
    pub condition: Option<Expression>,
    pub record: RecordPlan,
}

/// A request that follows.
#[derive(Debug)]
pub struct FollowPlan {
    pub request: String,
    pub each: Option<Rule>,
    pub condition: Option<Expression>,
    pub url: Option<Rule>,
    pub with: Vec<(String, Rule)>,
}

/// A sign by which a document is known.
#[derive(Debug)]
pub struct RecognisePlan {
    pub host: Option<String>,
    pub json: Vec<crate::expression::Address>,
    pub html: Option<String>,
    pub text: Option<String>,
    pub request: Option<String>,
}

impl Plan {
    /// The request called `name`; for a document without one, the one that begins.
    pub fn request(&self, name: &str) -> Option<&RequestPlan> {
        if name.is_empty() {
            return self.requests.iter().find(|request| request.starts);
        }
        self.requests.iter().find(|request| request.name == name)
    }
}

/// Checks that a header pattern has the groups it needs; kept for lint.
pub fn limit_pattern_fault(pattern: &str) -> Option<String> {
    match Regex::new(pattern) {
        Err(error) => Some(error.to_string().lines().last().unwrap_or_default().to_owned()),
        Ok(regex) => {
            let has = |name: &str| regex.capture_names().flatten().any(|own| own == name);
            (!has("used") || !has("limit")).then(|| "needs the named groups `used` and `limit`".to_owned())
        }
    }
}

//! Connectors written as YAML: a page nobody planned for is an afternoon's work and no code.
//!
//! [`load`] gives a [`Manifest`], which is a [`Connector`] like any other, or everything that is wrong
//! with the file. The reference for those who write manifests is `docs/connectors.md`.

mod ask;
mod code;
mod compile;
mod decode;
mod field;
mod params;
mod plan;
mod read;
mod recognise;
mod rule;
pub mod spec;
mod trial;
mod turn;

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use chrono::{DateTime, Utc};
use minijinja::value::Value;
use model::{ContentHash, Document, Finding, Kind, Note, Reading, Request, When, Zone};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value as Json};
use url::Url;

use crate::connector::{ByName, Connector, Next, Params, ReadError, ReadOptions, SoFar, StartError};
use crate::expression::{Expression, Moment, Scope, Template, from_json, text_of, to_json};
use crate::fetch::{Auth, Policy};
use crate::value::date::Hints;
use crate::yaml::{self, shape::Shape};
use ask::Occasion;
use field::FieldContext;
use plan::{AuthPlan, FollowPlan, Plan, RequestPlan};
use read::{ReadItem, Reader};
use spec::{DecodeSpec, ManifestSpec, TermsSpec};

pub use code::Code;
pub use recognise::Glance;
pub use trial::{Outcome, Trial, run_tests};

/// Changes when the same manifest would read differently than before.
const LANGUAGE_VERSION: &str = "1";

/// A connector written as YAML, ready to use.
pub struct Manifest {
    file: String,
    spec: ManifestSpec,
    plan: Plan,
    code: Option<&'static dyn Code>,
    fingerprint: String,
}

impl std::fmt::Debug for Manifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Manifest({})", self.spec.name)
    }
}

/// Loads a manifest, or says everything that is wrong with it, in the order of the file.
pub fn load(file: &str, yaml: &str) -> Result<Manifest, Vec<Finding>> {
    load_with(file, yaml, None)
}

/// The same for a manifest whose requests and reading are code.
pub fn load_with(file: &str, yaml: &str, code: Option<&'static dyn Code>) -> Result<Manifest, Vec<Finding>> {
    let (manifest, findings) = check(file, yaml, code);
    manifest.ok_or(findings)
}

/// Everything that is wrong with a manifest, and what is worth a warning.
pub fn lint(file: &str, yaml: &str) -> Vec<Finding> {
    check(file, yaml, None).1
}

/// The JSON Schema of manifests, for editors.
pub fn schema() -> Json {
    static SCHEMA: LazyLock<Json> = LazyLock::new(|| schemars::schema_for!(ManifestSpec).to_value());
    SCHEMA.clone()
}

/// A commented manifest to start from.
pub fn template(name: &str) -> String {
    include_str!("manifest/starter.yaml").replace("NAME", name)
}

fn check(file: &str, yaml: &str, code: Option<&'static dyn Code>) -> (Option<Manifest>, Vec<Finding>) {
    let tree = match yaml::parse(yaml) {
        Ok(tree) => tree,
        Err((place, message)) => {
            let help = yaml::hint(yaml, place, &message);
            return (None, vec![Finding { help, ..broken(file, place, message) }]);
        }
    };
    if matches!(tree.tree, yaml::Tree::Null) {
        let help = "`callboard connector new NAME` writes one to start from";
        return (None, vec![broken(file, Some((1, 1)), "the manifest is empty".to_owned()).help(help)]);
    }
    let findings = Shape { file, schema: &schema(), whole: "the manifest", templates: false }.faults(&tree);
    if !findings.is_empty() {
        return (None, findings);
    }
    let spec: ManifestSpec = match serde_json::from_value(without_nulls(tree.to_json())) {
        Ok(spec) => spec,
        Err(error) => return (None, vec![broken(file, None, error.to_string())]),
    };
    let (plan, mut findings) = compile::compile(file, yaml, &tree, &spec, code.is_some());
    findings.sort_by_key(|finding| finding.place);
    let version = code.map(|code| format!("{}\n", code.version())).unwrap_or_default();
    let fingerprint = ContentHash::of(format!("{LANGUAGE_VERSION}\n{version}{yaml}").as_bytes()).to_hex();
    let manifest = plan.map(|plan| Manifest { file: file.to_owned(), spec, plan, code, fingerprint });
    (manifest, findings)
}

fn broken(file: &str, place: Option<(usize, usize)>, message: String) -> Finding {
    Finding { place, ..Finding::error(file, message) }
}

/// An empty section (`params:` with nothing behind it) is none. What a test expects of a field may be
/// null and stays.
fn without_nulls(json: Json) -> Json {
    match json {
        Json::Object(members) => {
            let kept = members.into_iter().filter(|(_, value)| !value.is_null());
            let inner = |(name, value): (String, Json)| {
                let value = if name == "fields" { value } else { without_nulls(value) };
                (name, value)
            };
            Json::Object(kept.map(inner).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(without_nulls).collect()),
        other => other,
    }
}

impl Manifest {
    /// What is written in the file.
    pub fn spec(&self) -> &ManifestSpec {
        &self.spec
    }

    /// What the source's terms ask for.
    pub fn terms(&self) -> &TermsSpec {
        &self.spec.terms
    }

    /// The file it was loaded from.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The request whose answer a bare document is, if it is one of this source's.
    pub fn recognise(&self, document: &Glance<'_>) -> Option<&str> {
        let rule = self.plan.recognise.iter().find(|rule| document.fits(rule))?;
        let starts = self.plan.request("").map(|request| request.name.as_str());
        rule.request.as_deref().or(starts).or(self.code.map(|_| ""))
    }

    /// Base of relative links: the document's address; for a file the one its source would have.
    fn base(&self, document: &Document, request: &RequestPlan) -> Url {
        if document.url.scheme() != "file" {
            return document.url.clone();
        }
        let own = self.spec.requests.get(&request.name).and_then(|spec| spec.url.clone());
        let known = own.into_iter().chain(self.spec.homepage.clone()).find_map(|url| Url::parse(&url).ok());
        known.unwrap_or_else(|| document.url.clone())
    }

    fn zone(&self, options_zone: Option<chrono_tz::Tz>) -> Option<chrono_tz::Tz> {
        self.plan.timezone.or(options_zone)
    }

    fn scope(&self, params: &Json, now: DateTime<Utc>, zone: Option<chrono_tz::Tz>) -> Scope {
        let now = When::at_instant(now.to_rfc3339(), now, zone.map_or(Zone::Floating, Zone::Named));
        let timezone = zone.map(|zone| Value::from(zone.name())).unwrap_or_default();
        let fixed =
            vec![("params", from_json(params)), ("now", Value::from(Moment(now))), ("timezone", timezone)];
        Scope { fixed: Arc::new(fixed), ..Scope::default() }
    }

    /// Reads by callboard's own readers, in this source's zone and under its name.
    fn read_listing(
        &self,
        request: &RequestPlan,
        document: &Document,
        options: &ReadOptions,
    ) -> Result<Reading, ReadError> {
        let options = ReadOptions { timezone: self.zone(options.timezone), ..*options };
        let mut reading = crate::detect::read(document, &options)?;
        reading.source = None;
        reading.complete |= request.complete;
        if reading.records.is_empty() && !request.follow.is_empty() {
            // An index need hold no events itself.
            reading.notes.clear();
        }
        Ok(reading)
    }

    fn fault(&self, message: String) -> Box<Finding> {
        Box::new(Finding::error(self.file.clone(), message))
    }

    /// Requests that follow from one item.
    fn follow(&self, plans: &[FollowPlan], item: &ReadItem, base: &Url, depth: u32, reading: &mut Reading) {
        for plan in plans {
            if let Err(error) = self.follow_one(plan, item, base, depth, reading) {
                reading.notes.push(Note::new(format!("follow `{}`: {error}", plan.request)));
            }
        }
    }

    fn follow_one(
        &self,
        plan: &FollowPlan,
        item: &ReadItem,
        base: &Url,
        depth: u32,
        reading: &mut Reading,
    ) -> Result<(), String> {
        let Some(target) = self.plan.request(&plan.request) else { return Ok(()) };
        let mut scope = item.scope.as_ref().clone();
        if let Some(key) = &item.key {
            scope.lets.push((Arc::from("key"), Value::from(key.as_str())));
        }
        let scope = Arc::new(scope);
        let of_all = |condition: &&Expression| !condition.names("item") && !condition.names("index");
        if !rule::holds(plan.condition.as_ref().filter(of_all), &scope)? {
            return Ok(());
        }
        for scope in read::follow_scopes(plan.each.as_ref(), &scope)? {
            if !rule::holds(plan.condition.as_ref(), &scope)? {
                continue;
            }
            let mut occasion = Occasion { depth: depth + 1, ..Occasion::default() };
            for (name, rule) in &plan.with {
                occasion.with.insert(name.clone(), to_json(&rule.eval(&scope)?));
            }
            if let Some(rule) = &plan.url {
                let url = text_of(&rule.eval(&scope)?);
                if url.trim().is_empty() {
                    continue;
                }
                occasion.url = Some(url);
            }
            reading.requests.push(ask::build(target, &occasion, &scope, Some(base))?);
        }
        Ok(())
    }

    /// The halves of a window whose total is beyond what the source lists; `None` when it is not.
    fn split(
        &self,
        request: &RequestPlan,
        occasion: &Occasion,
        scope: &Arc<Scope>,
        reading: &mut Reading,
    ) -> Result<bool, String> {
        let (Some(plan), Some(window)) = (&request.windows, occasion.window) else { return Ok(false) };
        let Some(total) = turn::whole(Some(&plan.total), scope)? else { return Ok(false) };
        if total <= plan.cap {
            return Ok(false);
        }
        let Some((first, second)) = window.split() else {
            let day = window.from;
            reading.notes.push(Note::new(format!(
                "{day} holds {total} listings, of which the source lists {}",
                plan.cap
            )));
            reading.complete = false;
            return Ok(false);
        };
        for half in [first, second] {
            let half = Occasion {
                window: Some(half),
                depth: occasion.depth + 1,
                page: Default::default(),
                ..occasion.clone()
            };
            reading.requests.push(ask::build(request, &half, scope, None)?);
        }
        Ok(true)
    }

    /// The request for the next page. A document that came without its circumstances (a file) is gone on
    /// from by the address it has.
    fn turn(
        &self,
        request: &RequestPlan,
        occasion: &Occasion,
        scope: &Arc<Scope>,
        document: &Document,
        found: usize,
    ) -> Result<Option<Request>, String> {
        let Some(pages) = &request.pages else { return Ok(None) };
        let Some(next) = turn::next(pages, occasion, scope, document, found)? else { return Ok(None) };
        let built = ask::build(request, &next, scope, Some(&document.url));
        if built.is_ok() || next.url.is_some() || document.url.scheme() == "file" {
            return built.map(Some);
        }
        let next = Occasion { url: Some(document.url.to_string()), ..next };
        ask::build(request, &next, scope, None).map(Some)
    }
}

/// The source's own words where it answers with an error.
fn said_error(request: &RequestPlan, scope: &Arc<Scope>) -> Result<Option<String>, String> {
    let Some(rule) = &request.error else { return Ok(None) };
    let said = rule.eval(scope).map_err(|error| format!("`error`: {error}"))?;
    Ok((!crate::expression::is_nothing(&said)).then(|| text_of(&said)))
}

impl Connector for Manifest {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn start(
        &self,
        params: &Params,
        cursor: Option<&Json>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Request>, StartError> {
        let plain = params::complete(&self.spec, params).map_err(StartError::Params)?;
        if let Some(code) = self.code {
            return code.start(&plain, cursor, now).map_err(StartError::Params);
        }
        let zone = self.plan.timezone;
        let scope = self.scope(&plain.into_iter().collect(), now, zone);
        let fault = |error: String| StartError::Connector(self.fault(error));
        let mut requests = Vec::new();
        for request in self.plan.requests.iter().filter(|request| request.starts) {
            for occasion in first_occasions(request, &scope, now, zone).map_err(fault)? {
                requests.push(ask::build(request, &occasion, &scope, None).map_err(fault)?);
            }
        }
        Ok(requests)
    }

    fn read(
        &self,
        document: &Document,
        params: &Params,
        options: &ReadOptions,
    ) -> Result<Reading, ReadError> {
        if let Some(code) = self.code {
            return code.read(document, &params::lenient(&self.spec, params), options);
        }
        let request = self.plan.request(&document.request.step).ok_or_else(|| {
            ReadError::Connector(
                self.fault(format!("there is no request `{}` any more", document.request.step)),
            )
        })?;
        let mut listed = Reading::default();
        if request.decode == DecodeSpec::Listing {
            listed = self.read_listing(request, document, options)?;
            if request.follow.is_empty() && request.pages.is_none() {
                return Ok(listed);
            }
        }
        let fault = |error: String| ReadError::Connector(self.fault(error));
        let base = self.base(document, request);
        let decoded = decode::decode(request, document, &base)?;
        let occasion = Occasion::of(&document.request);
        let zone = self.zone(options.timezone);
        let plain = params::lenient(&self.spec, params);
        let mut scope = self.scope(&plain.into_iter().collect(), options.now, zone);
        let fixed = Arc::make_mut(&mut scope.fixed);
        fixed.push(("doc", decoded.clone()));
        fixed.push(("url", Value::from(base.as_str())));
        fixed.push(("context", occasion.context_value()));
        fixed.push(("window", occasion.window_value()));
        fixed.push(("page", from_json(&Json::Object(occasion.page.clone()))));
        scope.item = decoded;
        let scope = Arc::new(scope);
        if let Some(message) = said_error(request, &scope).map_err(fault)? {
            return Err(ReadError::SourceError(message));
        }

        let today = options.now.with_timezone(&zone.unwrap_or(chrono_tz::UTC)).date_naive();
        let context =
            FieldContext { timezone: zone, hints: Hints { today: Some(today), ..Hints::default() } };
        let mut reader = Reader::new(&self.file, &context);
        reader.reading = listed;
        reader.reading.complete |= request.complete;
        reader.reading.total = turn::whole(request.total.as_ref(), &scope).map_err(fault)?;
        if self.split(request, &occasion, &scope, &mut reader.reading).map_err(fault)? {
            return Ok(reader.reading);
        }
        let mut found = None;
        for plan in &request.read {
            let (items, count) = reader.apply(plan, &scope)?;
            found.get_or_insert(count);
            for item in &items {
                self.follow(&plan.follow, item, &base, occasion.depth, &mut reader.reading);
            }
        }
        let whole = ReadItem { scope: Arc::clone(&scope), key: None };
        self.follow(&request.follow, &whole, &base, occasion.depth, &mut reader.reading);
        let mut known = HashSet::new();
        reader.reading.requests.retain(|request| known.insert(request.identity()));
        match self.turn(request, &occasion, &scope, document, found.unwrap_or(0)) {
            Ok(Some(next)) => turn_or_stop(request, &occasion, next, &mut reader.reading),
            Ok(None) => {}
            Err(error) => {
                reader.reading.complete = false;
                reader.reading.notes.push(Note::new(format!("cannot ask for the next page: {error}")));
            }
        }
        Ok(reader.reading)
    }

    fn lists(&self, params: &Params) -> Kind {
        self.code.map_or(Kind::Event, |code| code.lists(&params::lenient(&self.spec, params)))
    }

    fn instead(&self, request: &Request) -> Option<Request> {
        self.code?.instead(request)
    }

    fn after_failure(&self, request: &Request, params: &Params) -> Vec<Request> {
        self.code
            .map_or_else(Vec::new, |code| code.after_failure(request, &params::lenient(&self.spec, params)))
    }

    fn next(&self, params: &Params, so_far: &SoFar) -> Option<Next> {
        self.code?.next(&params::lenient(&self.spec, params), so_far)
    }

    fn policy(&self, params: &Params) -> Policy {
        let auth = self.plan.auth.as_ref().map(|auth| credentials(auth, params)).unwrap_or_default();
        let policy = Policy { auth, ..self.plan.policy.clone() };
        match self.code {
            Some(code) => code.policy(policy, &params::lenient(&self.spec, params)),
            None => policy,
        }
    }

    fn levels(&self) -> &'static [Kind] {
        self.code.map_or(&[], |code| code.levels())
    }

    fn begins_with(&self, params: &Params) -> Result<Option<Kind>, StartError> {
        let Some(code) = self.code else { return Ok(None) };
        let plain = params::complete(&self.spec, params).map_err(StartError::Params)?;
        code.begins_with(&plain).map_err(StartError::Params)
    }

    fn by_name(&self, params: &Params) -> Vec<ByName> {
        self.code.map_or_else(Vec::new, |code| code.by_name(&params::lenient(&self.spec, params)))
    }

    fn page_of(&self, fields: &Map<String, Json>, params: &Params) -> Option<Request> {
        self.code?.page_of(fields, &params::lenient(&self.spec, params))
    }

    fn fingerprint(&self) -> String {
        self.fingerprint.clone()
    }
}

/// The next page, unless the list is longer than it may be: then what was read is not all of it.
fn turn_or_stop(request: &RequestPlan, occasion: &Occasion, next: Request, reading: &mut Reading) {
    if occasion.page_count() < request.max_pages {
        reading.requests.push(next);
        return;
    }
    reading.complete = false;
    let most = request.max_pages;
    reading.damaged.get_or_insert(Note::new(format!(
        "stopped after {most} pages of `{}`; there are more (`max_pages`)",
        request.name
    )));
}

fn first_occasions(
    request: &RequestPlan,
    scope: &Scope,
    now: DateTime<Utc>,
    zone: Option<chrono_tz::Tz>,
) -> Result<Vec<Occasion>, String> {
    let items = match &request.for_each {
        None => vec![Json::Null],
        Some(rule) => {
            let values =
                rule.eval_all(&Arc::new(scope.clone())).map_err(|error| format!("`for_each`: {error}"))?;
            values.iter().map(to_json).collect()
        }
    };
    let today = now.with_timezone(&zone.unwrap_or(chrono_tz::UTC)).date_naive();
    let windows = match &request.windows {
        None => vec![None],
        Some(plan) => turn::first_windows(plan, today).into_iter().map(Some).collect(),
    };
    let mut occasions = Vec::new();
    for item in items {
        occasions.extend(windows.iter().map(|window| Occasion {
            item: item.clone(),
            window: *window,
            ..Occasion::default()
        }));
    }
    Ok(occasions)
}

/// Credentials from the parameters; none when a secret they need was not given.
fn credentials(plan: &AuthPlan, params: &Params) -> Auth {
    let secret = |template: &Template| secret_text(template, params);
    let auth = match plan {
        AuthPlan::Bearer(token) => secret(token).map(Auth::Bearer),
        AuthPlan::Header { name, value } => {
            secret(value).map(|value| Auth::Header { name: name.clone(), value })
        }
        AuthPlan::Query { name, value } => {
            secret(value).map(|value| Auth::Query { name: name.clone(), value })
        }
        AuthPlan::Basic { user, password } => secret(user).map(|user| Auth::Basic {
            user,
            password: password.as_ref().and_then(secret).unwrap_or_default(),
        }),
        AuthPlan::Oauth2 { token_url, client_id, client_secret, scope } => secret(client_id)
            .zip(secret(client_secret))
            .map(|(client_id, client_secret)| Auth::ClientCredentials {
                token_url: token_url.clone(),
                client_id,
                client_secret,
                scope: scope.clone(),
            }),
    };
    auth.unwrap_or_default()
}

fn secret_text(template: &Template, params: &Params) -> Option<SecretString> {
    let plain = params.plain.iter().map(|(name, value)| (name.clone(), from_json(value)));
    let secret = params.secret.iter().map(|(name, value)| (name.clone(), Value::from(value.expose_secret())));
    let all = Value::from_pairs(plain.chain(secret));
    let scope = Arc::new(Scope { fixed: Arc::new(vec![("params", all)]), ..Scope::default() });
    let value = template.eval(&scope).ok()?;
    (!crate::expression::is_nothing(&value)).then(|| SecretString::from(text_of(&value)))
}

#[cfg(test)]
mod tests;

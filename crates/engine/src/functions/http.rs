//! `http`: one request, by the same polite and guarded way out as everything else.

use std::time::Duration;

use connect::fetch::{Auth, ErrorRule, FetchError, Fetched, OnError, Policy};
use futures::future::BoxFuture;
use model::{Body, Document, Method, Request};
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Again, Answer, Call, Failure, Function, FunctionSpec};

mod landed;

pub(super) static SPEC: FunctionSpec = FunctionSpec {
    name: "http",
    summary: "Sends one HTTP request and gives the answer.",
    example: "- name: announce\n  function: http\n  max_retries: 0\n  with:\n    method: POST\n    url: https://api.example.org/refresh\n    headers: {Authorization: \"Bearer {{ env.EXAMPLE_TOKEN }}\"}\n    json: {day: \"{{ run.date }}\"}\n    expect: [200, 202]\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// Parameters of `http`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Where to.
    url: String,
    /// How. What is no GET is sent once a try: where a repeat would do harm, set `max_retries: 0`.
    #[serde(default)]
    method: Verb,
    /// Headers. One that holds a secret is shown to the host of `url` alone.
    #[serde(default)]
    headers: Map<String, Value>,
    /// What to send, as text; its Content-Type is text/plain unless `headers` say.
    body: Option<String>,
    /// What to send, as JSON.
    json: Option<Value>,
    /// Statuses that are no failure; any from 200 to 299 unless said.
    #[serde(default)]
    expect: Vec<u16>,
    /// What of the answer becomes the output.
    #[serde(default)]
    output: Output,
    /// Keep the body in the landing, so that a run that fetches nothing has it.
    #[serde(default)]
    save: bool,
    /// Obey robots.txt; true for GET unless said.
    robots: Option<bool>,
}

/// How.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum Verb {
    #[default]
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

/// `json`: the body as JSON; `text`: the body as text; `status`: no body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Output {
    #[default]
    Json,
    Text,
    Status,
}

pub(super) struct Http;

impl Function for Http {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(run(call))
    }
}

async fn run(call: &Call) -> Result<Answer, Failure> {
    let params: Params = call.params()?;
    let (request, auth) = request(call, &params)?;
    let shown = call.run.masker.mask(&format!("{} {}", request.method.name(), request.url));
    if call.run.manner.dry_run {
        let body = body_name(params.output);
        return Ok(Answer::done(
            json!({"dry_run": format!("would send {shown}"), "status": null, body: null}),
        ));
    }
    if call.run.manner.skip_fetch {
        return landed::known(call, &params, &request).await;
    }
    let fetcher = call.world.fetcher.as_ref().ok_or_else(|| Failure::input("nothing is fetched here"))?;
    let policy = policy(&params, &request, auth);
    match fetcher.fetch(&request, &policy, None).await {
        Ok(Fetched::Document(document)) => {
            let expected = params.expect.is_empty() || params.expect.contains(&document.status);
            match expected {
                true => landed::answer(call, &params, *document).await,
                false => Err(Failure::lasting(
                    "status",
                    format!("{shown} answered {}, which is none of {:?}", document.status, params.expect),
                )),
            }
        }
        Ok(Fetched::Skipped { status }) => Ok(bare(&params, status)),
        Ok(Fetched::NotModified { .. }) => Ok(bare(&params, 304)),
        Err(error) => Err(failure(&error)),
    }
}

fn bare(params: &Params, status: u16) -> Answer {
    Answer::done(json!({"status": status, body_name(params.output): null}))
}

fn body_name(output: Output) -> &'static str {
    match output {
        Output::Json => "json",
        Output::Text | Output::Status => "text",
    }
}

/// The request, and the header with a secret in it, which is not part of it.
fn request(call: &Call, params: &Params) -> Result<(Request, Auth), Failure> {
    let url: Url =
        params.url.parse().map_err(|error| Failure::input(format!("url: it is no address: {error}")))?;
    let mut request = Request { method: params.method.method(), body: body(params)?, ..Request::get(url) };
    if request.method == Method::Get && request.body.is_some() {
        return Err(Failure::input("a GET sends no body: set method"));
    }
    let mut auth = Auth::None;
    for (name, value) in &params.headers {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let secret = call.run.masker.mask(&value) != value;
        match (secret, &auth) {
            (true, Auth::None) => auth = Auth::Header { name: name.clone(), value: value.into() },
            (true, _) => return Err(Failure::input("headers: only one of them may hold a secret")),
            (false, _) if name.eq_ignore_ascii_case("content-type") && request.body.is_some() => {
                request.body.iter_mut().for_each(|body| body.media_type.clone_from(&value));
            }
            (false, _) => request.headers.push((name.clone(), value)),
        }
    }
    Ok((request, auth))
}

fn body(params: &Params) -> Result<Option<Body>, Failure> {
    let body = |media_type: &str, text: String| Body { media_type: media_type.to_owned(), text };
    match (&params.body, &params.json) {
        (Some(_), Some(_)) => Err(Failure::input("give either body or json")),
        (Some(text), None) => Ok(Some(body("text/plain; charset=utf-8", text.clone()))),
        (None, Some(json)) => Ok(Some(body("application/json", json.to_string()))),
        (None, None) => Ok(None),
    }
}

/// A GET may be repeated by the way out itself; anything else is repeated by the step alone.
fn policy(params: &Params, request: &Request, auth: Auth) -> Policy {
    let is_get = request.method == Method::Get;
    let expected = params.expect.iter().filter(|status| **status >= 300).map(|status| ErrorRule {
        status: Some((*status, *status)),
        then: Some(OnError::Skip),
        ..ErrorRule::default()
    });
    Policy {
        auth_host: request.url.host_str().map(|host| match request.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }),
        auth,
        robots: params.robots.unwrap_or(is_get),
        errors: expected.collect(),
        attempts: (!is_get).then_some(1),
        ..Policy::default()
    }
}

fn failure(error: &FetchError) -> Failure {
    match error {
        FetchError::Quota { .. } | FetchError::BreakerOpen { .. } => {
            let again = Again::After(Duration::from_secs(60));
            Failure { again, ..Failure::passing(error.class(), error.to_string()) }
        }
        error if error.retry_later() => Failure::passing(error.class(), error.to_string()),
        error => Failure::lasting(error.class(), error.to_string()),
    }
}

impl Verb {
    fn method(self) -> Method {
        match self {
            Verb::Get => Method::Get,
            Verb::Post => Method::Post,
            Verb::Put => Method::Put,
            Verb::Patch => Method::Patch,
            Verb::Delete => Method::Delete,
        }
    }
}

/// What the step gives for an answer.
fn output(params: &Params, document: &Document) -> Result<Value, Failure> {
    let mut output = json!({"status": document.status, "content_type": document.media_type()});
    match params.output {
        Output::Status => {}
        Output::Text => output["text"] = Value::from(String::from_utf8_lossy(&document.body)),
        Output::Json if document.body.is_empty() => output["json"] = Value::Null,
        Output::Json => {
            output["json"] = serde_json::from_slice(&document.body).map_err(|error| {
                Failure::lasting("output", format!("the answer is no JSON ({error}): ask for output: text"))
            })?;
        }
    }
    Ok(output)
}

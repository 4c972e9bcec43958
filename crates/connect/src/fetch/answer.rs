//! What an answer means: a document, nothing new, nothing there, try again, give up, stop. The
//! policy's own rules decide first, then the general ones.

use std::time::Duration;

use bytes::Bytes;
use model::{Document, Found};
use reqwest::header::{CONNECTION, ETAG, HeaderMap, LAST_MODIFIED, SET_COOKIE, TRANSFER_ENCODING};
use serde_json::Value;
use url::Url;

use super::client::{Answer, Failure};
use super::credentials::redact;
use super::journey::Errand;
use super::{Auth, ErrorRule, FetchError, Fetched, OnError, Policy, Validators};

/// Longest piece of a source's own words in a message.
const MAX_WORDS: usize = 200;

/// Statuses that may pass by themselves.
pub(super) fn worth_retrying(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

/// What to make of `answer`, which came from `landed` in the end.
pub(super) fn judge(answer: Answer, landed: &Url, errand: &Errand<'_>) -> Result<Fetched, Failure> {
    let rule = rule_for(&answer, errand.policy);
    let (status, at) = (answer.status, answer.at);
    match (rule.map(|rule| rule.then.unwrap_or(OnError::Fail)), errand.validators) {
        (Some(OnError::Skip), _) => Ok(Fetched::Skipped { status }),
        (Some(then), _) => Err(told(then, rule, &answer, errand)),
        (None, Some(validators)) if status == 304 => {
            Ok(Fetched::NotModified { validators: renewed(validators, &answer.headers), fetched_at: at })
        }
        (None, _) if (200..300).contains(&status) => {
            Ok(Fetched::Document(Box::new(document(answer, landed, errand))))
        }
        (None, _) => Err(told(general(status, errand), None, &answer, errand)),
    }
}

/// The policy's first rule that fits.
pub(super) fn rule_for<'a>(answer: &Answer, policy: &'a Policy) -> Option<&'a ErrorRule> {
    policy.errors.iter().find(|rule| matches(rule, answer))
}

/// A rule speaks of errors, unless it names other statuses itself.
fn matches(rule: &ErrorRule, answer: &Answer) -> bool {
    let (low, high) = rule.status.unwrap_or((400, 599));
    (low..=high).contains(&answer.status)
        && rule.body_contains.as_ref().is_none_or(|text| contains(&answer.body, text))
}

fn contains(body: &[u8], text: &str) -> bool {
    memchr::memmem::find(body, text.as_bytes()).is_some()
}

fn general(status: u16, errand: &Errand<'_>) -> OnError {
    match status {
        401 | 403 if errand.has_credentials() => OnError::Stop,
        status if worth_retrying(status) => OnError::Retry,
        _ => OnError::Fail,
    }
}

fn told(then: OnError, rule: Option<&ErrorRule>, answer: &Answer, errand: &Errand<'_>) -> Failure {
    let (url, status) = (errand.clean.clone(), answer.status);
    let message = message(rule, answer, &errand.policy.auth);
    let error = match (then, status) {
        (OnError::Stop, 401 | 403) => {
            let held_in = errand.policy.held_in.clone();
            FetchError::Credentials { url, status, message, held_in }
        }
        (OnError::Stop, _) => FetchError::Quota { url, message, until: errand.reset_at(answer) },
        (_, 404 | 410) => FetchError::Gone { url, status, message },
        (_, 401) if !errand.has_credentials() => {
            let message = format!("{message}; it asks for a key, and a connector can send one (`auth`)");
            FetchError::Status { url, status, message, attempts: 1 }
        }
        _ => FetchError::Status { url, status, message, attempts: 1 },
    };
    Failure { error, again: then == OnError::Retry }
}

/// The rule's words for the user, then the source's own.
fn message(rule: Option<&ErrorRule>, answer: &Answer, auth: &Auth) -> String {
    let ours = rule.map(|rule| rule.message.as_str()).filter(|text| !text.is_empty());
    let theirs = redact(&explanation(&answer.body), auth);
    match (ours, theirs.is_empty()) {
        (Some(ours), true) => ours.to_owned(),
        (Some(ours), false) => format!("{ours} (it said: {theirs})"),
        (None, false) => theirs,
        (None, true) => reason_phrase(answer.status),
    }
}

fn reason_phrase(status: u16) -> String {
    let known = reqwest::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason());
    known.unwrap_or("no reason given").to_owned()
}

/// What an error body says in words, where it is JSON in one of the usual forms; pages say nothing.
pub(super) fn explanation(body: &Bytes) -> String {
    let Ok(json) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let text = words(&json, 0).unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(MAX_WORDS).collect()
}

fn words(json: &Value, depth: u32) -> Option<&str> {
    const NAMES: [&str; 8] =
        ["error_description", "description", "faultstring", "detail", "message", "title", "error", "fault"];
    match json {
        Value::String(text) => Some(text),
        Value::Object(fields) if depth < 4 => NAMES
            .iter()
            .chain(&["errors"])
            .find_map(|name| fields.get(*name).and_then(|value| words(value, depth + 1))),
        Value::Array(items) if depth < 4 => items.iter().find_map(|item| words(item, depth + 1)),
        _ => None,
    }
}

fn renewed(validators: &Validators, headers: &HeaderMap) -> Validators {
    let text = |name| headers.get(name)?.to_str().ok().map(str::to_owned);
    validators.renewed(text(ETAG), text(LAST_MODIFIED))
}

fn document(answer: Answer, landed: &Url, errand: &Errand<'_>) -> Document {
    let mut request = errand.request.clone();
    request.url.clone_from(&errand.url);
    Document {
        request,
        url: landed.clone(),
        name: landed.to_string(),
        found: Found::Fetched,
        status: answer.status,
        headers: kept_headers(&answer.headers, &errand.policy.auth),
        fetched_at: answer.at,
        body: answer.body,
    }
}

/// All but cookies, which are credentials, and what only concerns the connection.
fn kept_headers(headers: &HeaderMap, auth: &Auth) -> Vec<(String, String)> {
    let dropped = [SET_COOKIE, CONNECTION, TRANSFER_ENCODING];
    let kept = headers.iter().filter(|(name, _)| !dropped.contains(name));
    kept.map(|(name, value)| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let value = if matches!(auth, Auth::None) { value.into_owned() } else { redact(&value, auth) };
        (name.as_str().to_owned(), value)
    })
    .collect()
}

/// How long a refusal says to wait, if it does.
pub(super) fn asked_wait(answer: &Answer, errand: &Errand<'_>) -> Option<Duration> {
    let stated = super::limits::retry_after(&answer.headers, answer.at);
    let limited = || errand.left(answer).reset_in.filter(|_| answer.status == 429);
    stated.or_else(limited).filter(|_| worth_retrying(answer.status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_error_bodies_are_quoted() {
        let check = |body: &str, expected: &str| {
            assert_eq!(explanation(&Bytes::from(body.to_owned())), expected, "{body}");
        };
        check(
            r#"{"error":"HIT_RATE_LIMIT","error_description":"Slow down.","status_code":429}"#,
            "Slow down.",
        );
        check(r#"{"error":{"code":"TOKEN_INVALID","description":"Bad token"}}"#, "Bad token");
        check(r#"{"fault":{"faultstring":"Invalid ApiKey","detail":{"errorcode":"x"}}}"#, "Invalid ApiKey");
        check(r#"{"errors":[{"code":"DIS1004","detail":"Not found","status":"404"}]}"#, "Not found");
        check(r#"{"status":"error","status_code":403,"message":"no\n client_id"}"#, "no client_id");
        check("<html><title>502 Bad Gateway</title></html>", "");
        check("", "");
    }
}

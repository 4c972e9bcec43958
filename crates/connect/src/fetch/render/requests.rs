//! What a page asks for while it is shown: its own document is at hand, scripts and answers for them are
//! fetched as everything is, pictures and the like are refused.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Body, Method};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use url::Url;

use super::super::answer::worth_retrying;
use super::super::client::{Answer, Failure, Keep, Outgoing};
use super::super::limits::retry_after;
use super::failed;
use super::page::Errand;

/// One request of a page.
#[derive(Debug)]
pub struct Asked {
    /// The browser's name for it.
    pub id: String,
    url: Url,
    method: String,
    kind: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

/// What it is answered.
pub enum Reply {
    /// Not fetched, and why.
    Refuse(&'static str),
    /// Parameters of `Fetch.fulfillRequest`.
    Give(Value),
}

const BLOCKED: Reply = Reply::Refuse("BlockedByClient");

impl Asked {
    pub fn of(event: &Value) -> Option<Asked> {
        let request = &event["request"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let headers = request["headers"].as_object().into_iter().flatten();
        Some(Asked {
            id: text(&event["requestId"])?,
            url: Url::parse(request["url"].as_str()?).ok()?,
            method: text(&request["method"])?,
            kind: text(&event["resourceType"]).unwrap_or_default(),
            headers: headers.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect(),
            body: text(&request["postData"]),
        })
    }

    fn is_document_of(&self, url: &Url) -> bool {
        let mut own = self.url.clone();
        own.set_fragment(None);
        let mut wanted = url.clone();
        wanted.set_fragment(None);
        self.kind == "Document" && own == wanted
    }
}

/// The answer, and the failure that it is for the page as a whole.
pub async fn answer(asked: &Asked, errand: &Errand<'_>) -> (Reply, Option<Failure>) {
    if asked.is_document_of(errand.url) {
        return (give(asked, errand.answer), None);
    }
    if !matches!(asked.kind.as_str(), "Script" | "XHR" | "Fetch") {
        return (BLOCKED, None);
    }
    let Some(method) = method(&asked.method) else { return (BLOCKED, None) };
    if errand.robots && errand.fetcher.obey_robots(&asked.url, asked.url.as_str()).await.is_err() {
        return (BLOCKED, None);
    }
    let shared = asked.kind == "Script" && method == Method::Get;
    if let Some(known) = errand.scripts.get(&asked.url).filter(|_| shared) {
        return (give(asked, &known), None);
    }
    match fetch(asked, method, errand).await {
        Ok(answer) => {
            let answer = Arc::new(answer);
            if shared && answer.status == 200 {
                errand.scripts.keep(&asked.url, &answer);
            }
            let fault = refusal(asked, &answer, errand);
            (give(asked, &answer), fault)
        }
        Err(failure) => {
            let fault = near(&asked.url, errand.url).then(|| {
                let why = format!("{} did not come: {}", asked.url, failure.error);
                Failure { error: failed(errand.url, &why), again: failure.again }
            });
            (Reply::Refuse("Failed"), fault)
        }
    }
}

async fn fetch(asked: &Asked, method: Method, errand: &Errand<'_>) -> Result<Answer, Failure> {
    let shared = &errand.fetcher.shared;
    let body = asked.body.as_ref().map(|text| {
        let stated = asked.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let media_type = stated.map_or("text/plain", |(_, value)| value.as_str()).to_owned();
        Body { media_type, text: text.clone() }
    });
    let outgoing = Outgoing {
        url: asked.url.clone(),
        clean: asked.url.as_str(),
        method,
        headers: passed_on(asked),
        login: None,
        body: body.as_ref(),
        keep: Keep::Whole(shared.options.max_bytes),
        errors: &[],
    };
    errand.fetcher.exchange_within(outgoing).await
}

/// An answer that says "later" is one without which the page shows nothing, or something wrong.
fn refusal(asked: &Asked, answer: &Answer, errand: &Errand<'_>) -> Option<Failure> {
    if !worth_retrying(answer.status) || !near(&asked.url, errand.url) {
        return None;
    }
    if let Some(wait) = retry_after(&answer.headers, answer.at) {
        errand.fetcher.pause(errand.url, wait);
    }
    let why = format!("{} answered {}", asked.url, answer.status);
    Some(Failure::again(failed(errand.url, &why)))
}

/// Of the site itself, as far as names tell; what others are asked for (counters, adverts) may fail.
fn near(url: &Url, page: &Url) -> bool {
    let site = |url: &Url| {
        let host = url.host_str().unwrap_or_default();
        let labels: Vec<&str> = host.rsplit('.').take(2).collect();
        labels.join(".")
    };
    url.host_str() == page.host_str() || site(url) == site(page)
}

fn method(name: &str) -> Option<Method> {
    Some(match name {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        _ => return None,
    })
}

/// Headers that scripts set. Those that say who asks are ours.
fn passed_on(asked: &Asked) -> HeaderMap {
    const OURS: [&str; 8] = [
        "user-agent",
        "host",
        "content-length",
        "content-type",
        "accept-encoding",
        "connection",
        "cookie",
        "range",
    ];
    let mut headers = HeaderMap::new();
    for (name, value) in &asked.headers {
        let lower = name.to_ascii_lowercase();
        if OURS.contains(&lower.as_str()) || lower.starts_with("sec-") {
            continue;
        }
        if let (Ok(name), Ok(value)) = (lower.parse::<HeaderName>(), HeaderValue::from_str(value)) {
            headers.insert(name, value);
        }
    }
    headers
}

/// The answer as the browser takes it: the body is whole and plain by now.
fn give(asked: &Asked, answer: &Answer) -> Reply {
    const GONE: [&str; 4] = ["content-encoding", "content-length", "transfer-encoding", "set-cookie"];
    let kept = answer.headers.iter().filter(|(name, _)| !GONE.contains(&name.as_str()));
    let headers: Vec<Value> = kept
        .map(|(name, value)| json!({"name": name.as_str(), "value": String::from_utf8_lossy(value.as_bytes())}))
        .collect();
    Reply::Give(json!({
        "requestId": asked.id, "responseCode": answer.status, "responseHeaders": headers,
        "body": STANDARD.encode(&answer.body),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_site() {
        let check = |a: &str, b: &str, expected| {
            let url = |text: &str| Url::parse(text).expect("an address");
            assert_eq!(near(&url(a), &url(b)), expected, "{a} {b}");
        };
        check("https://api.taggrading.com/pops", "https://my.taggrading.com/", true);
        check("https://counter.test/x", "https://my.taggrading.com/", false);
        check("http://127.0.0.1:8080/x", "http://127.0.0.1:8081/", true);
    }
}

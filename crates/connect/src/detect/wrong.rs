//! What stands in place of a listing: sign-in pages, redirects, error messages. Only asked about
//! documents in which no event was found.

use model::Document;
use serde_json::Value;

use crate::ReadError;
use crate::format::html::{Page, says_more_than};
use crate::format::xml;
use crate::value::text;

/// A page that says more than this in words is no bare sign-in, redirect or error page.
const LITTLE_TEXT: usize = 1500;

/// Nor is a page with more markup than this, whatever it says; its text is not even taken out.
const LARGE_MARKUP: usize = 300_000;

/// Longest error message repeated to the user.
const LONGEST_MESSAGE: usize = 200;

const SIGN_IN_HOSTS: &[&str] = &[
    "accounts.google.com",
    "login.microsoftonline.com",
    "login.live.com",
    "login.yahoo.com",
    "idmsa.apple.com",
    "login.salesforce.com",
    "secure.meetup.com",
];

const SIGN_IN_WORDS: &[&str] =
    &["sign in", "signin", "log in", "login", "anmelden", "inloggen", "se connecter", "iniciar sesion"];

/// Phrases that open error messages, in lower case.
const ERROR_PHRASES: &[&str] = &[
    "bad request",
    "unauthorized",
    "forbidden",
    "access denied",
    "not found",
    "page not found",
    "gone",
    "too many requests",
    "internal server error",
    "server error",
    "bad gateway",
    "service unavailable",
    "gateway timeout",
    "gateway time-out",
    "attention required",
    "just a moment",
    "request blocked",
    "error",
    "an error",
    "invalid",
];

/// An error when the page is not the listing it should be.
pub(super) fn page(page: &Page<'_>, html: &str, document: &Document) -> Result<(), ReadError> {
    let title = text::line_from_html(page.title);
    if let Some(target) = moved_to(page, &title, html, document) {
        return Err(ReadError::Moved(target));
    }
    let host = page.own_url(document).or_else(|| Some(document.url.clone()));
    let host = host.as_ref().and_then(|url| url.host_str()).unwrap_or_default();
    let titled = has_words(&title, SIGN_IN_WORDS);
    if SIGN_IN_HOSTS.contains(&host) || titled || page.asks_password && says_little(html) {
        return Err(ReadError::SignIn(if title.is_empty() { host.to_owned() } else { title }));
    }
    if says_error(&title) && says_little(html) {
        return Err(ReadError::SourceError(shortened(&title)));
    }
    if title.is_empty() && html.len() <= LARGE_MARKUP {
        let body = text::line_from_html(html);
        if body.len() <= LONGEST_MESSAGE && says_error(&body) {
            return Err(ReadError::SourceError(body));
        }
    }
    Ok(())
}

/// Plain text that is no listing: an error message, or something unknown.
pub(super) fn text(document: &Document) -> ReadError {
    let body = String::from_utf8_lossy(&document.body[..document.body.len().min(4096)]);
    let line = text::fold(&body);
    if line.len() <= LONGEST_MESSAGE && says_error(&line) || document.status >= 400 {
        return ReadError::SourceError(shortened(&line));
    }
    let shown = shortened(&line);
    ReadError::Unrecognised(format!("neither calendar, page, feed nor JSON; it begins with {shown:?}"))
}

/// XML whose root says that it is an error.
pub(super) fn xml_error(document: &Document) -> Option<ReadError> {
    let text = xml::text(&document.body, document.header("content-type"));
    let tree = xml::parse(&text).ok()?;
    let root = tree.root_element();
    if !root.tag_name().name().eq_ignore_ascii_case("error") {
        return None;
    }
    let message = root.descendants().find(|node| node.tag_name().name().eq_ignore_ascii_case("message"));
    Some(ReadError::SourceError(shortened(&xml::own_text(message.unwrap_or(root)))))
}

/// JSON whose top level says that it is an error and holds no list of anything; or that says nothing
/// but one sentence.
pub(crate) fn json_error(value: &Value) -> Option<ReadError> {
    let object = value.as_object()?;
    let alone = ["message", "Message", "errorMessage", "detail"].iter().find_map(|key| object.get(*key));
    if let Some(said) = alone.and_then(Value::as_str).filter(|_| object.len() == 1) {
        return Some(ReadError::SourceError(shortened(said)));
    }
    let error =
        ["error", "errors", "fault"].iter().find_map(|key| object.get(*key)).filter(|e| !is_nothing(e))?;
    let lists = object
        .iter()
        .any(|(key, member)| key != "errors" && member.as_array().is_some_and(|l| !l.is_empty()));
    if lists {
        return None;
    }
    let detail = ["error_description", "message", "detail"].iter().find_map(|key| object.get(*key)?.as_str());
    let code = said(error);
    Some(ReadError::SourceError(shortened(&match detail {
        Some(detail) if !code.contains(detail) => format!("{code}: {detail}"),
        _ => code,
    })))
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

/// The words of an error value, however deep it wraps them.
fn said(error: &Value) -> String {
    const WORDS: [&str; 7] = ["code", "title", "description", "detail", "message", "faultstring", "error"];
    match error {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.first().map(said).unwrap_or_default(),
        Value::Object(members) => {
            let parts = WORDS.iter().filter_map(|key| members.get(*key)).map(said);
            let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
            if parts.is_empty() { error.to_string() } else { parts.join(": ") }
        }
        other => other.to_string(),
    }
}

/// Where a redirect page leads. A page with text of its own may refresh itself without being one.
fn moved_to(page: &Page<'_>, title: &str, html: &str, document: &Document) -> Option<String> {
    let lower = title.to_lowercase();
    let named = ["301 ", "302 ", "303 ", "307 ", "308 "].iter().any(|code| lower.starts_with(code))
        || ["moved permanently", "object moved", "document moved", "redirecting"]
            .iter()
            .any(|t| lower.starts_with(t));
    let target = page.refresh.as_deref().or_else(|| named.then(|| first_link(html)).flatten());
    let target = target.and_then(|href| document.url.join(href).ok()).filter(|url| *url != document.url);
    if target.is_none() && !named || !says_little(html) {
        return None;
    }
    Some(target.map_or_else(|| "an address it does not give".to_owned(), String::from))
}

fn first_link(html: &str) -> Option<&str> {
    let at = html.find("href=")? + "href=".len();
    let value = html[at..].trim_start_matches(['"', '\'']);
    value.split(['"', '\'', '>', ' ']).next().filter(|href| !href.is_empty())
}

/// True for a page that says little: the signs of sign-in and redirect pages stand on others too.
fn says_little(html: &str) -> bool {
    html.len() <= LARGE_MARKUP && !says_more_than(html, LITTLE_TEXT)
}

/// Whole words, so that "Blogging in Leeds" asks nobody to log in.
fn has_words(title: &str, phrases: &[&str]) -> bool {
    let lower = title.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let spaced = format!(" {} ", words.join(" "));
    phrases.iter().any(|phrase| spaced.contains(&format!(" {phrase} ")))
}

/// A status number from 400 on, or a phrase errors open with.
fn says_error(message: &str) -> bool {
    let lower = message.trim().to_lowercase();
    let number =
        lower.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse::<u16>().ok());
    let phrase = lower.trim_start_matches(|c: char| !c.is_alphabetic());
    let opens = ERROR_PHRASES.iter().any(|known| {
        phrase.strip_prefix(known).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    });
    number.is_some_and(|code| (400..600).contains(&code)) || opens
}

fn shortened(message: &str) -> String {
    if message.len() <= LONGEST_MESSAGE {
        return message.to_owned();
    }
    format!("{}…", &message[..message.floor_char_boundary(LONGEST_MESSAGE)])
}

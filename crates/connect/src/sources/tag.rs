//! The population reports of TAG Grading: category, year, set, card, graded copies, and the totals of each
//! page, from the pages as a browser shows them.
//!
//! The site's own API is not used: it asks for a signature, which is to say for permission.

mod address;
mod certificate;
mod copies;
mod counts;
mod levels;
mod table;
mod tiles;
mod want;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use model::{Document, Kind, Reading, Request};
use regex::Regex;
use scraper::Html;
use serde_json::{Map, Value};
use url::Url;

use crate::connector::{ByName, ReadError, ReadOptions};
use crate::fetch::Policy;
use crate::format::html::{decode, nests_too_deeply, scan};
use crate::manifest::Code;
use address::Address;
use levels::Page;
use want::{Level, Want};

/// The categories that were known when this was written: where to begin when the list of them does not come,
/// or not whole.
const KNOWN: [&str; 32] = [
    "Baseball",
    "Basketball",
    "Football",
    "Hockey",
    "MMA",
    "Soccer",
    "Racing",
    "Golf",
    "Tennis",
    "Boxing",
    "Other Sports",
    "Multi-Sport",
    "Marvel/DC",
    "Star Wars",
    "Fortnite",
    "Garbage Pail Kids",
    "Music",
    "TV/Movies",
    "Wrestling",
    "Video Games",
    "Nature",
    "Pop Culture",
    "Disney",
    "Pokémon",
    "Magic the Gathering",
    "Dragon Ball",
    "Metazoo",
    "Weiß Schwarz",
    "One Piece",
    "Lorcana",
    "Digimon",
    "Other TCG",
];

/// The connector.
#[derive(Debug, Clone, Copy)]
pub struct Tag;

impl Code for Tag {
    fn start(
        &self,
        params: &BTreeMap<String, Value>,
        _cursor: Option<&Value>,
        _now: DateTime<Utc>,
    ) -> Result<Vec<Request>, String> {
        let want = Want::of(params)?;
        // What is not among those that are known may be new, or misspelt: the list says which.
        let known = |name: &String| KNOWN.contains(&name.as_str());
        if want.categories.is_empty() || !want.categories.iter().all(known) {
            return Ok(vec![request(&Address::List, &want.base)]);
        }
        let category = |name: &String| request(&Address::Category(name.clone()), &want.base);
        Ok(want.categories.iter().map(category).collect())
    }

    fn read(
        &self,
        document: &Document,
        params: &BTreeMap<String, Value>,
        options: &ReadOptions,
    ) -> Result<Reading, ReadError> {
        let want = Want::of(params).map_err(ReadError::Unrecognised)?.at(options.now);
        let text = decode(document);
        if text.trim().is_empty() {
            return Err(ReadError::Empty);
        }
        let url = own_address(document, &text, &want.base);
        let address = Address::parse(&url)
            .ok_or_else(|| ReadError::Unrecognised(format!("{url} is no page of a population report")))?;
        if nests_too_deeply(&text) {
            return Err(ReadError::TooDeep);
        }
        let html = Html::parse_document(&text);
        let context = &document.request.context;
        let (counted, known) = (context["counted"].as_i64(), context[FROM_MEMORY] == true);
        let reading = Reading { complete: true, ..Reading::default() };
        let shown = table::shown(&html, &url);
        let mut page = Page { shown, html: &html, url: &url, want: &want, counted, known, reading };
        match &address {
            Address::List => page.categories(),
            Address::Certificate(certificate) => page.certificate(certificate),
            _ => listed(&mut page, &address)?,
        }
        Ok(page.reading)
    }

    fn levels(&self) -> &'static [Kind] {
        const LEVELS: [Kind; 6] = [
            Kind::CardCategory,
            Kind::CardYear,
            Kind::CardSet,
            Kind::Card,
            Kind::GradedCard,
            Kind::CardTotals,
        ];
        &LEVELS
    }

    fn begins_with(&self, params: &BTreeMap<String, Value>) -> Result<Option<Kind>, String> {
        let want = Want::of(params)?;
        Ok(match want.from {
            Level::Category => None,
            // What was named need not be looked up.
            Level::Year if !want.categories.is_empty() => None,
            Level::Year => Some(Kind::CardCategory),
            Level::Set => Some(Kind::CardYear),
            Level::Card => Some(Kind::CardSet),
            Level::Copy => Some(Kind::Card),
            Level::Certificate => Some(Kind::GradedCard),
        })
    }

    fn page_of(&self, fields: &Map<String, Value>, params: &BTreeMap<String, Value>) -> Option<Request> {
        let want = Want::of(params).ok()?;
        let address = Address::parse(&Url::parse(fields.get("url")?.as_str()?).ok()?)?;
        let counted = ["total", "graded"].iter().find_map(|name| fields.get(*name)?.as_i64());
        want.covers(&address).then(|| {
            let mut request = request(&address, &want.base);
            if let Some(counted) = counted {
                request.context = serde_json::json!({ "counted": counted });
            }
            request
        })
    }

    fn by_name(&self, params: &BTreeMap<String, Value>) -> Vec<ByName> {
        Want::of(params).map_or_else(|_| Vec::new(), |want| want.by_name())
    }

    /// Without the list of categories, those that are known are asked for.
    fn after_failure(&self, request: &Request, params: &BTreeMap<String, Value>) -> Vec<Request> {
        let Ok(want) = Want::of(params) else { return Vec::new() };
        if request.step != Address::List.step() {
            return Vec::new();
        }
        from_memory(&want, &want.base, &[])
    }

    fn policy(&self, mut policy: Policy, params: &BTreeMap<String, Value>) -> Policy {
        let number = |name: &str| params.get(name).and_then(Value::as_f64);
        if let Some(delay_secs) = number("delay") {
            // A division by no delay is infinite, which is no rate.
            policy.per_second = Some((1.0 / delay_secs).min(f64::MAX));
            policy.even = delay_secs > 0.0;
        }
        if let Some(retries) = params.get("max_retries").and_then(Value::as_u64) {
            policy.attempts = Some(u32::try_from(retries).unwrap_or(u32::MAX).saturating_add(1));
        }
        policy.retry_backoff = number("retry_backoff");
        if params.get("render") == Some(&Value::Bool(false)) {
            policy.render = None;
        }
        policy
    }

    fn version(&self) -> u32 {
        2
    }
}

/// Marks, in the context of a request, that the list of categories did not lead to it: what it asks for may
/// not be there.
const FROM_MEMORY: &str = "from_memory";

/// Requests for the known categories that are wanted and not `found`.
fn from_memory(want: &Want, base: &Url, found: &[String]) -> Vec<Request> {
    let others = KNOWN.iter().filter(|name| !found.iter().any(|known| known == **name));
    let addresses = others.map(|name| Address::Category((*name).to_owned()));
    addresses
        .filter(|address| want.follows(address))
        .map(|address| Request {
            context: serde_json::json!({ FROM_MEMORY: true }),
            ..request(&address, base)
        })
        .collect()
}

fn request(address: &Address, base: &Url) -> Request {
    let mut request = Request::get(address.url(base));
    request.step = address.step().to_owned();
    request
}

/// A page of a table: one that was not rendered, or is empty where its parent counts something, is no
/// answer at all.
fn listed(page: &mut Page<'_>, address: &Address) -> Result<(), ReadError> {
    let rows = page.shown.tables.iter().map(|table| table.rows.len() + table.totals.len()).sum::<usize>();
    if rows == 0 {
        match (page.counted, page.shown.says_nothing, page.shown.tables.is_empty()) {
            (Some(counted), ..) if counted > 0 => {
                return Err(ReadError::SourceError(format!(
                    "the page lists nothing, where {counted} were counted; try again later"
                )));
            }
            (_, false, true) => {
                return Err(ReadError::Unrecognised(
                    "there is no table on the page: it has to be rendered by a browser".to_owned(),
                ));
            }
            _ => {}
        }
    }
    match address {
        Address::Category(category) => page.years(category),
        Address::Year(year) => page.sets(year),
        Address::Set(set) => page.cards(set),
        Address::Card(card) => page.copies(card),
        Address::List | Address::Certificate(_) => {}
    }
    Ok(())
}

static SAVED_FROM: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"<!--\s*saved from url=(?:\(\d+\))?(\S+)\s*-->").expect("a constant pattern is valid")
});

/// The address of a page. One from a file tells its own: by its canonical link, by what browsers write
/// into pages they save, or by where it lies (`pop-report/Baseball/1989.html`).
fn own_address(document: &Document, text: &str, base: &Url) -> Url {
    if document.url.scheme() != "file" {
        return document.url.clone();
    }
    let canonical = scan(text).own_url(document);
    let saved = || SAVED_FROM.captures(text).and_then(|found| Url::parse(found.get(1)?.as_str()).ok());
    let told = canonical.or_else(saved).filter(|url| Address::parse(url).is_some());
    told.or_else(|| by_path(&document.url, base)).unwrap_or_else(|| document.url.clone())
}

fn by_path(file: &Url, base: &Url) -> Option<Url> {
    let path = file.path();
    let at = path.rfind("/pop-report").or_else(|| path.rfind("/card/"))?;
    let path = path[at..].trim_end_matches("/index.html").trim_end_matches(".html").trim_end_matches(".htm");
    base.join(path).ok()
}

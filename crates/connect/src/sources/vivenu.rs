//! The ticketing API of vivenu: events, tickets, purchases, coupons and check-ins of a seller. Only
//! published documentation and recorded answers were read for it.
//!
//! A list is gone through in pages that overlap, and what was seen is counted against what the source says
//! it holds; between two goings through only what has changed is asked for. Webhooks are read by the same
//! code as lists.

mod answers;
mod event;
mod list;
mod page;
mod part;
mod passes;
mod purchase;
mod said;
mod ticket;
mod webhook;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use model::{Document, Kind, Note, Reading, Record, Rejected, Request};
use serde_json::{Value, json};

use crate::connector::{Next, ReadError, ReadOptions, SoFar};
use crate::manifest::Code;
use page::{Page, Place};
use part::Part;
use ticket::Tickets;

/// `Male` or `Female`, as an answer in any of the languages of the sellers says it.
pub fn gender_answered(text: &str) -> Option<&'static str> {
    answers::gender(text)
}

/// The column of a ticket that answers can be mapped to, by its name or by that of the systems before.
pub fn mapped(column: &str) -> Option<&'static str> {
    let found = ticket::MAPPED.iter().find(|(name, before)| *name == column || before.contains(&column));
    found.map(|(name, _)| *name)
}

/// Why this column cannot be mapped.
pub fn unmapped(column: &str) -> String {
    let columns = || ticket::MAPPED.iter().map(|(name, _)| *name);
    match model::nearest(column, columns()) {
        Some(near) => format!("no answer is read into a column `{column}`; did you mean `{near}`?"),
        None => {
            let all = columns().collect::<Vec<_>>().join(", ");
            format!("no answer is read into a column `{column}`; there are {all}")
        }
    }
}

/// The connector.
pub struct Vivenu;

type Params = BTreeMap<String, Value>;

/// What is asked for where nothing else is said; check-ins are the seller's of all events, and many.
pub const PARTS: [&str; 5] = ["events", "tickets", "transactions", "coupon_series", "coupons"];

impl Code for Vivenu {
    fn start(
        &self,
        params: &Params,
        cursor: Option<&Value>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Request>, String> {
        let part = part_of(params)?;
        if let Some(column) = fields(params).keys().find(|column| mapped(column).is_none()) {
            return Err(format!("`fields`: {}", unmapped(column)));
        }
        let mut url = part.url(params)?;
        if let (Part::Events, Some(event)) = (part, part::event(params)) {
            url.path_segments_mut().map_err(|()| "`base_url` is no address")?.push(event);
            let step = "event".to_owned();
            return Ok(vec![Request { step, ..Request::get(url) }]);
        }
        let since = since(part, params, cursor, now);
        let began = match (&since, cursor.and_then(|cursor| cursor["began"].as_str())) {
            (Some(_), Some(began)) => began.to_owned(),
            _ => said::written(now),
        };
        let top = params.get("top").and_then(Value::as_u64).unwrap_or(1000).clamp(1, 1000);
        let (part, whole, asked) = (part.name().to_owned(), since.is_none(), said::written(now));
        let (newest, place) = (None, Place::First);
        let first = Page { part, pass: 1, whole, began, asked, newest, since, top, skip: 0, place };
        Ok(vec![first.request(url)])
    }

    fn read(&self, document: &Document, params: &Params, _: &ReadOptions) -> Result<Reading, ReadError> {
        let page = Page::of(&document.request);
        if let Some((part, page)) = page.and_then(|page| Some((Part::from_name(&page.part)?, page))) {
            return read_page(&document.body, part, page, params);
        }
        let json: Value = serde_json::from_slice(&document.body).map_err(malformed)?;
        if let Some(message) = refusal(&json) {
            return Err(ReadError::SourceError(message));
        }
        if document.request.step == "webhook" || webhook::is_one(&json) {
            return webhook::read(&json, &fields(params));
        }
        if document.request.step == "event" || (said::key(&json).is_some() && json.get("start").is_some()) {
            let records = event::records(&json);
            // A total makes the answer read however often it is the same: webhooks may have said more.
            return Ok(Reading { records, complete: true, total: Some(1), ..Reading::default() });
        }
        read_list(&json, params)
    }

    fn lists(&self, params: &Params) -> Kind {
        part_of(params).map_or(Kind::Event, Part::kind)
    }

    fn instead(&self, request: &Request) -> Option<Request> {
        let Some(smaller) = Page::of(request).and_then(|page| page.smaller()) else { return again(request) };
        let mut url = request.url.clone();
        let others: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !matches!(&**name, "top" | "skip" | "updatedAt[$gte]"))
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        url.set_query(None);
        url.query_pairs_mut().extend_pairs(others);
        Some(smaller.request(url))
    }

    fn next(&self, params: &Params, so_far: &SoFar) -> Option<Next> {
        let part = part_of(params).ok()?;
        let one_event = part == Part::Events && part::event(params).is_some();
        (!one_event).then(|| passes::next(part, params, so_far))
    }

    fn version(&self) -> u32 {
        1
    }
}

/// What cannot be made smaller is asked for a few times: the mark behind its address, which is not sent,
/// makes it another request.
fn again(request: &Request) -> Option<Request> {
    const TIMES: u32 = 5;
    let before: u32 = request.url.fragment().and_then(|mark| mark.parse().ok()).unwrap_or(1);
    let mut next = request.clone();
    next.url.set_fragment(Some(&(before + 1).to_string()));
    (before < TIMES).then_some(next)
}

fn part_of(params: &Params) -> Result<Part, String> {
    let name = params.get("part").and_then(Value::as_str).unwrap_or("tickets");
    Part::from_name(name).ok_or_else(|| {
        let names: Vec<&str> = Part::ALL.iter().map(|part| part.name()).collect();
        format!("`part` {name:?} is none of {}", names.join(", "))
    })
}

/// From when on changes are asked for; `None` where the whole list is due.
fn since(part: Part, params: &Params, cursor: Option<&Value>, now: DateTime<Utc>) -> Option<String> {
    let number = |name: &str, otherwise: i64| params.get(name).and_then(Value::as_i64).unwrap_or(otherwise);
    let at = |name: &str| cursor.and_then(|cursor| said::parse(cursor.get(name)?.as_str()?));
    let (seen, began) = (at("since")?, at("began")?);
    let due = now - began >= TimeDelta::hours(number("full_every_hours", 24).clamp(0, 24 * 366));
    let asked_for = params.get("full").and_then(Value::as_bool).unwrap_or(false);
    let overlap = TimeDelta::seconds(number("overlap_secs", 300).clamp(0, 86_400));
    (part.has_changes() && !due && !asked_for).then(|| said::written(seen - overlap))
}

/// For columns of a ticket the answer they are read from: `column=answer` each.
fn fields(params: &Params) -> BTreeMap<String, String> {
    let listed = params.get("fields").into_iter().flat_map(said::items).filter_map(Value::as_str);
    let pair = |text: &str| text.split_once('=').map(|(column, name)| (column.to_owned(), name.to_owned()));
    listed.filter_map(pair).collect()
}

/// What the API says where it refuses: `{statusCode, error, message}`.
fn refusal(json: &Value) -> Option<String> {
    let status = json.get("statusCode")?.as_u64().filter(|status| *status >= 400)?;
    let word = |name: &str| json.get(name).and_then(Value::as_str).unwrap_or_default();
    Some(format!("{status} {}: {}", word("error"), word("message")))
}

/// The rows of an answer, in each of its envelopes, and how many the source says there are.
fn rows(json: &Value) -> Option<(&Vec<Value>, Option<u64>)> {
    let listed =
        json.as_array().or_else(|| ["rows", "docs"].iter().find_map(|name| json.get(name)?.as_array()));
    Some((listed?, json.get("total").and_then(Value::as_u64)))
}

/// Which list a bare answer is of, by what only its rows have.
fn guessed(json: &Value) -> Option<Part> {
    let row = rows(json)?.0.first()?;
    let has = |name: &str| row.get(name).is_some();
    match () {
        () if has("ticketTypeId") && has("scanResult") => Some(Part::Scans),
        () if has("ticketTypeId") && has("barcode") => Some(Part::Tickets),
        () if has("couponType") || (has("code") && has("used")) => Some(Part::Coupons),
        () if has("discountType") => Some(Part::CouponSeries),
        () if has("sellStart") || (has("start") && has("name")) => Some(Part::Events),
        () if has("paymentStatus") || has("realPrice") => Some(Part::Transactions),
        () => None,
    }
}

/// A list that was not asked for as a page: a file, or something recorded.
fn read_list(json: &Value, params: &Params) -> Result<Reading, ReadError> {
    let (rows, total) = rows(json).ok_or_else(unrecognised)?;
    let mut reading = Reading { total, ..Reading::default() };
    let Some(part) = guessed(json) else {
        return if rows.is_empty() { Ok(reading) } else { Err(unrecognised()) };
    };
    let fields = fields(params);
    let mut reader = Rows { part, tickets: Tickets::new(&fields), event: part::event(params) };
    rows.iter().for_each(|row| reader.take(row, &mut reading));
    reading.notes.extend(reader.tickets.notes());
    Ok(reading)
}

fn unrecognised() -> ReadError {
    ReadError::Unrecognised("no list of vivenu: neither rows nor docs nor a list".to_owned())
}

fn malformed(error: serde_json::Error) -> ReadError {
    let (line, column) = (error.line(), error.column());
    ReadError::Malformed { format: "JSON", line, column, message: error.to_string() }
}

/// A page of a list, row by row, and what follows from it.
fn read_page(body: &[u8], part: Part, mut page: Page, params: &Params) -> Result<Reading, ReadError> {
    let (mut reading, fields) = (Reading::default(), fields(params));
    let mut reader = Rows { part, tickets: Tickets::new(&fields), event: part::event(params) };
    let mut latest: Option<DateTime<Utc>> = None;
    let said = list::read(body, &mut |row| {
        latest = latest.max(row.get("updatedAt").and_then(|at| said::parse(at.as_str()?)));
        if page.place != Place::Count {
            reader.take(&row, &mut reading);
        }
    });
    let said = said.map_err(malformed)?;
    if let Some(message) = refusal(&said.refusal) {
        return Err(ReadError::SourceError(message));
    }
    let rows = said.rows.ok_or_else(unrecognised)?;
    reading.total = said.total;
    reading.notes.extend(reader.tickets.notes());
    let latest = latest.filter(|_| part.has_changes());
    if page.place == Place::First {
        page.newest = latest.map(said::written);
    }
    let url = part.url(params).map_err(ReadError::SourceError)?;
    let following = page.following(rows, said.total);
    reading.requests = following.iter().map(|page| page.request(url.clone())).collect();
    reading.cursor = latest.and_then(|latest| cursor(&page, latest));
    Ok(reading)
}

/// How far the clocks of the source and of this machine may be apart, in minutes.
const CLOCKS_MINUTES: i64 = 10;

/// The cursor that a page gives: when the whole list was last begun, and from when on changes are to be
/// asked for. What changed after its list was begun may have been missed, so that is the latest change its
/// first page told of; or, where the source's clock is seen not to be behind, shortly before it was asked.
/// The greatest of a run stands.
fn cursor(page: &Page, latest: DateTime<Utc>) -> Option<Value> {
    let first = match page.place {
        Place::First => latest,
        Place::Middle(_) | Place::Last => said::parse(page.newest.as_deref()?)?,
        Place::Count => return None,
    };
    let before = said::parse(&page.asked)? - TimeDelta::minutes(CLOCKS_MINUTES);
    let since = if latest >= before { first.max(before.min(latest)) } else { first };
    Some(json!({"began": page.began, "since": said::written(since)}))
}

/// Reads the rows of one list.
struct Rows<'a> {
    part: Part,
    tickets: Tickets<'a>,
    event: Option<&'a str>,
}

impl Rows<'_> {
    fn take(&mut self, row: &Value, reading: &mut Reading) {
        if self.part == Part::Events {
            reading.records.extend(event::records(row));
            return;
        }
        if self.part == Part::Scans && self.is_of_another_event(row) {
            return;
        }
        match self.record(row) {
            Some(record) => reading.records.push(record),
            None => reading.rejected.push(keyless(self.part)),
        }
    }

    /// Scans are listed for all events of a seller.
    fn is_of_another_event(&self, row: &Value) -> bool {
        self.event.is_some_and(|event| row.get("eventId").and_then(Value::as_str) != Some(event))
    }

    fn record(&mut self, row: &Value) -> Option<Record> {
        match self.part {
            Part::Tickets => self.tickets.record(row),
            Part::Transactions => purchase::transaction(row),
            Part::CouponSeries => purchase::series(row),
            Part::Coupons => purchase::coupon(row),
            Part::Scans => purchase::scan(row),
            Part::Events => None,
        }
    }
}

/// What it said is left out: it may be about a person.
fn keyless(part: Part) -> Rejected {
    let detail = format!("a row of {} has no `_id`", part.name());
    Rejected { key: None, reason: "missing_key".to_owned(), detail, said: Value::Null }
}

/// A remark that nothing of a document is for us.
fn nothing(message: String) -> Reading {
    Reading { notes: vec![Note::new(message)], ..Reading::default() }
}

#[cfg(test)]
mod tests;

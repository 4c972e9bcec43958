//! Turning pages: from an answer to the request for the next one, and from a full window to its halves.

use std::sync::Arc;

use minijinja::value::Value;
use model::{Document, Window};
use serde_json::{Map, Value as Json};

use super::ask::Occasion;
use super::plan::{PagesPlan, WindowsPlan};
use super::rule::{Rule, holds};
use crate::expression::{Scope, is_nothing, text_of};

/// The occasion of the next page; `None` on the last one. `found` is the number of items on this page.
pub fn next(
    pages: &PagesPlan,
    occasion: &Occasion,
    scope: &Arc<Scope>,
    document: &Document,
    found: usize,
) -> Result<Option<Occasion>, String> {
    let found = found as u64;
    let step = match pages {
        PagesPlan::Page { first, size, pages, .. } => {
            let number = number_of(occasion, "number").unwrap_or(*first);
            let more = match whole(pages.as_ref(), scope)? {
                Some(pages) => number + 1 < first + pages,
                None => found > 0 && size.is_none_or(|size| found >= size),
            };
            more.then(|| ("number", Json::from(number + 1)))
        }
        PagesPlan::Offset { limit, total, cap, .. } => {
            let next = number_of(occasion, "offset").unwrap_or(0) + limit;
            let more = match whole(total.as_ref(), scope)? {
                Some(total) => next < total && found > 0,
                None => found >= *limit,
            };
            (more && cap.is_none_or(|cap| next < cap)).then(|| ("offset", Json::from(next)))
        }
        PagesPlan::Cursor { from, more, .. } => cursor(from, more.as_ref(), occasion, scope)?,
        PagesPlan::NextLink { from } => {
            let value = from.eval(scope)?;
            (!is_nothing(&value)).then(|| ("url", Json::from(text_of(&value))))
        }
        PagesPlan::LinkHeader => {
            document.header("link").and_then(next_of_links).map(|url| ("url", Json::from(url)))
        }
    };
    Ok(step.map(|(name, value)| turned(occasion, name, value)))
}

fn cursor(
    from: &Rule,
    more: Option<&crate::expression::Expression>,
    occasion: &Occasion,
    scope: &Arc<Scope>,
) -> Result<Option<(&'static str, Json)>, String> {
    if !holds(more, scope)? {
        return Ok(None);
    }
    let value = from.eval(scope)?;
    let token = text_of(&value);
    // A source that repeats its token would be asked the same for ever.
    let repeats = occasion.page.get("cursor").and_then(Json::as_str) == Some(token.as_str());
    Ok((!is_nothing(&value) && !repeats).then(|| ("cursor", Json::from(token))))
}

fn turned(occasion: &Occasion, name: &str, value: Json) -> Occasion {
    let mut page = Map::new();
    page.insert("count".to_owned(), Json::from(occasion.page_count() + 1));
    let mut next = Occasion { depth: occasion.depth + 1, ..occasion.clone() };
    match (name, value) {
        ("url", Json::String(url)) => next.url = Some(url),
        (name, value) => drop(page.insert(name.to_owned(), value)),
    }
    next.page = page;
    next
}

fn number_of(occasion: &Occasion, name: &str) -> Option<u64> {
    occasion.page.get(name).and_then(Json::as_u64)
}

/// A rule that gives a whole number, or nothing.
pub fn whole(rule: Option<&Rule>, scope: &Arc<Scope>) -> Result<Option<u64>, String> {
    let Some(rule) = rule else { return Ok(None) };
    let value = rule.eval(scope)?;
    if is_nothing(&value) {
        return Ok(None);
    }
    let number = value.as_i64().and_then(|n| u64::try_from(n).ok());
    let number = number.or_else(|| text_of(&value).trim().replace(',', "").parse().ok());
    number.map(Some).ok_or_else(|| format!("expected a whole number, got `{}`", Value::to_string(&value)))
}

/// The address of `rel="next"` in a `Link` header (RFC 8288).
fn next_of_links(header: &str) -> Option<String> {
    for link in header.split(",").scan(String::new(), join_split_addresses).flatten() {
        let (address, params) = link.split_once('>')?;
        let is_next = params.split(';').any(|param| {
            let (name, value) = param.split_once('=').unwrap_or((param, ""));
            let mut rels = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel") && rels.any(|rel| rel.eq_ignore_ascii_case("next"))
        });
        if is_next {
            return Some(address.trim().trim_start_matches('<').to_owned());
        }
    }
    None
}

/// Commas inside `<…>` do not separate links.
fn join_split_addresses(open: &mut String, part: &str) -> Option<Option<String>> {
    if !open.is_empty() {
        open.push(',');
    }
    open.push_str(part);
    let complete = open.contains('>') || !open.contains('<');
    Some(complete.then(|| std::mem::take(open)))
}

/// The spans of days a run begins with.
pub fn first_windows(plan: &WindowsPlan, today: chrono::NaiveDate) -> Vec<Window> {
    let whole = Window::around(today, plan.days_back, plan.days_ahead);
    let Some(days) = plan.days_each.filter(|days| *days > 0) else { return vec![whole] };
    let step = chrono::TimeDelta::days(i64::from(days));
    let mut windows = Vec::new();
    let mut from = whole.from;
    while from <= whole.to {
        let next = from.checked_add_signed(step).unwrap_or(chrono::NaiveDate::MAX);
        let to = next.pred_opt().unwrap_or(next).min(whole.to);
        windows.push(Window { from, to });
        if next <= from {
            break;
        }
        from = next;
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_next_link_of_a_header() {
        let check = |header: &str, expected: Option<&str>| {
            assert_eq!(next_of_links(header).as_deref(), expected, "{header}");
        };
        check(
            "<https://a.org/?page=2>; rel=\"next\", <https://a.org/?page=9>; rel=\"last\"",
            Some("https://a.org/?page=2"),
        );
        check("<https://a.org/?p=1>; rel=prev, </b?x=1,2>; REL=\"foo Next\"", Some("/b?x=1,2"));
        check("<https://a.org/>; rel=\"last\"", None);
        check("garbage, <", None);
    }

    #[test]
    fn spans_cover_every_day_once() {
        let today = "2026-01-10".parse().unwrap();
        let plan = WindowsPlan {
            days_back: 1,
            days_ahead: 8,
            days_each: Some(4),
            total: super::super::rule::literal(&Json::Null),
            cap: 1,
        };
        let shown: Vec<String> =
            first_windows(&plan, today).iter().map(|w| format!("{} {}", w.from, w.to)).collect();
        assert_eq!(shown, ["2026-01-09 2026-01-12", "2026-01-13 2026-01-16", "2026-01-17 2026-01-18"]);
    }
}

//! Knows a bare document, such as a saved answer, by what stands in it.
//!
//! Every connector at hand is asked about every such document, so it is decoded once for all of them,
//! and only as far as a rule asks.

use std::borrow::Cow;
use std::cell::OnceCell;

use minijinja::value::Value;
use model::Document;
use serde_json::Value as Json;

use super::plan::RecognisePlan;
use crate::expression::{Address, Element, from_json};

/// A document that rules look at.
pub struct Glance<'a> {
    document: &'a Document,
    text: Cow<'a, str>,
    json: OnceCell<Option<Value>>,
    page: OnceCell<Option<Value>>,
}

impl<'a> Glance<'a> {
    /// Decodes nothing yet.
    pub fn at(document: &'a Document) -> Glance<'a> {
        let text = String::from_utf8_lossy(&document.body);
        Glance { document, text, json: OnceCell::new(), page: OnceCell::new() }
    }

    /// True when all parts of the rule hold.
    pub(super) fn fits(&self, rule: &RecognisePlan) -> bool {
        rule.host.as_ref().is_none_or(|host| self.is_of(host))
            && rule.text.as_ref().is_none_or(|wanted| self.text.contains(wanted.as_str()))
            && (rule.json.is_empty() || self.holds(&rule.json))
            && rule.html.as_ref().is_none_or(|selector| self.shows(selector))
    }

    fn is_of(&self, host: &str) -> bool {
        let own = self.document.url.host_str().unwrap_or_default();
        own == host || own.strip_suffix(host).is_some_and(|rest| rest.ends_with('.'))
    }

    fn holds(&self, paths: &[Address]) -> bool {
        let read = || {
            let json: Json = serde_json::from_str(self.text.trim_start_matches('\u{feff}')).ok()?;
            Some(from_json(&json))
        };
        let Some(value) = self.json.get_or_init(read) else { return false };
        paths.iter().all(|path| !path.all(value, value).is_empty())
    }

    fn shows(&self, selector: &str) -> bool {
        let read = || Element::parse(&self.text, &self.document.url).map(Value::from);
        let Some(page) = self.page.get_or_init(read) else { return false };
        !Address::parse(selector).all(page, page).is_empty()
    }
}

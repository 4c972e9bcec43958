//! One event stated in several forms on one page (JSON-LD, microdata, microformats): one node.

use chrono::NaiveDate;
use serde_json::{Map, Value};

use super::{key, node};
use crate::value::time;

/// The nodes of `first`, filled up from those nodes of `second` that state the same event, and then
/// the other nodes of `second`.
///
/// Two nodes state the same event when name or address agree and the starts agree to the minute; or
/// when name or address and the day agree and no other node of the page could be meant.
pub fn merge(mut first: Vec<Value>, second: Vec<Value>) -> Vec<Value> {
    if first.is_empty() || second.is_empty() {
        first.extend(second);
        return first;
    }
    let known: Vec<Traits> = first.iter().map(traits).collect();
    let candidates: Vec<Traits> = second.iter().map(traits).collect();
    for (node, own) in second.into_iter().zip(&candidates) {
        match counterpart(own, &known, &candidates) {
            Some(index) => fill(&mut first[index], node),
            None => first.push(node),
        }
    }
    first
}

struct Traits {
    start: String,
    day: Option<NaiveDate>,
    name: String,
    address: String,
}

impl Traits {
    fn same_thing(&self, other: &Traits) -> bool {
        let agree = |a: &str, b: &str| !a.is_empty() && a == b;
        agree(&self.name, &other.name) || agree(&self.address, &other.address)
    }

    fn same_day(&self, other: &Traits) -> bool {
        self.same_thing(other) && self.day.is_some() && self.day == other.day
    }
}

fn counterpart(own: &Traits, known: &[Traits], candidates: &[Traits]) -> Option<usize> {
    let exact = known.iter().position(|k| k.same_thing(own) && k.start == own.start);
    if exact.is_some() {
        return exact;
    }
    let unique = |among: &[Traits]| among.iter().filter(|t| t.same_day(own)).count() == 1;
    let only_one = unique(known) && unique(candidates);
    only_one.then(|| known.iter().position(|k| k.same_day(own))).flatten()
}

fn traits(value: &Value) -> Traits {
    let nothing = Map::new();
    let object = value.as_object().unwrap_or(&nothing);
    let start = node::get(object, "startDate").and_then(node::verbatim).unwrap_or_default();
    let url = node::get(object, "url").and_then(node::verbatim).unwrap_or_default();
    Traits {
        start: key::start_text(&start),
        // Behind a broken clock time the day is often sound.
        day: time::read(start.split('T').next().unwrap_or_default()).date,
        name: key::slug(&node::line(object, "name").unwrap_or_default()),
        address: key::address_key(&url).unwrap_or_default(),
    }
}

/// Adds what the first node leaves out, and times that it garbles.
fn fill(first: &mut Value, second: Value) {
    let (Value::Object(mine), Value::Object(theirs)) = (first, second) else { return };
    for (name, value) in theirs {
        let replaced = match node::get(mine, &name) {
            None => true,
            Some(Value::String(text)) if text.trim().is_empty() => true,
            Some(stated) => {
                matches!(name.as_str(), "startDate" | "endDate") && garbled(stated) && !garbled(&value)
            }
        };
        if replaced {
            mine.insert(name, value);
        }
    }
}

fn garbled(value: &Value) -> bool {
    node::verbatim(value).is_none_or(|said| time::read(&said).date.is_none())
}

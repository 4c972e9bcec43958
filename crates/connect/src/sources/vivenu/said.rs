//! What a JSON object of the API says under a name. A name that is left out says nothing; null and blank
//! text say that there is none: the API gives whole objects, its webhooks sometimes parts of them.

use chrono::{DateTime, SecondsFormat, Utc};
use model::{Amount, Stated};
use serde_json::Value;

/// A text, without white space around it.
pub(super) fn text(row: &Value, name: &str) -> Stated<String> {
    match row.get(name) {
        None => Stated::Unstated,
        Some(Value::String(text)) if !text.trim().is_empty() => Stated::Value(text.trim().to_owned()),
        Some(Value::Number(number)) => Stated::Value(number.to_string()),
        Some(_) => Stated::Empty,
    }
}

/// A text with each run of white space made a single space.
pub(super) fn line(row: &Value, name: &str) -> Stated<String> {
    text(row, name).map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// True or false.
pub(super) fn flag(row: &Value, name: &str) -> Stated<bool> {
    match row.get(name) {
        None => Stated::Unstated,
        Some(value) => value.as_bool().map_or(Stated::Empty, Stated::Value),
    }
}

/// A whole number.
pub(super) fn whole(row: &Value, name: &str) -> Stated<i64> {
    let read = |value: &Value| {
        value.as_i64().or_else(|| value.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as i64))
    };
    match row.get(name) {
        None => Stated::Unstated,
        Some(value) => read(value).map_or(Stated::Empty, Stated::Value),
    }
}

/// A number.
pub(super) fn number(row: &Value, name: &str) -> Stated<f64> {
    match row.get(name) {
        None => Stated::Unstated,
        Some(value) => value.as_f64().map_or(Stated::Empty, Stated::Value),
    }
}

/// An amount of money, in units of its currency.
pub(super) fn amount(row: &Value, name: &str) -> Stated<Amount> {
    match number(row, name) {
        Stated::Value(number) => Amount::from_f64(number).map_or(Stated::Empty, Stated::Value),
        Stated::Empty => Stated::Empty,
        Stated::Unstated => Stated::Unstated,
    }
}

/// A point in time.
pub(super) fn instant(row: &Value, name: &str) -> Stated<DateTime<Utc>> {
    match row.get(name) {
        None => Stated::Unstated,
        Some(value) => value.as_str().and_then(parse).map_or(Stated::Empty, Stated::Value),
    }
}

/// A point in time as the API writes it.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text.trim()).ok().map(|at| at.with_timezone(&Utc))
}

/// A point in time as the API is asked for it: to the millisecond, so that text order is time order.
pub(super) fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A list of texts.
pub(super) fn texts(row: &Value, name: &str) -> Stated<Vec<String>> {
    match row.get(name) {
        None => Stated::Unstated,
        Some(value) => Stated::Value(items(value).filter_map(|one| Some(one.as_str()?.to_owned())).collect()),
    }
}

/// Whatever stands there.
pub(super) fn whatever(row: &Value, name: &str) -> Stated<Value> {
    match row.get(name) {
        None => Stated::Unstated,
        Some(Value::Null) => Stated::Empty,
        Some(value) => Stated::Value(value.clone()),
    }
}

/// The elements of a list; none where it is no list.
pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The key of an object.
pub(super) fn key(row: &Value) -> Option<&str> {
    row.get("_id").and_then(Value::as_str).filter(|key| !key.is_empty())
}

/// What has happened to it: type and date of each entry, oldest first.
pub(super) fn history(row: &Value, name: &str) -> Stated<Value> {
    let Some(listed) = row.get(name) else { return Stated::Unstated };
    let mut entries: Vec<Value> = items(listed)
        .map(|entry| {
            let kind = entry.get("type").or_else(|| entry.get("title")).cloned().unwrap_or(Value::Null);
            serde_json::json!({"type": kind, "date": entry.get("date").cloned().unwrap_or(Value::Null)})
        })
        .collect();
    entries.sort_by(|a, b| a["date"].as_str().cmp(&b["date"].as_str()));
    Stated::Value(Value::Array(entries))
}

/// Everything that was bought along: a list of `{product, variant, name}`.
pub(super) fn add_ons(row: &Value) -> Stated<Value> {
    let Some(listed) = row.get("addOns") else { return Stated::Unstated };
    let of = |one: &Value, name: &str| one.get(name).cloned().unwrap_or(Value::Null);
    let one = |one: &Value| {
        let (product, variant) = (of(one, "productId"), of(one, "productVariantId"));
        serde_json::json!({"product": product, "variant": variant, "name": of(one, "name")})
    };
    Stated::Value(items(listed).map(one).collect())
}

//! From what a rule gave to what a column holds.

use chrono::Utc;
use chrono_tz::Tz;
use minijinja::value::{Value, ValueKind};
use model::{Column, ColumnType, Stated, When, Zone};
use serde_json::Value as Json;

use crate::expression::{Element, Moment, is_nothing, read_date, read_status, text_of, to_json};
use crate::value::date::Hints;
use crate::value::text::fold;

/// What coercion may know beside the value.
pub struct FieldContext {
    /// Zone of local times that name none.
    pub timezone: Option<Tz>,
    /// How to read dates written as people write.
    pub hints: Hints,
}

/// The words an event's status is stored in.
const STATUSES: &[&str] =
    &["scheduled", "tentative", "cancelled", "postponed", "rescheduled", "moved_online"];

/// The value in the form its column stores; the error says what was expected.
pub fn stated(
    column: &Column,
    value: &Value,
    clears: bool,
    context: &FieldContext,
) -> Result<Stated<Json>, String> {
    let nothing = if clears { Stated::Empty } else { Stated::Unstated };
    if is_nothing(value) || is_empty_list(value) {
        return Ok(nothing);
    }
    let json = match column.column_type {
        ColumnType::When => moment(value, context)?,
        ColumnType::Instant => instant(value, context)?,
        ColumnType::Text if column.name == "status" => status(value)?,
        ColumnType::Text => text(value)?,
        ColumnType::Json => match to_json(value) {
            Json::Array(items) => {
                Json::Array(items.into_iter().filter(|item| is_said(column, item)).collect())
            }
            other => other,
        },
        ColumnType::Decimal => amount(value)?,
        ColumnType::Integer | ColumnType::Real | ColumnType::Bool => plain(value),
    };
    Ok(if is_blank(&json) { nothing } else { Stated::Value(json) })
}

fn is_empty_list(value: &Value) -> bool {
    value.kind() == ValueKind::Seq && value.len() == Some(0)
}

/// A link that leads nowhere is none: pages name papers ("Minutes") before they put them up.
fn is_said(column: &Column, item: &Json) -> bool {
    !is_blank(item) && (column.name != "links" || item.get("url").is_some_and(|url| !is_blank(url)))
}

fn is_blank(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::String(text) => text.trim().is_empty(),
        _ => false,
    }
}

fn plain(value: &Value) -> Json {
    match to_json(value) {
        Json::String(text) => Json::String(text.trim().to_owned()),
        other => other,
    }
}

fn text(value: &Value) -> Result<Json, String> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => Err(format!(
            "expected a text, got a list {}; `first` picks one, `join(', ')` joins them",
            to_json(value)
        )),
        ValueKind::Map => {
            Err(format!("expected a text, got the object {}", shortened(&to_json(value).to_string())))
        }
        _ if value.downcast_object_ref::<Element>().is_some() => Ok(Json::String(text_of(value))),
        _ => Ok(Json::String(text_of(value).trim().to_owned())),
    }
}

fn status(value: &Value) -> Result<Json, String> {
    let said = fold(&text_of(value));
    if STATUSES.contains(&said.as_str()) {
        return Ok(Json::String(said));
    }
    let read = read_status(&said).map(|status| Json::String(status.to_owned()));
    read.ok_or_else(|| {
        format!(
            "`{}` is no status; they are {}: map it with `choose({{…}})`",
            shortened(&said),
            STATUSES.join(", ")
        )
    })
}

fn amount(value: &Value) -> Result<Json, String> {
    match plain(value) {
        Json::String(text) if text.parse::<f64>().is_err() => match crate::value::money::read_price(&text) {
            Some(amount) => Ok(Json::from(amount.as_f64())),
            None => Err(format!("no price found in `{}`", shortened(&text))),
        },
        other => Ok(other),
    }
}

fn when(value: &Value, context: &FieldContext) -> Result<When, String> {
    let when = match Moment::of(value) {
        Some(moment) => moment.0.clone(),
        None if value.is_number() => {
            return Err(format!(
                "{value} is a number: `epoch` reads seconds since 1970, `epoch_ms` milliseconds"
            ));
        }
        None => read_date(text_of(value).trim(), &context.hints),
    };
    if when.date.is_none() && when.clock != model::Clock::ToBeAnnounced {
        return Err(format!("no date found in `{}`", shortened(&when.said)));
    }
    Ok(context.timezone.map_or(when.clone(), |tz| when.in_zone_if_floating(Zone::Named(tz))))
}

fn moment(value: &Value, context: &FieldContext) -> Result<Json, String> {
    let when = when(value, context)?;
    serde_json::to_value(&when).map_err(|error| error.to_string())
}

fn instant(value: &Value, context: &FieldContext) -> Result<Json, String> {
    let when = when(value, context)?;
    match when.instant() {
        Some(instant) => Ok(Json::String(instant.with_timezone(&Utc).to_rfc3339())),
        None => Err(format!("`{}` names no instant: its time or its zone is missing", shortened(&when.said))),
    }
}

/// Enough of a text to recognise it in a message.
pub fn shortened(text: &str) -> String {
    let text = fold(text);
    if text.chars().count() <= 120 { text } else { text.chars().take(119).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_that_lead_nowhere_are_none() {
        let column = model::Kind::Event.spec().column("links").unwrap();
        let context = FieldContext { timezone: None, hints: Hints::default() };
        let read = |json: Json| {
            stated(column, &crate::expression::from_json(&json), false, &context).unwrap().value().cloned()
        };
        let agenda = serde_json::json!({"title": "Agenda", "url": "https://example.org/a.pdf"});
        assert_eq!(read(serde_json::json!([agenda, {"title": "Minutes"}])), Some(Json::Array(vec![agenda])));
        assert_eq!(read(serde_json::json!([{"title": "Minutes", "url": " "}])), Some(Json::Array(vec![])));
    }
}

//! A point in time as a value of expressions: prints as ISO 8601, knows its parts, and keeps all that
//! the source said about it.

use std::fmt;
use std::sync::Arc;

use chrono::Datelike;
use minijinja::value::{Object, ObjectRepr, Value};
use model::When;

/// A [`When`] in an expression. False when its text could not be read as a date.
#[derive(Clone, PartialEq)]
pub struct Moment(pub When);

impl Moment {
    /// The moment that `value` is, if it is one.
    pub fn of(value: &Value) -> Option<Arc<Moment>> {
        value.downcast_object::<Moment>()
    }
}

impl From<Moment> for Value {
    fn from(moment: Moment) -> Value {
        Value::from_object(moment)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `2019-01-14T15:00:00`, `2019-01-14`, or nothing: the local reading, without zone.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.date, self.0.time) {
            (Some(date), Some(time)) => write!(f, "{date}T{}", time.format("%H:%M:%S")),
            (Some(date), None) => write!(f, "{date}"),
            (None, _) => Ok(()),
        }
    }
}

impl Object for Moment {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let when = &self.0;
        let date = when.date;
        match key.as_str()? {
            "date" => date.map(|d| Value::from(d.to_string())),
            "time" => when.time.map(|t| Value::from(t.format("%H:%M").to_string())),
            "year" => date.map(|d| Value::from(d.year())),
            "month" => date.map(|d| Value::from(d.month())),
            "day" => date.map(|d| Value::from(d.day())),
            "weekday" => date.map(|d| Value::from(d.format("%A").to_string())),
            "zone" => when.zone_name().map(Value::from),
            "said" => Some(Value::from(when.said.as_str())),
            _ => None,
        }
    }

    fn is_true(self: &Arc<Self>) -> bool {
        self.0.date.is_some()
    }

    fn custom_cmp(self: &Arc<Self>, other: &minijinja::value::DynObject) -> Option<std::cmp::Ordering> {
        let other = other.downcast_ref::<Moment>()?;
        Some(self.0.sort_key().cmp(&other.0.sort_key()))
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

//! How a record kind is declared: one struct that is also its table. The declaration gives the
//! column list (DDL, bulk upsert, reference page) and the conversion to and from stated JSON values.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::{Amount, Stated, When, nearest};

/// How a column is stored; each database names its own type for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnType {
    /// Unicode text.
    Text,
    /// 64-bit whole number.
    Integer,
    /// 64-bit floating point.
    Real,
    /// Money amount, four decimals.
    Decimal,
    /// True or false.
    Bool,
    /// A point in time, UTC.
    Instant,
    /// A time as stated, with its resolved instant: see [`When`].
    When,
    /// A list or object as JSON.
    Json,
}

/// One column of a record kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Column name, also the field's name in manifests, JSON and the change log.
    pub name: &'static str,
    /// How it is stored.
    pub column_type: ColumnType,
    /// What it means, one sentence or more.
    pub doc: &'static str,
    /// True for personal data: masked wherever it is shown unless asked for.
    pub personal: bool,
}

/// One record kind as a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct TableSpec {
    /// Singular name of the kind, as in `kind: event`.
    pub kind: &'static str,
    /// Table name.
    pub table: &'static str,
    /// What one row is.
    pub doc: &'static str,
    /// True when each row is a person: who is to be forgotten loses the whole row.
    pub persons: bool,
    /// The columns a source can state, in declaration order.
    pub columns: &'static [Column],
}

impl TableSpec {
    /// The column called `name`.
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns marked as personal data, each with its position.
    pub fn personal(&self) -> impl Iterator<Item = (usize, &'static Column)> {
        self.columns.iter().enumerate().filter(|(_, column)| column.personal)
    }
}

/// A value that does not fit the field it was meant for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

impl FieldError {
    pub(crate) fn unknown(kind: &TableSpec, field: &str) -> FieldError {
        let names = kind.columns.iter().map(|column| column.name);
        let message = match nearest(field, names) {
            Some(near) => format!("{} has no field `{field}`; did you mean `{near}`?", kind.kind),
            None => format!("{} has no field `{field}`", kind.kind),
        };
        FieldError { field: field.to_owned(), message }
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "field `{}`: {}", self.field, self.message)
    }
}

impl std::error::Error for FieldError {}

/// A Rust type that can stand in a column.
pub trait ColumnValue: Sized {
    /// The column type it is stored as.
    const TYPE: ColumnType;
    /// The stored form.
    fn to_json(&self) -> Value;
    /// From the stored form, or from what a manifest's expression gave; the error says what was
    /// expected.
    fn from_json(value: Value) -> Result<Self, String>;
}

fn expected(what: &str, value: &Value) -> String {
    let mut shown = value.to_string();
    if shown.len() > 80 {
        let cut = shown.floor_char_boundary(77);
        shown.truncate(cut);
        shown.push('…');
    }
    format!("expected {what}, got {shown}")
}

impl ColumnValue for String {
    const TYPE: ColumnType = ColumnType::Text;

    fn to_json(&self) -> Value {
        Value::String(self.clone())
    }

    fn from_json(value: Value) -> Result<Self, String> {
        match value {
            Value::String(text) => Ok(text),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(flag) => Ok(flag.to_string()),
            other => Err(expected("text", &other)),
        }
    }
}

impl ColumnValue for i64 {
    const TYPE: ColumnType = ColumnType::Integer;

    fn to_json(&self) -> Value {
        Value::from(*self)
    }

    fn from_json(value: Value) -> Result<Self, String> {
        let number = match &value {
            Value::Number(n) => {
                n.as_i64().or_else(|| n.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64))
            }
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.ok_or_else(|| expected("a whole number", &value))
    }
}

impl ColumnValue for f64 {
    const TYPE: ColumnType = ColumnType::Real;

    fn to_json(&self) -> Value {
        Value::from(*self)
    }

    fn from_json(value: Value) -> Result<Self, String> {
        let number = match &value {
            Value::Number(n) => n.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        };
        number.filter(|n| n.is_finite()).ok_or_else(|| expected("a number", &value))
    }
}

impl ColumnValue for Amount {
    const TYPE: ColumnType = ColumnType::Decimal;

    fn to_json(&self) -> Value {
        Value::from(self.as_f64())
    }

    fn from_json(value: Value) -> Result<Self, String> {
        let amount = match &value {
            Value::Number(n) => n.as_f64().and_then(Amount::from_f64),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        amount.ok_or_else(|| expected("a money amount like 35.50", &value))
    }
}

impl ColumnValue for bool {
    const TYPE: ColumnType = ColumnType::Bool;

    fn to_json(&self) -> Value {
        Value::Bool(*self)
    }

    /// The texts `true` and `false` too: some APIs send them.
    fn from_json(value: Value) -> Result<Self, String> {
        match value.as_str() {
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            _ => value.as_bool().ok_or_else(|| expected("true or false", &value)),
        }
    }
}

impl ColumnValue for DateTime<Utc> {
    const TYPE: ColumnType = ColumnType::Instant;

    fn to_json(&self) -> Value {
        Value::String(self.to_rfc3339_opts(SecondsFormat::Secs, true))
    }

    fn from_json(value: Value) -> Result<Self, String> {
        let instant = value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text.trim()).ok());
        instant
            .map(|t| t.with_timezone(&Utc))
            .ok_or_else(|| expected("an instant like 2026-05-01T18:30:00Z", &value))
    }
}

impl ColumnValue for When {
    const TYPE: ColumnType = ColumnType::When;

    fn to_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn from_json(value: Value) -> Result<Self, String> {
        serde_json::from_value(value.clone()).map_err(|_| expected("a time made by a date filter", &value))
    }
}

impl ColumnValue for Vec<String> {
    const TYPE: ColumnType = ColumnType::Json;

    fn to_json(&self) -> Value {
        Value::from(self.clone())
    }

    /// A single text is a list of one.
    fn from_json(value: Value) -> Result<Self, String> {
        match value {
            Value::Array(items) => items.into_iter().map(String::from_json).collect(),
            Value::String(text) => Ok(vec![text]),
            other => Err(expected("a list of texts", &other)),
        }
    }
}

impl ColumnValue for Value {
    const TYPE: ColumnType = ColumnType::Json;

    fn to_json(&self) -> Value {
        self.clone()
    }

    fn from_json(value: Value) -> Result<Self, String> {
        Ok(value)
    }
}

/// The stored form of a field, or what is said instead.
pub(crate) fn to_stated<T: ColumnValue>(field: &Stated<T>) -> Stated<Value> {
    match field {
        Stated::Unstated => Stated::Unstated,
        Stated::Empty => Stated::Empty,
        Stated::Value(value) => Stated::Value(value.to_json()),
    }
}

/// Sets `field` from a stated JSON value.
pub(crate) fn set<T: ColumnValue>(
    field: &mut Stated<T>,
    name: &str,
    value: Stated<Value>,
) -> Result<(), FieldError> {
    *field = match value {
        Stated::Unstated => Stated::Unstated,
        Stated::Empty => Stated::Empty,
        Stated::Value(value) => {
            let fault = |message| FieldError { field: name.to_owned(), message };
            Stated::Value(T::from_json(value).map_err(fault)?)
        }
    };
    Ok(())
}

/// Declares a record kind: a struct of stated fields, its [`TableSpec`], and the conversions.
///
/// `name: Type` is a column; `name: Type, personal` marks it as personal data: a text or JSON, so that it
/// can be sealed. `persons` behind the table's name says that each row is a person. Doc comments are
/// required: they are the reference page.
macro_rules! record_kind {
    (
        $(#[doc = $doc:literal])+
        $name:ident, $kind:literal, $table:literal $(, $persons:ident)? {
            $( $(#[doc = $field_doc:literal])+ $field:ident : $type:ty $(, $personal:ident)? ; )+
        }
    ) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct $name {
            $( $(#[doc = $field_doc])+ pub $field: $crate::Stated<$type>, )+
        }

        impl $name {
            /// The table this kind is stored in.
            pub const SPEC: $crate::TableSpec = $crate::TableSpec {
                kind: $kind,
                table: $table,
                doc: concat!($($doc),+),
                persons: record_kind!(@persons $($persons)?),
                columns: &[
                    $( $crate::Column {
                        name: stringify!($field),
                        column_type: <$type as $crate::ColumnValue>::TYPE,
                        doc: concat!($($field_doc),+),
                        personal: record_kind!(@personal $($personal)?),
                    }, )+
                ],
            };

            /// Every field in column order, as stored.
            pub fn values(&self) -> Vec<$crate::Stated<serde_json::Value>> {
                vec![$( $crate::record::to_stated(&self.$field), )+]
            }

            /// Sets the field called `name`.
            pub fn set(
                &mut self,
                name: &str,
                value: $crate::Stated<serde_json::Value>,
            ) -> Result<(), $crate::FieldError> {
                match name {
                    $( stringify!($field) => $crate::record::set(&mut self.$field, name, value), )+
                    _ => Err($crate::FieldError::unknown(&Self::SPEC, name)),
                }
            }

            /// Fills every field that `self` leaves unstated from `other`.
            pub fn fill_from(&mut self, other: Self) {
                $( let mine = std::mem::take(&mut self.$field);
                   self.$field = mine.or(other.$field); )+
            }
        }
    };
    (@persons persons) => { true };
    (@persons) => { false };
    (@personal personal) => { true };
    (@personal) => { false };
}

pub(crate) use record_kind;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;

    record_kind! {
        /// Who holds a ticket.
        Holder, "holder", "holders", persons {
            /// Their name.
            name: String, personal;
            /// The ticket.
            ticket: String;
        }
    }

    #[test]
    fn a_kind_says_what_is_personal_in_it() {
        assert!(Holder::SPEC.persons && !Kind::Organizer.spec().persons);
        let personal: Vec<&str> = Holder::SPEC.personal().map(|(_, column)| column.name).collect();
        assert_eq!(personal, ["name"]);
        let mut holder = Holder::default();
        holder.set("ticket", Value::from("7").into()).expect("a field");
        holder.fill_from(Holder { name: "Ada".into(), ..Holder::default() });
        assert_eq!(holder.values().len(), 2);
    }

    /// A sealed value is a text.
    #[test]
    fn personal_columns_can_be_sealed() {
        for column in Kind::ALL.iter().flat_map(|kind| kind.spec().personal().map(|(_, column)| column)) {
            assert!(matches!(column.column_type, ColumnType::Text | ColumnType::Json), "{}", column.name);
        }
    }
}

//! A condition on one column, as people write it: `city=Berlin`, `capacity>=500`, `url=` (has none).
//! It is checked against the kind's columns when it is read, so that what reaches the database is a
//! known column, a known sign and a value of the column's type.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use model::{ColumnType, Kind, SourceName, nearest};

/// A condition on one column of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct RowCondition {
    /// The column's name in its table.
    pub(super) name: &'static str,
    pub(super) column_type: ColumnType,
    pub(super) compared: Compared,
    pub(super) operand: Operand,
    said: String,
    personal: bool,
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compared {
    Equals,
    Differs,
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// What a column is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operand {
    /// No value.
    Nothing,
    Text(String),
    Whole(i64),
    Number(f64),
    Flag(bool),
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

/// Longer signs first: `>=` begins with `>`.
const SIGNS: [(&str, Compared); 6] = [
    (">=", Compared::AtLeast),
    ("<=", Compared::AtMost),
    ("!=", Compared::Differs),
    ("=", Compared::Equals),
    (">", Compared::Above),
    ("<", Compared::Below),
];

/// Columns that rows of every kind have.
const OF_ALL: [(&str, &str, ColumnType); 4] = [
    ("id", "id", ColumnType::Text),
    ("source", "source", ColumnType::Text),
    ("source_key", "source_key", ColumnType::Text),
    ("first_seen", "first_seen_at", ColumnType::Instant),
];

impl RowCondition {
    /// Name, sign and value of `text`; `None` where it holds no sign.
    pub fn parts(text: &str) -> Option<(&str, &str, &str)> {
        let at = text.find(['=', '!', '<', '>'])?;
        let (sign, _) = SIGNS.iter().find(|(sign, _)| text[at..].starts_with(sign))?;
        Some((text[..at].trim(), sign, text[at + sign.len()..].trim()))
    }

    /// The condition that `text` states on rows of `kind`; the error says what would be right.
    pub fn parse(kind: Kind, text: &str) -> Result<RowCondition, String> {
        let (name, sign, value) = RowCondition::parts(text).ok_or_else(|| {
            format!("{text:?} is no condition: write COLUMN=VALUE, or one of != > >= < <= in between")
        })?;
        let compared = SIGNS.iter().find(|(known, _)| *known == sign).map_or(Compared::Equals, |(_, c)| *c);
        let (name, column_type, personal) = column(kind, name)?;
        // Names of sources are kept in one spelling.
        let spelled = (name == "source" && !value.is_empty()).then(|| SourceName::new(value));
        let value = spelled.as_ref().map_or(value, SourceName::as_str);
        let operand =
            operand(column_type, value).map_err(|wanted| format!("{text:?}: {name} is {wanted}"))?;
        let ordered = !matches!(compared, Compared::Equals | Compared::Differs);
        if ordered
            && (operand == Operand::Nothing || matches!(column_type, ColumnType::Json | ColumnType::Bool))
        {
            return Err(format!("{text:?}: {name} can only be compared with = and !="));
        }
        Ok(RowCondition { name, column_type, compared, operand, said: text.to_owned(), personal })
    }

    /// Whether its column is marked as personal data.
    pub fn is_personal(&self) -> bool {
        self.personal
    }
}

impl fmt::Display for RowCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

fn column(kind: Kind, wanted: &str) -> Result<(&'static str, ColumnType, bool), String> {
    if let Some((_, name, column_type)) = OF_ALL.iter().find(|(said, _, _)| *said == wanted) {
        return Ok((name, *column_type, false));
    }
    if let Some(column) = kind.spec().column(wanted) {
        return Ok((column.name, column.column_type, column.personal));
    }
    let known =
        || kind.spec().columns.iter().map(|column| column.name).chain(OF_ALL.iter().map(|(n, _, _)| *n));
    Err(match nearest(wanted, known()) {
        Some(near) => format!("{} has no column {wanted:?}; did you mean {near}?", kind.name()),
        None => format!(
            "{} has no column {wanted:?}; there are {}",
            kind.name(),
            known().collect::<Vec<_>>().join(", ")
        ),
    })
}

fn operand(column_type: ColumnType, value: &str) -> Result<Operand, &'static str> {
    if value.is_empty() {
        return Ok(Operand::Nothing);
    }
    let number = |value: &str| value.parse::<f64>().ok().filter(|number| number.is_finite());
    match column_type {
        ColumnType::Text | ColumnType::Json => Ok(Operand::Text(value.to_owned())),
        ColumnType::Integer => value.parse().map(Operand::Whole).map_err(|_| "a whole number"),
        ColumnType::Real | ColumnType::Decimal => number(value).map(Operand::Number).ok_or("a number"),
        ColumnType::Bool => value.parse().map(Operand::Flag).map_err(|_| "true or false"),
        ColumnType::Instant | ColumnType::When => {
            moment(value).ok_or("a time: give a day like 2026-12-01 or an instant like 2026-12-01T18:00:00Z")
        }
    }
}

fn moment(value: &str) -> Option<Operand> {
    if let Ok(day) = value.parse::<NaiveDate>() {
        return Some(Operand::Day(day));
    }
    let instant = DateTime::parse_from_rfc3339(value).ok()?;
    Some(Operand::Instant(instant.with_timezone(&Utc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_conditions_of_the_columns_type() {
        let check = |kind, text: &str, name: &str, compared, operand| {
            let read = RowCondition::parse(kind, text).unwrap();
            assert_eq!((read.name, read.compared, &read.operand), (name, compared, &operand), "{text}");
            assert_eq!(read.to_string(), text);
        };
        let text = |text: &str| Operand::Text(text.to_owned());
        check(Kind::Venue, "city=Berlin", "city", Compared::Equals, text("Berlin"));
        check(Kind::Venue, "name = a=b >= c", "name", Compared::Equals, text("a=b >= c"));
        check(Kind::Venue, "capacity>=500", "capacity", Compared::AtLeast, Operand::Whole(500));
        check(Kind::Venue, "lat<-1.5", "lat", Compared::Below, Operand::Number(-1.5));
        check(Kind::Venue, "url!=", "url", Compared::Differs, Operand::Nothing);
        check(Kind::Event, "is_free=true", "is_free", Compared::Equals, Operand::Flag(true));
        let day = Operand::Day("2026-12-01".parse().unwrap());
        check(Kind::Event, "start>2026-12-01", "start", Compared::Above, day);
        check(Kind::Offer, "source!= The Hall", "source", Compared::Differs, text("the-hall"));
    }

    #[test]
    fn says_what_would_be_right() {
        let check = |kind, text: &str, expected: &str| {
            let said = RowCondition::parse(kind, text).expect_err(text);
            assert!(said.contains(expected), "{text}: {said}");
        };
        check(Kind::Venue, "city", "write COLUMN=VALUE");
        check(Kind::Venue, "citty=Berlin", "did you mean city?");
        check(Kind::Venue, "1=1 OR city=x", "venue has no column \"1\"");
        check(Kind::Venue, "city\" = \"\" --", "venue has no column");
        check(Kind::Venue, "capacity=many", "capacity is a whole number");
        check(Kind::Event, "is_free>true", "only be compared with = and !=");
        check(Kind::Event, "start=soon", "start is a time");
    }
}

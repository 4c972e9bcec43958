//! A condition on one column, as people write it: `city=Berlin`, `capacity>=500`, `url=` (has none).
//! It is checked against the kind's columns when it is read, so that what reaches the database is a
//! known column, a known sign and a value of the column's type.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use model::{ColumnType, Kind, SourceName};

use super::asked::{Asked, Sort};

/// A condition on one column of a kind.
#[derive(Debug, Clone, PartialEq)]
pub struct RowCondition {
    pub(super) column: Asked,
    pub(super) compared: Compared,
    pub(super) operand: Operand,
    said: String,
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
        let column = Asked::of(kind, name)?;
        // Names of sources are kept in one spelling.
        let spelled = (name == "source" && !value.is_empty()).then(|| SourceName::new(value));
        let value = spelled.as_ref().map_or(value, SourceName::as_str);
        let operand =
            operand(&column.sort, value).map_err(|wanted| format!("{text:?}: {name} is {wanted}"))?;
        let ordered = !matches!(compared, Compared::Equals | Compared::Differs);
        if ordered && (operand == Operand::Nothing || !column.has_order()) {
            return Err(format!("{text:?}: {name} can only be compared with = and !="));
        }
        Ok(RowCondition { column, compared, operand, said: text.to_owned() })
    }

    /// Whether its column is marked as personal data.
    pub fn is_personal(&self) -> bool {
        self.column.personal
    }
}

impl fmt::Display for RowCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

fn operand(sort: &Sort, value: &str) -> Result<Operand, &'static str> {
    if value.is_empty() {
        return Ok(Operand::Nothing);
    }
    let Sort::Of(column_type) = sort else {
        return match sort {
            Sort::Day => value.parse().map(Operand::Day).map_err(|_| "a day like 2026-12-01"),
            _ => Ok(Operand::Text(value.to_owned())),
        };
    };
    let number = |value: &str| value.parse::<f64>().ok().filter(|number| number.is_finite());
    match *column_type {
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
            assert_eq!((read.compared, &read.operand), (compared, &operand), "{text}");
            assert_eq!(read.column.sql, name);
            assert_eq!(read.to_string(), text);
        };
        let text = |text: &str| Operand::Text(text.to_owned());
        check(Kind::Venue, "city=Berlin", "e.\"city\"", Compared::Equals, text("Berlin"));
        check(Kind::Venue, "name = a=b >= c", "e.\"name\"", Compared::Equals, text("a=b >= c"));
        check(Kind::Venue, "capacity>=500", "e.\"capacity\"", Compared::AtLeast, Operand::Whole(500));
        check(Kind::Venue, "lat<-1.5", "e.\"lat\"", Compared::Below, Operand::Number(-1.5));
        check(Kind::Venue, "url!=", "e.\"url\"", Compared::Differs, Operand::Nothing);
        check(Kind::Event, "is_free=true", "e.\"is_free\"", Compared::Equals, Operand::Flag(true));
        let day = Operand::Day("2026-12-01".parse().unwrap());
        check(Kind::Event, "start>2026-12-01", "e.\"start\"", Compared::Above, day.clone());
        check(Kind::Event, "start_date>2026-12-01", "e.\"start_date\"", Compared::Above, day);
        check(Kind::Offer, "source!= The Hall", "e.\"source\"", Compared::Differs, text("the-hall"));
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
        check(Kind::Event, "start_date=soon", "start_date is a day");
        check(Kind::Event, "city=Berlin", "did you mean venue_city?");
        check(Kind::Event, "performer_names>A", "only be compared with = and !=");
    }
}

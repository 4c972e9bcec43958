//! What a call asks for: filters, and which part of the rows. Wrong values are told as the API tells them.

use chrono::{DateTime, Utc};

/// The query of a call, decoded.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

/// Why a call is refused: status and message.
pub(crate) type Refusal = (u16, String);

const MOST: usize = 1000;
const UNASKED: usize = 25;

impl Query {
    pub fn new(pairs: Vec<(String, String)>) -> Query {
        Query(pairs)
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }

    /// True where `value` is in the comma-separated list of that name, or where there is none.
    pub fn lists(&self, name: &str, value: &str) -> bool {
        self.get(name).is_none_or(|list| list.split(',').any(|one| one.trim() == value))
    }

    /// True where nothing of that name is asked, or just this.
    pub fn is(&self, name: &str, value: &str) -> bool {
        self.get(name).is_none_or(|asked| asked == value)
    }

    /// `top` and `skip`.
    pub fn part(&self) -> Result<(usize, usize), Refusal> {
        let top = self.number("top", UNASKED)?;
        if !(1..=MOST).contains(&top) {
            return Err((400, format!("top must be between 1 and {MOST}")));
        }
        Ok((top, self.number("skip", 0)?))
    }

    fn number(&self, name: &str, unasked: usize) -> Result<usize, Refusal> {
        let Some(text) = self.get(name) else { return Ok(unasked) };
        text.parse().map_err(|_| (400, format!("{name} must be a number")))
    }

    /// The comparisons asked of a time, as `updatedAt[$gte]=…`.
    pub fn range(&self, name: &str) -> Result<Range, Refusal> {
        let mut range = Range::default();
        for (key, value) in &self.0 {
            let Some(operator) = key.strip_prefix(name).and_then(|rest| rest.strip_prefix("[$")) else {
                continue;
            };
            let compare: Compare = match operator {
                "gt]" => |one, other| one > other,
                "gte]" => |one, other| one >= other,
                "lt]" => |one, other| one < other,
                "lte]" => |one, other| one <= other,
                "eq]" => |one, other| one == other,
                "ne]" => |one, other| one != other,
                _ => return Err((400, format!("{key} is not known"))),
            };
            range.0.push((compare, time(key, value)?));
        }
        Ok(range)
    }

    /// The instants `start` and `end` that some lists take for the creation.
    pub fn created(&self) -> Result<Range, Refusal> {
        let mut range = Range::default();
        if let Some(value) = self.get("start") {
            range.0.push((|one, other| one >= other, time("start", value)?));
        }
        if let Some(value) = self.get("end") {
            range.0.push((|one, other| one <= other, time("end", value)?));
        }
        Ok(range)
    }
}

type Compare = fn(DateTime<Utc>, DateTime<Utc>) -> bool;

/// Comparisons that all have to hold.
#[derive(Debug, Default)]
pub(crate) struct Range(Vec<(Compare, DateTime<Utc>)>);

impl Range {
    pub fn holds(&self, at: DateTime<Utc>) -> bool {
        self.0.iter().all(|(compare, than)| compare(at, *than))
    }
}

fn time(name: &str, value: &str) -> Result<DateTime<Utc>, Refusal> {
    let read = DateTime::parse_from_rfc3339(value);
    read.map(|at| at.with_timezone(&Utc)).map_err(|_| (400, format!("{name} must be a date-time")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Query {
        Query::new(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn times_are_compared_as_asked() {
        let asked =
            query(&[("updatedAt[$gte]", "2026-01-02T00:00:00Z"), ("updatedAt[$lt]", "2026-01-03T00:00:00Z")]);
        let range = asked.range("updatedAt").expect("a range");
        let holds = |text: &str| range.holds(time("", text).expect("a time"));
        assert!(holds("2026-01-02T00:00:00Z") && holds("2026-01-02T23:59:59.999Z"));
        assert!(!holds("2026-01-01T23:59:59.999Z") && !holds("2026-01-03T00:00:00Z"));
        assert!(query(&[("updatedAt[$gte]", "yesterday")]).range("updatedAt").is_err());
        assert!(query(&[("updatedAt[$near]", "2026-01-02T00:00:00Z")]).range("updatedAt").is_err());
    }

    #[test]
    fn parts_have_bounds() {
        assert_eq!(query(&[]).part(), Ok((25, 0)));
        assert_eq!(query(&[("top", "1000"), ("skip", "3000")]).part(), Ok((1000, 3000)));
        assert!(query(&[("top", "1001")]).part().is_err() && query(&[("skip", "x")]).part().is_err());
    }
}

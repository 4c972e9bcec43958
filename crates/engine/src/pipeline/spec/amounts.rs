//! Lengths of time as people write them: `300`, `90s`, `5m`, `1h30m`.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest that a step may take: thirty days.
const LONGEST_SECS: f64 = 30.0 * 86_400.0;

/// A length of time: seconds as a number, or a text with units like `90s`, `5m`, `1h30m`, `250ms`, `2d`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Span {
    /// Seconds.
    Seconds(f64),
    /// Numbers with units.
    Text(String),
}

impl Span {
    /// The length; the error says how one is written.
    pub fn duration(&self) -> Result<Duration, String> {
        let secs = match self {
            Span::Seconds(secs) => *secs,
            Span::Text(text) => secs(text).ok_or_else(|| {
                format!("`{text}` is not a length of time: write seconds, or `90s`, `5m`, `1h30m`")
            })?,
        };
        if secs > 0.0 && secs <= LONGEST_SECS {
            return Ok(Duration::from_secs_f64(secs));
        }
        Err(format!("{secs} seconds is out of range: more than 0, 30 days at most"))
    }
}

impl From<Duration> for Span {
    fn from(length: Duration) -> Span {
        Span::Seconds(length.as_secs_f64())
    }
}

/// Seconds of `1h30m`; a bare number is seconds.
fn secs(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    if let Ok(plain) = rest.parse::<f64>() {
        return plain.is_finite().then_some(plain);
    }
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = rest[digits..].trim_start();
        let end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        total += number * unit_secs(&rest[..end])?;
        rest = rest[end..].trim_start();
    }
    (!text.trim().is_empty()).then_some(total)
}

fn unit_secs(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 0.001,
        "s" | "sec" | "secs" | "second" | "seconds" => 1.0,
        "m" | "min" | "mins" | "minute" | "minutes" => 60.0,
        "h" | "hour" | "hours" => 3_600.0,
        "d" | "day" | "days" => 86_400.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lengths_as_written() {
        let secs = |text: &str| Span::Text(text.to_owned()).duration().map(|length| length.as_secs_f64());
        for (text, expected) in [
            ("90s", 90.0),
            ("5m", 300.0),
            ("1h", 3600.0),
            ("1h30m", 5400.0),
            ("1 h 30 min", 5400.0),
            ("250ms", 0.25),
            ("300", 300.0),
            ("2d", 172_800.0),
        ] {
            assert_eq!(secs(text), Ok(expected), "{text}");
        }
        for text in ["", "5", "m", "5x", "-5s", "1h30", "s5", "1e999", "nan", "31d", "0s"] {
            assert_eq!(secs(text).is_ok(), text == "5", "{text}");
        }
        assert!(Span::Seconds(f64::NAN).duration().is_err() && Span::Seconds(-1.0).duration().is_err());
    }
}

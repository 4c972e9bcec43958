//! Ages as people write them: `90d`, `12w`, `36h`.

use anyhow::Result;
use chrono::TimeDelta;

use crate::output::usage;

/// Reads `90d`, `12w`, `36h`.
pub fn age_of(text: &str) -> Result<TimeDelta> {
    let wrong = || usage(format!("{text:?} is no age: hours, days or weeks make one, like 90d, 12w or 36h"));
    let (number, unit) =
        text.trim().split_at(text.trim().find(|c: char| c.is_alphabetic()).ok_or_else(wrong)?);
    let number: u32 = number.trim().parse().map_err(|_| wrong())?;
    let hours = match unit {
        "h" => 1,
        "d" => 24,
        "w" => 24 * 7,
        _ => return Err(wrong()),
    };
    Ok(TimeDelta::hours(i64::from(number) * hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_as_written() {
        for (text, hours) in [("90d", 2160), ("36h", 36), ("2w", 336), ("0d", 0), (" 7 d", 168)] {
            assert_eq!(age_of(text).expect(text), TimeDelta::hours(hours));
        }
        for text in ["", "90", "d", "3x", "-1d", "99999999999d", "1.5d"] {
            assert!(age_of(text).is_err(), "{text}");
        }
    }
}

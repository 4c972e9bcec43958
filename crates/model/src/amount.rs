//! Money amounts without binary rounding: a whole number of ten-thousandths of a currency unit.

use std::fmt;
use std::str::FromStr;

/// An amount in ten-thousandths of the unit its currency column names (dollars, not cents).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

const SCALE: i64 = 10_000;

impl Amount {
    /// Nothing to pay.
    pub const ZERO: Amount = Amount(0);

    /// From minor units with `digits` decimals, as APIs give them: `from_minor(3560, 2)` is 35.60.
    pub fn from_minor(minor: i64, digits: u32) -> Option<Amount> {
        let scale = SCALE.checked_div(10_i64.checked_pow(digits)?)?;
        if scale == 0 { None } else { minor.checked_mul(scale).map(Amount) }
    }

    /// The amount as a number of units; exact to four decimals for any real price.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / SCALE as f64
    }

    /// From a JSON number; `None` when it is not finite or out of range.
    pub fn from_f64(value: f64) -> Option<Amount> {
        let scaled = (value * SCALE as f64).round();
        (scaled.is_finite() && scaled.abs() < 9e18).then_some(Amount(scaled as i64))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (units, rest) = (self.0.unsigned_abs() / 10_000, self.0.unsigned_abs() % 10_000);
        if rest == 0 {
            write!(f, "{sign}{units}")
        } else if rest % 100 == 0 {
            write!(f, "{sign}{units}.{:02}", rest / 100)
        } else {
            write!(f, "{sign}{units}.{rest:04}")
        }
    }
}

/// Plain decimal text: digits, one point, an optional sign. Currency signs and separators are the
/// readers' business, who know the locale.
impl FromStr for Amount {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (units, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if units.is_empty() && fraction.is_empty() || !all_digits(units) || !all_digits(fraction) {
            return Err(());
        }
        let units: i64 = if units.is_empty() { 0 } else { units.parse().map_err(|_| ())? };
        let mut padded = fraction.as_bytes().iter().take(4).map(|b| i64::from(b - b'0'));
        let fraction = (0..4).fold(0, |sum, _| sum * 10 + padded.next().unwrap_or(0));
        let total = units.checked_mul(SCALE).and_then(|u| u.checked_add(fraction)).ok_or(())?;
        Ok(Amount(if negative { -total } else { total }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_prints_plain_decimals() {
        let check = |text: &str, expected: Option<&str>| {
            let printed = text.parse::<Amount>().ok().map(|a| a.to_string());
            assert_eq!(printed.as_deref(), expected, "{text}");
        };
        check("35.60", Some("35.60"));
        check("35", Some("35"));
        check(".5", Some("0.50"));
        check("-2.125", Some("-2.1250"));
        check("", None);
        check("1,5", None);
        check("99999999999999999999", None);
    }

    #[test]
    fn minor_units_keep_their_decimals() {
        assert_eq!(Amount::from_minor(3560, 2).map(|a| a.to_string()).as_deref(), Some("35.60"));
        assert_eq!(Amount::from_minor(1200, 0).map(|a| a.to_string()).as_deref(), Some("1200"));
        assert_eq!(Amount::from_minor(1, 9), None);
        assert_eq!(Amount::from_f64(35.6).map(|a| a.as_f64()), Some(35.6));
        assert_eq!(Amount::from_f64(f64::NAN), None);
    }
}

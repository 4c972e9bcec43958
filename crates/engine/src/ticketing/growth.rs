//! How a number grew, and where it would be if it went on so. Samples are what was known at times within a
//! window; where there are too few of them that is said, rather than a number made up.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

/// What was counted at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// When.
    pub at: DateTime<Utc>,
    /// How many there were.
    pub count: u64,
}

/// How a number grew within a window.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Growth {
    /// The first sample of the window.
    pub first: Sample,
    /// The last one.
    pub last: Sample,
    /// How many more there are.
    pub more: i64,
    /// How many more there are for each one there was; `None` where there was none.
    pub share: Option<f64>,
}

/// Where a number would be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Projection {
    /// When.
    pub at: DateTime<Utc>,
    /// How many there would be.
    pub count: u64,
    /// Growth a minute that it goes by.
    pub rate_per_minute: f64,
    /// Growth from one sample to the next, on average: the mean of the changes in percent, 0.1 for 10 %.
    pub mean_change: f64,
    /// How many there would be if it went on by that, in proportion to the time.
    pub count_by_mean: u64,
}

/// Why there is no growth or projection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
pub enum Lacking {
    /// Too little was known.
    #[error("too few samples: {there} within {window}, and two are needed")]
    TooFew {
        /// Samples within the window.
        there: usize,
        /// The window, in words.
        window: String,
    },
    /// Nothing grows from nothing.
    #[error("the first sample is 0, from which no rate follows")]
    FromNothing,
}

/// The samples within the window that ends with `until`, oldest first.
fn within(samples: &[Sample], until: DateTime<Utc>, window: TimeDelta) -> Vec<Sample> {
    let from = until - window;
    let mut inside: Vec<Sample> =
        samples.iter().filter(|sample| sample.at >= from && sample.at <= until).copied().collect();
    inside.sort_by_key(|sample| sample.at);
    inside
}

fn in_words(window: TimeDelta) -> String {
    match window.num_seconds() {
        seconds if seconds < 120 => format!("{seconds} seconds"),
        seconds if seconds < 7_200 => format!("{} minutes", seconds / 60),
        seconds if seconds < 172_800 => format!("{} hours", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// From the first sample of the window to its last.
pub fn growth(samples: &[Sample], until: DateTime<Utc>, window: TimeDelta) -> Result<Growth, Lacking> {
    let inside = within(samples, until, window);
    let (Some(first), Some(last), true) = (inside.first(), inside.last(), inside.len() >= 2) else {
        return Err(Lacking::TooFew { there: inside.len(), window: in_words(window) });
    };
    let more = i64::try_from(last.count).unwrap_or(0) - i64::try_from(first.count).unwrap_or(0);
    let share = (first.count > 0).then(|| more as f64 / first.count as f64);
    Ok(Growth { first: *first, last: *last, more, share })
}

/// The growth of the window gone on for `ahead`: compound, by the minute.
pub fn projection(
    samples: &[Sample],
    until: DateTime<Utc>,
    window: TimeDelta,
    ahead: TimeDelta,
) -> Result<Projection, Lacking> {
    let grown = growth(samples, until, window)?;
    if grown.first.count == 0 {
        return Err(Lacking::FromNothing);
    }
    let minutes = (grown.last.at - grown.first.at).num_seconds() as f64 / 60.0;
    if minutes <= 0.0 {
        return Err(Lacking::TooFew { there: 1, window: in_words(window) });
    }
    let rate = (grown.last.count as f64 / grown.first.count as f64).powf(1.0 / minutes) - 1.0;
    let on = ahead.num_seconds() as f64 / 60.0;
    let (mean_change, steps) = mean_change(&within(samples, until, window));
    let count = counted(grown.last, (1.0 + rate).powf(on));
    let count_by_mean = counted(grown.last, 1.0 + mean_change * on / minutes * steps);
    Ok(Projection { at: grown.last.at + ahead, count, rate_per_minute: rate, mean_change, count_by_mean })
}

/// So many times the last sample: never below nothing, nor beyond what a count can be.
fn counted(last: Sample, times: f64) -> u64 {
    let count = (last.count as f64 * times).round();
    if count.is_finite() && count < 9e15 { count as u64 } else { last.count }
}

/// The mean of the changes from each sample to the next, and how many there are. From nothing there is none.
fn mean_change(samples: &[Sample]) -> (f64, f64) {
    let change = |pair: &[Sample]| {
        let (from, to) = (pair.first()?.count as f64, pair.last()?.count as f64);
        (from > 0.0).then(|| to / from - 1.0)
    };
    let changes: Vec<f64> = samples.windows(2).filter_map(change).collect();
    let steps = changes.len().max(1) as f64;
    (changes.iter().sum::<f64>() / steps, steps)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        "2025-10-01T12:00:00Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minute)
    }

    fn samples(of: &[(i64, u64)]) -> Vec<Sample> {
        of.iter().map(|(minute, count)| Sample { at: at(*minute), count: *count }).collect()
    }

    #[test]
    fn fault_23_the_window_is_honoured_and_too_few_samples_are_told() {
        let all = samples(&[(0, 100), (15, 110), (30, 121)]);
        let short = growth(&all, at(30), TimeDelta::minutes(3)).unwrap_err();
        assert_eq!(short.to_string(), "too few samples: 1 within 3 minutes, and two are needed");
        let half = growth(&all, at(30), TimeDelta::minutes(15)).unwrap();
        assert_eq!((half.first.count, half.last.count, half.more, half.share), (110, 121, 11, Some(0.1)));
        let whole = growth(&all, at(30), TimeDelta::minutes(30)).unwrap();
        assert_eq!((whole.more, whole.share), (21, Some(0.21)));
        // What comes after the time that is asked about does not count.
        assert_eq!(growth(&all, at(20), TimeDelta::minutes(30)).unwrap().last.count, 110);
    }

    #[test]
    fn projections_compound_by_the_minute() {
        let all = samples(&[(0, 100), (15, 110)]);
        let on = projection(&all, at(15), TimeDelta::minutes(15), TimeDelta::minutes(15)).unwrap();
        assert_eq!((on.count, on.at), (121, at(30)));
        assert!((on.rate_per_minute - 0.006_374).abs() < 1e-5, "{}", on.rate_per_minute);
        assert_eq!((on.count_by_mean, (on.mean_change * 1e6).round()), (121, 100_000.0));
        let later = projection(&all, at(15), TimeDelta::minutes(15), TimeDelta::minutes(30)).unwrap();
        assert_eq!((later.count, later.count_by_mean), (133, 132), "compound, and in proportion");
        let three = samples(&[(0, 100), (10, 110), (20, 132)]);
        let on = projection(&three, at(20), TimeDelta::minutes(20), TimeDelta::minutes(10)).unwrap();
        assert_eq!(((on.mean_change * 1e6).round(), on.count_by_mean), (150_000.0, 152));
        let nothing = samples(&[(0, 0), (15, 10)]);
        let from = projection(&nothing, at(15), TimeDelta::minutes(15), TimeDelta::minutes(3));
        assert_eq!(from, Err(Lacking::FromNothing));
        let falling = samples(&[(0, 100), (10, 50)]);
        let on = projection(&falling, at(10), TimeDelta::minutes(10), TimeDelta::minutes(10)).unwrap();
        assert_eq!((on.count, on.count_by_mean), (25, 25));
    }
}

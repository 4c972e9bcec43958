//! How coupons are used, by series. One of a series bears the name of its series and goes by its state;
//! codes that were handed out are told apart by a list of them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rows::{Coupon, CouponSeries};

/// Codes that were handed out, with whom they were handed to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tracked {
    /// By code as it is compared, the code as written and its category.
    codes: BTreeMap<String, (String, String)>,
}

/// How the coupons of one series are used.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SeriesUse {
    /// Source key of the series; empty for coupons with rules of their own.
    pub series: String,
    /// Its name.
    pub name: String,
    /// Whether its coupons can be used.
    pub active: Option<bool>,
    /// Coupons.
    pub total: u64,
    /// Used at least once.
    pub used: u64,
    /// Never used.
    pub unused: u64,
    /// On the list of codes handed out.
    pub tracked: u64,
    /// Of those, used.
    pub tracked_used: u64,
    /// Of those, never used.
    pub tracked_unused: u64,
    /// Share of all that were used, 0 to 1; `None` where there are none.
    pub used_share: Option<f64>,
    /// Share of those handed out that were used.
    pub tracked_share: Option<f64>,
}

/// One code that was handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrackedCode {
    /// The code.
    pub code: String,
    /// To whom.
    pub category: String,
    /// How often it was used; `None` where the source has no such coupon.
    pub used: Option<i64>,
    /// What its coupon is called.
    pub name: Option<String>,
}

/// A used code that nobody is known to have been handed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UntrackedCode {
    /// The code.
    pub code: String,
    /// What its coupon is called.
    pub name: String,
    /// How often it was used.
    pub used: i64,
}

/// How codes are compared.
pub(super) fn folded(code: &str) -> String {
    code.trim().to_uppercase()
}

/// `Gym / Partner` is `Gym-Partner`: slashes and spaces are one hyphen.
fn category(written: &str) -> String {
    let parts = written.split(|sign: char| sign == '/' || sign == '-' || sign.is_whitespace());
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

impl Tracked {
    /// From a table with the columns Code and Category; the error says what is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Tracked, String> {
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let headers = reader.headers().map_err(|error| format!("{name}: {error}"))?.clone();
        let place = |wanted: &str| headers.iter().position(|own| own.trim().eq_ignore_ascii_case(wanted));
        let code = place("code").ok_or_else(|| format!("{name}: there is no column Code"))?;
        let kind = place("category");
        let mut codes = BTreeMap::new();
        for row in reader.records() {
            let row = row.map_err(|error| format!("{name}: {error}"))?;
            let written = row.get(code).unwrap_or_default().trim();
            if !written.is_empty() {
                let kind = kind.and_then(|at| row.get(at)).unwrap_or_default();
                codes.insert(folded(written), (written.to_owned(), category(kind)));
            }
        }
        Ok(Tracked { codes })
    }

    /// How many codes there are.
    pub fn count(&self) -> usize {
        self.codes.len()
    }

    /// Whom a code was handed to.
    pub fn category_of(&self, code: &str) -> Option<&str> {
        self.codes.get(&folded(code)).map(|(_, category)| category.as_str())
    }
}

/// The name of a coupon: its own, or that of its series; the code where neither has one.
fn name_of(coupon: &Coupon, series: &BTreeMap<&str, &CouponSeries>) -> String {
    let of_series = || coupon.series.as_deref().and_then(|key| series.get(key)?.name.clone());
    coupon.name.clone().or_else(of_series).unwrap_or_else(|| coupon.code.clone())
}

/// Coupons by series; those without one each by itself. Every series is there, also those without coupons.
pub fn usage(coupons: &[Coupon], series: &[CouponSeries], tracked: &Tracked) -> Vec<SeriesUse> {
    let by_key: BTreeMap<&str, &CouponSeries> = series.iter().map(|one| (one.key.as_str(), one)).collect();
    let mut counts: BTreeMap<(String, String), SeriesUse> = BTreeMap::new();
    for coupon in coupons {
        let key = coupon.series.clone().unwrap_or_default();
        let of_series = by_key.get(key.as_str());
        let name = match of_series {
            Some(series) => series.name.clone().unwrap_or_else(|| key.clone()),
            None if !key.is_empty() => key.clone(),
            None => name_of(coupon, &by_key),
        };
        let alone = if key.is_empty() { coupon.key.clone() } else { String::new() };
        let count = counts.entry((key.clone(), alone)).or_insert_with(|| SeriesUse {
            series: key,
            name,
            active: of_series.and_then(|series| series.active).or(coupon.active),
            ..SeriesUse::default()
        });
        add(count, coupon, tracked);
    }
    for one in series.iter().filter(|one| !counts.keys().any(|(key, _)| *key == one.key)).collect::<Vec<_>>()
    {
        let name = one.name.clone().unwrap_or_else(|| one.key.clone());
        let (series, active) = (one.key.clone(), one.active);
        counts.insert(
            (one.key.clone(), String::new()),
            SeriesUse { series, name, active, ..SeriesUse::default() },
        );
    }
    let mut counts: Vec<SeriesUse> = counts.into_values().map(with_shares).collect();
    let share = |count: &SeriesUse| (count.used_share.unwrap_or(-1.0) * 1e9) as i64;
    counts.sort_by(|a, b| {
        share(b).cmp(&share(a)).then_with(|| a.name.cmp(&b.name)).then_with(|| a.series.cmp(&b.series))
    });
    counts
}

fn add(count: &mut SeriesUse, coupon: &Coupon, tracked: &Tracked) {
    let used = coupon.used > 0;
    count.total += 1;
    count.used += u64::from(used);
    count.unused += u64::from(!used);
    if tracked.category_of(&coupon.code).is_some() {
        count.tracked += 1;
        count.tracked_used += u64::from(used);
        count.tracked_unused += u64::from(!used);
    }
}

fn with_shares(mut count: SeriesUse) -> SeriesUse {
    let share = |part: u64, all: u64| (all > 0).then(|| part as f64 / all as f64);
    count.used_share = share(count.used, count.total);
    count.tracked_share = share(count.tracked_used, count.tracked);
    count
}

/// Every code that was handed out, with its use.
pub fn tracked_codes(coupons: &[Coupon], series: &[CouponSeries], tracked: &Tracked) -> Vec<TrackedCode> {
    let by_key: BTreeMap<&str, &CouponSeries> = series.iter().map(|one| (one.key.as_str(), one)).collect();
    let known: BTreeMap<String, &Coupon> = coupons.iter().map(|one| (folded(&one.code), one)).collect();
    let row = |(key, (code, category)): (&String, &(String, String))| {
        let coupon = known.get(key);
        TrackedCode {
            code: code.clone(),
            category: category.clone(),
            used: coupon.map(|coupon| coupon.used),
            name: coupon.map(|coupon| name_of(coupon, &by_key)),
        }
    };
    tracked.codes.iter().map(row).collect()
}

/// Codes that were used and are not on the list of those handed out.
pub fn untracked_used(coupons: &[Coupon], series: &[CouponSeries], tracked: &Tracked) -> Vec<UntrackedCode> {
    let by_key: BTreeMap<&str, &CouponSeries> = series.iter().map(|one| (one.key.as_str(), one)).collect();
    let loose = |coupon: &&Coupon| coupon.used > 0 && tracked.category_of(&coupon.code).is_none();
    let row = |coupon: &Coupon| UntrackedCode {
        code: coupon.code.clone(),
        name: name_of(coupon, &by_key),
        used: coupon.used,
    };
    let mut rows: Vec<UntrackedCode> = coupons.iter().filter(loose).map(row).collect();
    rows.sort_by(|a, b| b.used.cmp(&a.used).then_with(|| a.code.cmp(&b.code)));
    rows
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn coupon(code: &str, series: Option<&str>, name: Option<&str>, used: i64) -> Coupon {
        Coupon {
            key: code.to_owned(),
            code: code.to_owned(),
            series: series.map(str::to_owned),
            name: name.map(str::to_owned),
            active: name.map(|_| true),
            used,
        }
    }

    fn series(key: &str, name: &str) -> CouponSeries {
        CouponSeries { key: key.to_owned(), name: Some(name.to_owned()), active: Some(false), applies: true }
    }

    const HANDED_OUT: &str = "\u{feff}Code,Category\nG-1,Gym / Partner\n g-2 ,Gym\nLOST,Gym\n";

    #[test]
    fn fault_20_use_is_by_series_and_shares_are_numbers() {
        let all = [series("s1", "Gyms"), series("s2", "Gyms"), series("s3", "Nobody")];
        let mut coupons: Vec<Coupon> =
            (0..10).map(|n| coupon(&format!("A{n}"), Some("s1"), None, i64::from(n < 8))).collect();
        coupons.extend((0..100).map(|n| coupon(&format!("B{n}"), Some("s2"), None, i64::from(n < 9))));
        coupons.push(coupon("OWN", None, Some("Press"), 3));
        coupons.push(coupon("G-1", Some("s1"), None, 0));
        let tracked = Tracked::parse("x.csv", HANDED_OUT).unwrap();
        let used = usage(&coupons, &all, &tracked);
        let shown: Vec<(&str, &str, u64, u64)> =
            used.iter().map(|one| (one.series.as_str(), one.name.as_str(), one.used, one.total)).collect();
        assert_eq!(
            shown,
            [("", "Press", 1, 1), ("s1", "Gyms", 8, 11), ("s2", "Gyms", 9, 100), ("s3", "Nobody", 0, 0)]
        );
        assert_eq!((used[1].tracked, used[1].tracked_unused, used[1].active), (1, 1, Some(false)));
        assert_eq!((used[2].used_share, used[3].used_share), (Some(0.09), None));
    }

    #[test]
    fn codes_that_were_handed_out_are_told_apart() {
        let all = [series("s1", "Gyms")];
        let coupons = [
            coupon("G-1", Some("s1"), None, 2),
            coupon("G-2", Some("s1"), None, 0),
            coupon("X", Some("s1"), None, 1),
        ];
        let tracked = Tracked::parse("x.csv", HANDED_OUT).unwrap();
        assert_eq!(tracked.category_of("g-1"), Some("Gym-Partner"));
        let codes = tracked_codes(&coupons, &all, &tracked);
        let shown: Vec<_> = codes.iter().map(|one| (one.code.as_str(), one.used)).collect();
        assert_eq!(shown, [("G-1", Some(2)), ("g-2", Some(0)), ("LOST", None)]);
        let loose = untracked_used(&coupons, &all, &tracked);
        assert_eq!((loose.len(), loose[0].code.as_str(), loose[0].name.as_str()), (1, "X", "Gyms"));
        assert!(Tracked::parse("x.csv", "Kode\n1\n").unwrap_err().contains("no column Code"));
    }
}

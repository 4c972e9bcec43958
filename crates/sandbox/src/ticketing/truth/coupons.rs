//! How coupons were used, active or not.

use serde::Serialize;

use crate::ticketing::rows::Coupon;
use crate::ticketing::seller::Seller;

/// Coupons of one series that are for the race.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SeriesUse {
    /// The API's id of the series; nothing for a coupon of its own.
    pub series: Option<String>,
    /// Its name, or the coupon's.
    pub name: String,
    /// Coupons.
    pub total: u64,
    /// Used at least once.
    pub used: u64,
    /// Handed out.
    pub tracked: u64,
    /// Handed out and used.
    pub tracked_used: u64,
}

/// A code that was handed out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrackedUse {
    /// The code.
    pub code: String,
    /// To whom, slashes and spaces as single hyphens.
    pub category: String,
    /// How often it was used; nothing where there is no such coupon for the race.
    pub used: Option<u32>,
}

fn applying(seller: &Seller) -> impl Iterator<Item = &Coupon> {
    seller.coupons.iter().filter(|coupon| seller.applies(coupon, seller.main))
}

fn is_tracked(seller: &Seller, coupon: &Coupon) -> bool {
    seller.tracked.iter().any(|tracked| tracked.code == coupon.code)
}

/// Every series is there, also where none of its coupons is for the race.
pub(super) fn series(seller: &Seller) -> Vec<SeriesUse> {
    let named = |series: Option<String>, name: &str| SeriesUse {
        series,
        name: name.to_owned(),
        ..SeriesUse::default()
    };
    let mut uses: Vec<SeriesUse> =
        seller.series.iter().map(|series| named(Some(series.id.clone()), &series.name)).collect();
    for coupon in applying(seller) {
        let at = coupon.series.unwrap_or_else(|| {
            uses.push(named(None, &coupon.name));
            uses.len() - 1
        });
        let (used, tracked) = (coupon.used > 0, is_tracked(seller, coupon));
        let count = &mut uses[at];
        count.total += 1;
        count.used += u64::from(used);
        count.tracked += u64::from(tracked);
        count.tracked_used += u64::from(used && tracked);
    }
    uses
}

pub(super) fn tracked(seller: &Seller) -> Vec<TrackedUse> {
    let used = |code: &str| applying(seller).find(|coupon| coupon.code == code).map(|coupon| coupon.used);
    let of = seller.tracked.iter().map(|tracked| TrackedUse {
        code: tracked.code.clone(),
        category: tracked
            .category
            .split([' ', '/'])
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("-"),
        used: used(&tracked.code),
    });
    of.collect()
}

pub(super) fn untracked(seller: &Seller) -> Vec<String> {
    let loose = applying(seller).filter(|coupon| coupon.used > 0 && !is_tracked(seller, coupon));
    let mut codes: Vec<String> = loose.map(|coupon| coupon.code.clone()).collect();
    codes.sort();
    codes
}

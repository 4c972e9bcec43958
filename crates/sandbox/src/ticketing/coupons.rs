//! Coupon series and coupons of both kinds, and the list of codes that the organiser handed out.

use chrono::{DateTime, TimeDelta, Utc};

use super::rows::{Coupon, Series, Tracked};
use super::seller::Seller;

/// Name, on, per cent off, for the race only. Two series share a name.
const SERIES: [(&str, bool, i64, bool); 8] = [
    ("Partner Gyms", true, 10, true),
    ("Ambassadors", true, 20, true),
    ("Ambassadors", true, 15, true),
    ("Early Members", false, 10, true),
    ("Sponsors / Media", true, 50, true),
    ("파트너 할인", true, 10, true),
    ("Everywhere", true, 5, false),
    ("Of Another Event", true, 5, true),
];
/// The series whose coupons are for an event that is not the race.
pub(crate) const FOREIGN: usize = 7;

const CATEGORIES: [&str; 4] = ["Gym / Partner", "Brand  Ambassador", "Media", "VIP/Guests"];

/// Makes about one coupon for ten tickets.
pub(crate) fn coupons(seller: &mut Seller, tickets: usize, now: DateTime<Utc>) {
    let created = now - TimeDelta::days(120);
    for (name, active, percent, main_event_only) in SERIES {
        let id = seller.next_id(created);
        let name = name.to_owned();
        seller.series.push(Series { id, name, active, percent, main_event_only, created, updated: created });
    }
    for number in 0..(tickets / 10).max(40) {
        let coupon = coupon(seller, number, created);
        seller.coupons.push(coupon);
    }
    track(seller);
}

fn coupon(seller: &mut Seller, number: usize, created: DateTime<Utc>) -> Coupon {
    let id = seller.next_id(created);
    let code =
        format!("{}-{:06X}", ["HX", "GYM", "VIP"][number % 3], seller.dice.between(1, 0xff_ffff) as u32);
    // the code's last digits are the number, so that no two are the same
    let code = format!("{code}{number:03}");
    let own = number % 12 == 5;
    let series = (!own).then(|| seller.dice.below(SERIES.len()));
    Coupon {
        id,
        code,
        series,
        name: if own { format!("Coupon {number}") } else { String::new() },
        active: !seller.dice.chance(20),
        percent: series.map_or(25, |at| seller.series[at].percent),
        used: 0,
        created,
        updated: created,
    }
}

/// Every third code was handed out, and some that were never made.
fn track(seller: &mut Seller) {
    let codes: Vec<String> = seller.coupons.iter().step_by(3).map(|coupon| coupon.code.clone()).collect();
    let unknown = (0..4).map(|number| format!("LOST-{number}"));
    for (number, code) in codes.into_iter().chain(unknown).enumerate() {
        seller.tracked.push(Tracked { code, category: CATEGORIES[number % CATEGORIES.len()] });
    }
}

impl Seller {
    /// True for what the list of coupons gives for an event.
    pub fn applies(&self, coupon: &Coupon, event: usize) -> bool {
        match coupon.series {
            None => event == self.main,
            Some(FOREIGN) => event != self.main,
            Some(at) => !self.series[at].main_event_only || event == self.main,
        }
    }

    /// Whether it can be used: those of a series ask the series.
    pub fn usable(&self, coupon: &Coupon) -> bool {
        coupon.series.map_or(coupon.active, |at| self.series[at].active)
    }
}

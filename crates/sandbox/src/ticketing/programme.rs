//! What a seller sells: the race with its ticket types and shops within the shop, and the other events
//! of the seller, which no report may count.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

use super::kind::{Category, Class, Day, Kind, Side};
use super::naming::name;
use super::rows::{Event, Shop, ShopOffer, TicketType};
use super::seller::Seller;

/// More than a page of the size that the API gives unasked, and the race on the second page.
const OTHER_EVENTS: usize = 31;
const MAIN: usize = 28;

const ATHLETES: [Side; 2] = [Side::Men, Side::Women];
const TEAMS: [Side; 3] = [Side::Men, Side::Women, Side::Mixed];

impl Event {
    /// The date of a day; the first one where the day is not said.
    pub fn date_of(&self, day: Day) -> NaiveDate {
        let Day::On(weekday) = day else { return self.first_day };
        self.dates().find(|date| date.weekday() == weekday).unwrap_or(self.first_day)
    }

    fn dates(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let first = self.first_day;
        (0..self.days).map(move |day| first + Days::new(day))
    }
}

/// Fills in the seller's events. They are listed by their start, and the race is not among the first.
pub(crate) fn programme(seller: &mut Seller, now: DateTime<Utc>) {
    let region = seller.region;
    let race_day = first_day(seller, now);
    for number in 0..OTHER_EVENTS {
        if number == MAIN {
            seller.main = seller.events.len();
            let event = race(seller, race_day, now);
            seller.events.push(event);
        }
        let day = race_day + TimeDelta::days(3 * (number as i64 - MAIN as i64));
        let title = format!("{} Open Day {}", region.city, number + 1);
        let event = open_day(seller, title, day, now);
        seller.events.push(event);
    }
}

fn first_day(seller: &Seller, now: DateTime<Utc>) -> NaiveDate {
    let region = seller.region;
    let about = now.with_timezone(&region.zone).date_naive() + TimeDelta::days(region.away);
    if region.away < 0 {
        return about;
    }
    let mut days = about.iter_days().take(7);
    days.find(|day| day.weekday() == region.first_day).unwrap_or(about)
}

fn race(seller: &mut Seller, first_day: NaiveDate, now: DateTime<Utc>) -> Event {
    let title = format!("HYROX {} {}", seller.region.city, first_day.year());
    let mut event = event(seller, title, first_day, seller.region.days, now);
    for kind in kinds(&event) {
        add_type(seller, &mut event, kind);
        if kind.category.team() > 1 {
            let members = add_type(seller, &mut event, kind.members());
            event.types[members - 1].members = Some(members);
        }
    }
    add_shops(seller, &mut event);
    event
}

fn open_day(seller: &mut Seller, title: String, day: NaiveDate, now: DateTime<Utc>) -> Event {
    let mut event = event(seller, title, day, 1, now);
    // the same words as those of the race: only the event tells them apart
    add_type(
        seller,
        &mut event,
        Kind::racing(Category::Single, Class::Open, Side::Men, Day::On(day.weekday())),
    );
    add_type(seller, &mut event, Kind::other(Category::Spectator, Day::On(day.weekday())));
    event
}

fn event(seller: &mut Seller, name: String, first_day: NaiveDate, days: u64, now: DateTime<Utc>) -> Event {
    let zone = seller.region.zone;
    let created = now - TimeDelta::days(200);
    Event {
        id: seller.next_id(created),
        name,
        first_day,
        days,
        start: instant(zone, first_day, 8),
        end: instant(zone, first_day + Days::new(days - 1), 20),
        types: Vec::new(),
        shops: Vec::new(),
        created,
        updated: now - TimeDelta::days(100),
    }
}

/// An hour of a day that no zone of the regions leaves out.
fn instant(zone: Tz, day: NaiveDate, hour: u32) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN) + TimeDelta::hours(i64::from(hour));
    zone.from_local_datetime(&local).earliest().map_or_else(|| local.and_utc(), |at| at.with_timezone(&Utc))
}

/// Everything that a race offers, as far as main tickets go.
fn kinds(event: &Event) -> Vec<Kind> {
    let days: Vec<Day> = event.dates().map(|date| Day::On(date.weekday())).collect();
    let last = days.len() - 1;
    let mut kinds = Vec::new();
    for (number, day) in days.iter().enumerate() {
        let mut add = |category, class, sides: &[Side]| {
            kinds.extend(sides.iter().map(|side| Kind::racing(category, class, *side, *day)));
        };
        add(Category::Single, Class::Open, &ATHLETES);
        if number % 2 == 0 {
            add(Category::Single, Class::Pro, &ATHLETES);
        }
        if number == 0 {
            add(Category::Relay, Class::Corporate, &TEAMS);
        } else {
            add(Category::Double, Class::Open, &TEAMS);
        }
        if number == 1 {
            add(Category::Double, Class::Pro, &ATHLETES);
            add(Category::Single, Class::Adaptive, &ATHLETES);
        }
        if number == last {
            add(Category::Relay, Class::Open, &TEAMS);
        }
        kinds.push(Kind::other(Category::Spectator, *day));
    }
    kinds.extend([Kind::other(Category::Spectator, Day::Several); 2]);
    kinds.extend(charity(days[last]));
    kinds.extend([Kind::other(Category::Extra, Day::Unsaid); 5]);
    kinds.push(Kind::other(Category::Extra, days[0]));
    kinds
}

/// Some with a day, some without.
fn charity(day: Day) -> [Kind; 5] {
    use Category::{Double, Relay, Single};
    [
        Kind::racing(Single, Class::Open, Side::Men, Day::Unsaid),
        Kind::racing(Single, Class::Pro, Side::Women, day),
        Kind::racing(Double, Class::Open, Side::Mixed, day),
        Kind::racing(Double, Class::Open, Side::Women, Day::Unsaid),
        Kind::racing(Relay, Class::Open, Side::Men, Day::Unsaid),
    ]
    .map(Kind::for_charity)
}

/// Adds a type; gives its place.
fn add_type(seller: &mut Seller, event: &mut Event, kind: Kind) -> usize {
    let id = seller.next_id(event.created);
    let name = name(kind, seller.region.style, event.types.len(), event.date_of(kind.day));
    let price = price(kind) * seller.region.scale * seller.region.minor;
    let capacity = seller.dice.between(20, 900);
    event.types.push(TicketType { id, name, kind, price, capacity, active: true, members: None });
    event.types.len() - 1
}

/// What it costs in euros. Who brings the team pays for it.
fn price(kind: Kind) -> i64 {
    match kind.category {
        _ if kind.member => 0,
        Category::Single if kind.class == Class::Pro => 129,
        Category::Single => 109,
        Category::Double => 198,
        Category::Relay => 316,
        Category::Spectator => 12,
        Category::Extra => 25,
    }
}

/// Name, on sale, and whether it counts as access of partners.
const SHOPS: [(&str, bool, bool); 8] = [
    ("PARTNERSHIP ACCESS | F45", true, true),
    ("PARTNERSHIP-ACCESS  Barry's", true, true),
    ("PARTNERSHIP_ACCESS CrossFit ", true, true),
    ("PARTNERSHIP ACCESS | Closed Box", false, false),
    ("DEPRECATED PARTNERSHIP ACCESS | F45", true, false),
    ("GYM ACCESS | Local Box", true, false),
    ("Staff", true, false),
    ("Early Bird  2025", false, false),
];

fn add_shops(seller: &mut Seller, event: &mut Event) {
    for (number, (name, active, partner)) in SHOPS.into_iter().enumerate() {
        let mut offers = Vec::new();
        for base in (0..event.types.len()).filter(|base| base % 3 == number % 3) {
            let members = event.types[base].members;
            for base in [Some(base), members].into_iter().flatten() {
                offers.push(offer(seller, event, base));
            }
        }
        let id = seller.next_id(event.created);
        event.shops.push(Shop { id, name: name.to_owned(), active, partner, offers });
    }
}

fn offer(seller: &mut Seller, event: &Event, base: usize) -> ShopOffer {
    let (volume, active) = (seller.dice.between(5, 200), !seller.dice.chance(15));
    ShopOffer { id: seller.next_id(event.created), base, volume, active }
}

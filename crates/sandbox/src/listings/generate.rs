//! Events out of a seed: varied enough to look real in a table, regular enough to be checked.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use super::catalog::*;
use super::listing::{Listing, Repeats, Time};
use super::{Price, SandboxOptions, Status, Upstream};
use crate::dice::Dice;

/// All listings of the three upstreams.
pub(crate) fn listings(options: &SandboxOptions) -> Vec<Listing> {
    let sizes = [
        (Upstream::Calendar, options.calendar_events),
        (Upstream::Site, options.site_events),
        (Upstream::Api, options.api_events),
    ];
    let mut dice = Dice::new(options.seed);
    let mut all = Vec::with_capacity(sizes.iter().map(|(_, size)| size).sum());
    for (upstream, size) in sizes {
        for number in 0..size {
            all.push(listing(upstream, number, options.now, &mut dice));
        }
    }
    all
}

fn listing(upstream: Upstream, number: usize, now: DateTime<Utc>, dice: &mut Dice) -> Listing {
    let city = &CITIES[dice.below(CITIES.len())];
    let category = *dice.pick(&CATEGORIES);
    let (title, performers) = title(category, city, dice);
    let today = now.date_naive();
    let mut listing = Listing {
        upstream,
        id: id(upstream, number, &title),
        title,
        category,
        performers,
        city,
        venue: dice.below(city.venues.len()),
        time: time(category, today, dice),
        price: price(city, dice),
        status: status(dice),
        repeats: None,
    };
    if upstream == Upstream::Calendar {
        as_calendar_has_it(&mut listing, number, today, dice);
    }
    listing
}

/// A calendar knows no prices and nothing of sold-out houses; every third entry of it repeats, every
/// ninth takes whole days.
fn as_calendar_has_it(listing: &mut Listing, number: usize, today: NaiveDate, dice: &mut Dice) {
    listing.price = None;
    if listing.status == Status::SoldOut {
        listing.status = Status::Scheduled;
    }
    if number % 9 == 4 {
        let days = dice.between(1, 3).unsigned_abs();
        listing.time = Time::Days { first: listing.first_day(), days };
    }
    if number.is_multiple_of(3) {
        let first = today - Days::new(dice.between(1, 20).unsigned_abs());
        let start = first.and_time(clock(dice));
        listing.time = Time::Clock { start, minutes: 90 };
        listing.status = Status::Scheduled;
        listing.repeats = Some(repeats(start, dice));
    }
}

/// Six to twelve times, so that all of them lie within a year.
fn repeats(start: NaiveDateTime, dice: &mut Dice) -> Repeats {
    let every_weeks = if dice.chance(30) { 2 } else { 1 };
    let count = dice.between(6, 12).unsigned_abs();
    let day = |n: u64| start.date() + Days::new(n * 7 * every_weeks);
    // three different occurrences, so that no two exceptions meet
    let moved = day(2);
    let later = moved.and_time(start.time()) + TimeDelta::days(1);
    Repeats {
        every_weeks,
        count,
        skipped: vec![day(1)],
        moved: vec![(moved, later)],
        cancelled: if dice.chance(50) { vec![day(4)] } else { Vec::new() },
    }
}

fn id(upstream: Upstream, number: usize, title: &str) -> String {
    match upstream {
        Upstream::Calendar => format!("{:05}-{}@callboard.example", number + 1, slug(title)),
        Upstream::Site => format!("/events/{}-{}", slug(title), number + 1),
        Upstream::Api => format!("evt_{:06}", number + 1),
    }
}

fn slug(title: &str) -> String {
    let letters = title.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { ' ' });
    letters.collect::<String>().split_whitespace().collect::<Vec<_>>().join("-")
}

fn title(category: Category, city: &City, dice: &mut Dice) -> (String, Vec<String>) {
    match category {
        Category::Concert => concert(dice),
        Category::Theatre => (dice.pick(&PLAYS).to_owned(), Vec::new()),
        Category::Race => (format!("{} {}", city.name, dice.pick(&RACES)), Vec::new()),
        Category::Meeting => (format!("{} {}", city.name, dice.pick(&MEETINGS)), Vec::new()),
        Category::Festival => (format!("{} {}", city.name, dice.pick(&FESTIVALS)), Vec::new()),
        Category::Talk => {
            let speaker = person(dice);
            (format!("{}: {speaker}", dice.pick(&TOPICS)), vec![speaker])
        }
        Category::Workshop => (dice.pick(&WORKSHOPS).to_owned(), Vec::new()),
    }
}

fn concert(dice: &mut Dice) -> (String, Vec<String>) {
    let (first, second) = (act(dice), act(dice));
    match dice.below(4) {
        0 => (format!("{first}: {}", dice.pick(&TOURS)), vec![first]),
        1 if first != second => (format!("{first} + {second}"), vec![first, second]),
        2 => {
            let name = format!("{} Quartet", dice.pick(&LAST_NAMES));
            (name.clone(), vec![name])
        }
        _ => (first.clone(), vec![first]),
    }
}

fn act(dice: &mut Dice) -> String {
    match dice.below(3) {
        0 => person(dice),
        1 => format!("The {} {}", dice.pick(&ADJECTIVES), dice.pick(&NOUNS)),
        _ => format!("{} {}", dice.pick(&ADJECTIVES), dice.pick(&NOUNS)),
    }
}

fn person(dice: &mut Dice) -> String {
    format!("{} {}", dice.pick(&FIRST_NAMES), dice.pick(&LAST_NAMES))
}

/// A few days past to half a year ahead; festivals last days.
fn time(category: Category, today: NaiveDate, dice: &mut Dice) -> Time {
    let day = today + TimeDelta::days(dice.between(-5, 180));
    if category == Category::Festival {
        return Time::Days { first: day, days: dice.between(1, 4).unsigned_abs() };
    }
    Time::Clock { start: day.and_time(clock(dice)), minutes: dice.between(2, 6) * 30 }
}

/// Between 10:00 and 21:30.
fn clock(dice: &mut Dice) -> NaiveTime {
    let minutes = dice.between(20, 43) * 30;
    NaiveTime::MIN + TimeDelta::minutes(minutes)
}

/// One in six is free; some have one price only.
pub(crate) fn price(city: &City, dice: &mut Dice) -> Option<Price> {
    let scale = if city.minor == 1 { 100 } else { 1 };
    let low = dice.between(4, 60) * scale * city.minor + dice.between(0, 1) * city.minor / 2;
    let high = if dice.chance(35) { low } else { low + dice.between(5, 80) * scale * city.minor };
    let (min_minor, max_minor) = if dice.chance(16) { (0, 0) } else { (low, high) };
    Some(Price { min_minor, max_minor, currency: city.currency.to_owned() })
}

fn status(dice: &mut Dice) -> Status {
    match dice.below(100) {
        0..5 => Status::Cancelled,
        5..13 => Status::SoldOut,
        _ => Status::Scheduled,
    }
}

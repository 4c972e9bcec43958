//! The sales report: how much of what there is room for is sold, through what, and how fast.

use std::sync::Arc;

use chrono::Days;

use super::{Earlier, Parts, View, spectators};
use crate::ticketing::growth::{Lacking, Sample, growth, projection};
use crate::ticketing::report::{Cell, Fact, Section, grouped, share_of_room};
use crate::ticketing::rules::{Category, Name};
use crate::ticketing::shops::{self, ShopCount};
use crate::ticketing::summaries::{Breakdown, GroupCount, Totals, add_ons, by_group, by_type, totals};

pub(super) const PEOPLE: &str = "people: one a ticket, so a pair is two and a relay four";

pub(super) fn parts(view: &View<'_>) -> Parts {
    if view.region.only_spectator_report {
        return spectators::parts(view);
    }
    let all = totals(view.board.sold());
    let mut sections = vec![totals_section(view, &all), adaptive(&all), breakdown(view)];
    if view.region.summary_breakdown_day || view.ask.by_day {
        sections.push(breakdown_by_day(view));
    }
    sections.extend(shop_sections(view));
    sections.push(add_on_section(view));
    sections.push(growth_section(view));
    sections.push(projection_section(view));
    sections.push(trend(view));
    sections.push(types(view));
    Parts { facts: facts(view), sections }
}

fn facts(view: &View<'_>) -> Vec<Fact> {
    let region = view.region;
    vec![
        Fact {
            name: "price_tier",
            title: "Price tier",
            value: region.price_tier.map(|tier| tier.to_string()).into(),
        },
        Fact { name: "max_capacity", title: "Max capacity (people)", value: region.max_capacity.into() },
        Fact { name: "start_wave", title: "Start wave", value: region.start_wave.clone().into() },
        Fact {
            name: "price_trigger",
            title: "Price goes up at (people)",
            value: region.price_trigger.into(),
        },
    ]
}

fn totals_section(view: &View<'_>, all: &Totals) -> Section {
    let columns = [("group", "Group"), ("sold", "Sold"), ("of", "Of"), ("share", "Share")];
    let trigger = view.region.price_trigger;
    let row = |group: &str, sold: u64, of: Option<i64>| {
        vec![group.into(), sold.into(), of.into(), share_of_room(sold, of)]
    };
    let room = view.region.max_capacity;
    let counts = "tickets: one a person, so a pair is two and a relay four; extras are no people";
    Section::new("totals", "Totals", counts, &columns)
        .with([
            row("All_singles", all.singles, None),
            row("All_doubles", all.doubles, None),
            row("All_relays", all.relays, None),
            row("spectators", all.spectators, None),
            row("extras", all.extras, None),
            row("Total_athletes", all.athletes, trigger),
        ])
        .with(room.map(|_| row("Max_capacity", all.athletes, room)))
        .note(format!("{} main tickets of athletes take a place on sale", whole(all.places)))
}

/// A number in a sentence.
fn whole(number: u64) -> String {
    grouped(i64::try_from(number).unwrap_or(i64::MAX))
}

fn adaptive(all: &Totals) -> Section {
    let columns = [("group", "Group"), ("sold", "Sold")];
    Section::new("adaptive", "Adaptive", PEOPLE, &columns).with([
        vec!["HYROX ADAPTIVE MEN".into(), all.adaptive_men.into()],
        vec!["HYROX ADAPTIVE WOMEN".into(), all.adaptive_women.into()],
    ])
}

const BREAKDOWN: [(&str, &str); 7] = [
    ("group", "Group"),
    ("day", "Day"),
    ("sold", "Sold"),
    ("entries", "Entries"),
    ("capacity", "Capacity"),
    ("share", "Share"),
    ("left", "Left"),
];

fn breakdown(view: &View<'_>) -> Section {
    let groups = by_group(view.board, &view.ground.capacities, Breakdown::default(), &view.ground.rules);
    let section = Section::new("breakdown", "Sold of capacity", PEOPLE, &BREAKDOWN);
    section.with(groups.into_iter().map(|count| group_row(&count)))
}

fn breakdown_by_day(view: &View<'_>) -> Section {
    let how = Breakdown { by_day: true, exclude_adaptive_sunday: view.region.exclude_adaptive_sunday };
    let groups = by_group(view.board, &view.ground.capacities, how, &view.ground.rules);
    let section = Section::new("breakdown_by_day", "Sold of capacity by day", PEOPLE, &BREAKDOWN);
    section.with(groups.into_iter().map(|count| group_row(&count)))
}

fn group_row(count: &GroupCount) -> Vec<Cell> {
    let sold = i64::try_from(count.people).unwrap_or(i64::MAX);
    vec![
        count.group.clone().into(),
        count.day.into(),
        count.people.into(),
        count.entries.into(),
        count.capacity.into(),
        share_of_room(count.people, count.capacity),
        // More may be sold than there is room for.
        count.capacity.map(|room| room - sold).into(),
    ]
}

const SHOPS: &str = "tickets; a volume that the source does not state is unknown, not 0";

fn shop_sections(view: &View<'_>) -> [Section; 2] {
    let rules = &view.ground.rules;
    let usage = shops::usage(view.board, rules);
    let columns = [
        ("shop_category", "Shops"),
        ("group", "Group"),
        ("sold", "Sold"),
        ("volume", "Volume"),
        ("share", "Share"),
    ];
    let rows = shops::by_group(&usage, rules).into_iter().map(|sum| {
        let share = share_of_room(sum.tickets, sum.volume);
        vec![sum.shop_category.into(), sum.group.into(), sum.tickets.into(), sum.volume.into(), share]
    });
    let groups = Section::new("shop_groups", "Secret shops by group", SHOPS, &columns).with(rows);
    [groups, shop_section(usage)]
}

fn shop_section(usage: Vec<ShopCount>) -> Section {
    let columns = [
        ("shop_category", "Shops"),
        ("shop", "Shop"),
        ("group", "Group"),
        ("day", "Day"),
        ("type", "Ticket"),
        ("sold", "Sold"),
        ("volume", "Volume"),
        ("share", "Share"),
    ];
    let row = |count: ShopCount| {
        let share = share_of_room(count.tickets, count.volume);
        let (sort, shop, group) = (count.shop_category, count.shop_name, count.group);
        let (day, sold, volume) = (count.day, count.tickets, count.volume);
        vec![
            sort.into(),
            shop.into(),
            group.into(),
            day.into(),
            count.name.into(),
            sold.into(),
            volume.into(),
            share,
        ]
    };
    Section::new("shops", "Secret shops", SHOPS, &columns).detailed().with(usage.into_iter().map(row))
}

fn add_on_section(view: &View<'_>) -> Section {
    let columns = [("add_on", "Add-on"), ("count", "Count")];
    let section = Section::new("add_ons", "Add-ons", "add-ons: each of a ticket's counts", &columns);
    section.with(add_ons(view.board).into_iter().map(|(name, count)| vec![name.into(), count.into()]))
}

/// What a number is called, and whether a ticket of this name counts in it.
type Watched = (&'static str, fn(&Name) -> bool);

/// The numbers that are watched over time.
const WATCHED: [Watched; 5] = [
    ("All_singles", |name| name.category == Category::Single),
    ("All_doubles", |name| name.category == Category::Double),
    ("All_relays", |name| name.category == Category::Relay),
    ("spectators", |name| name.category == Category::Spectator),
    ("Total_athletes", |name| name.category.is_athlete()),
];

/// What was known of one of them at the times within the window, and now.
fn samples(view: &View<'_>, is_one: fn(&Name) -> bool) -> Vec<Sample> {
    let count = |sold: &[Arc<Name>]| sold.iter().filter(|name| is_one(name)).count() as u64;
    let earlier = |one: &Earlier| Sample { at: one.at, count: count(&one.sold) };
    let now = view.board.sold().filter(|ticket| is_one(&ticket.name)).count() as u64;
    view.ask.earlier.iter().map(earlier).chain([Sample { at: view.ask.at, count: now }]).collect()
}

fn growth_section(view: &View<'_>) -> Section {
    let columns = [
        ("group", "Group"),
        ("since", "Since"),
        ("first", "First"),
        ("last", "Last"),
        ("more", "More"),
        ("share", "Growth"),
    ];
    let mut section = Section::new("growth", "Growth", PEOPLE, &columns);
    for (group, is_one) in WATCHED {
        match growth(&samples(view, is_one), view.ask.at, view.ask.window) {
            Ok(grown) => section.row(vec![
                group.into(),
                Cell::At(grown.first.at),
                grown.first.count.into(),
                grown.last.count.into(),
                grown.more.into(),
                grown.share.map_or(Cell::Nothing, Cell::Share),
            ]),
            Err(lacking) => return section.note(told(&lacking)),
        }
    }
    section
}

fn projection_section(view: &View<'_>) -> Section {
    let columns = [
        ("group", "Group"),
        ("at", "At"),
        ("count", "Would be"),
        ("rate", "Growth a minute"),
        ("by_mean", "By mean change"),
        ("mean_change", "Mean change"),
    ];
    let mut section = Section::new("projections", "Projections", PEOPLE, &columns);
    for (group, is_one) in WATCHED {
        match projection(&samples(view, is_one), view.ask.at, view.ask.window, view.ask.ahead) {
            Ok(on) => section.row(vec![
                group.into(),
                Cell::At(on.at),
                on.count.into(),
                Cell::Share(on.rate_per_minute),
                on.count_by_mean.into(),
                Cell::Share(on.mean_change),
            ]),
            Err(Lacking::FromNothing) => section.notes.push(format!("{group}: {}", Lacking::FromNothing)),
            Err(lacking) => return section.note(told(&lacking)),
        }
    }
    section
}

fn told(lacking: &Lacking) -> String {
    format!("{lacking}; a wider window may hold more")
}

const TREND_DAYS: u64 = 7;

fn trend(view: &View<'_>) -> Section {
    let columns =
        [("date", "Day"), ("athletes", "Athletes"), ("spectators", "Spectators"), ("tickets", "Tickets")];
    let counts = "sold tickets by the day they were made on";
    let mut section = Section::new("trend", "Last seven days", counts, &columns);
    let zone = view.zone();
    let today = view.ask.at.with_timezone(&zone).date_naive();
    for back in (0..TREND_DAYS).rev() {
        let Some(date) = today.checked_sub_days(Days::new(back)) else { continue };
        let mut counts = [0_u64; 3];
        for ticket in view.board.sold() {
            let made = ticket.created_at.map(|at| at.with_timezone(&zone).date_naive());
            if made == Some(date) {
                counts[0] += u64::from(ticket.name.category.is_athlete());
                counts[1] += u64::from(ticket.name.category == Category::Spectator);
                counts[2] += 1;
            }
        }
        section.row(vec![date.to_string().into(), counts[0].into(), counts[1].into(), counts[2].into()]);
    }
    section
}

fn types(view: &View<'_>) -> Section {
    let columns = [
        ("type", "Ticket"),
        ("id", "Id"),
        ("category", "Category"),
        ("group", "Group"),
        ("day", "Day"),
        ("takes_place", "Takes a place"),
        ("sold", "Sold"),
        ("amount", "On sale"),
        ("share", "Share"),
    ];
    let counts = "tickets; what is on sale is the amount of the ticket type itself";
    let section = Section::new("types", "Ticket types", counts, &columns).detailed();
    let all = by_type(view.board, &view.ground.rules);
    let whole: u64 = all.iter().map(|count| count.tickets).sum();
    let rows = all.into_iter().map(|count| {
        let share = share_of_room(count.tickets, count.amount);
        vec![
            count.name.into(),
            count.offer.into(),
            count.category.name().into(),
            count.group.into(),
            count.day.into(),
            if count.takes_place { "yes" } else { "no" }.into(),
            count.tickets.into(),
            count.amount.into(),
            share,
        ]
    });
    let section = section.with(rows);
    section.note(format!("{} tickets in all", self::whole(whole)))
}

//! The report on where people are from.

use super::{Parts, View};
use crate::ticketing::origin::{Origins, origins};
use crate::ticketing::report::{Cell, Fact, Section, share};
use crate::ticketing::rows::Ticket;
use crate::ticketing::rules::Category;

/// Foreign countries that are told by themselves.
const TOP: usize = 10;

pub(super) fn parts(view: &View<'_>) -> Parts {
    let locality = &view.region.locality;
    let country = view.ground.countries.name(locality).to_owned();
    let facts = vec![
        Fact { name: "locality", title: "Local is", value: locality.clone().into() },
        Fact { name: "locality_name", title: "Country", value: country.into() },
    ];
    let athletes = view.athletes();
    let sold = view.sold();
    let spectators: Vec<&Ticket> =
        sold.into_iter().filter(|ticket| ticket.name.category == Category::Spectator).collect();
    let of = |tickets: &[&Ticket]| origins(tickets, locality, &view.ground.countries);
    let (athletes, spectators) = (of(&athletes), of(&spectators));
    let sections = vec![
        summary(&athletes, &spectators),
        top(view, "athletes", "Athletes by country", &athletes),
        world("athlete_regions", "Athletes by region of the world", &athletes),
        top(view, "spectators", "Spectators by country", &spectators),
        world("spectator_regions", "Spectators by region of the world", &spectators),
        every(view, &athletes),
    ];
    Parts { facts, sections }
}

const BY_NATIONALITY: &str = "people, one a ticket, by the nationality they answered";

fn total(origins: &Origins) -> u64 {
    origins.local + origins.international + origins.unknown
}

fn summary(athletes: &Origins, spectators: &Origins) -> Section {
    let columns = [
        ("who", "Who"),
        ("total", "Total"),
        ("local", "Local"),
        ("local_share", "Local share"),
        ("international", "International"),
        ("international_share", "International share"),
        ("unknown", "Not said"),
    ];
    let row = |who: &str, of: &Origins| {
        let total = total(of);
        let (local, foreign) = (of.local, of.international);
        let shares = (share(local, total), share(foreign, total));
        vec![who.into(), total.into(), local.into(), shares.0, foreign.into(), shares.1, of.unknown.into()]
    };
    let section = Section::new("summary", "Local and international", BY_NATIONALITY, &columns);
    section.with([row("athletes", athletes), row("spectators", spectators)])
}

fn top(view: &View<'_>, name: &'static str, title: &str, origins: &Origins) -> Section {
    let columns = [("country", "Country"), ("code", "Code"), ("people", "People"), ("share", "Share")];
    let whole = total(origins);
    let (countries, others) = origins.top_foreign(&view.region.locality, TOP);
    let mut section = Section::new(name, title, BY_NATIONALITY, &columns);
    for (code, people) in countries {
        let called = view.ground.countries.name(&code).to_owned();
        section.row(vec![called.into(), code.into(), people.into(), share(people, whole)]);
    }
    section.row(vec!["Other Countries".into(), Cell::Nothing, others.into(), share(others, whole)]);
    section
}

fn world(name: &'static str, title: &str, origins: &Origins) -> Section {
    let columns =
        [("region", "Region"), ("sub_region", "Sub-region"), ("people", "People"), ("share", "Share")];
    let whole = total(origins);
    let rows = origins.regions.iter().map(|((region, part), people)| {
        vec![region.clone().into(), part.clone().into(), (*people).into(), share(*people, whole)]
    });
    Section::new(name, title, BY_NATIONALITY, &columns).with(rows).detailed()
}

fn every(view: &View<'_>, athletes: &Origins) -> Section {
    let columns = [("country", "Country"), ("code", "Code"), ("people", "People")];
    let rows = athletes.countries.iter().map(|(code, people)| {
        vec![view.ground.countries.name(code).into(), code.clone().into(), (*people).into()]
    });
    let title = "Athletes by every country";
    Section::new("athlete_countries", title, BY_NATIONALITY, &columns).with(rows).detailed()
}

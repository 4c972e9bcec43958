//! The report on the state of the tickets: by status, and everything about teams, genders and ages that does
//! not fit.

use std::collections::BTreeSet;

use model::Kind;
use model::mask::MASK;

use super::sales::PEOPLE;
use super::{Parts, View};
use crate::ticketing::ages::age_of;
use crate::ticketing::gender;
use crate::ticketing::report::{Cell, Section, share};
use crate::ticketing::rules::Gender;
use crate::ticketing::summaries::by_status;
use crate::ticketing::teams::{check_mixed, check_teams};

pub(super) fn parts(view: &View<'_>) -> Parts {
    let mut sections = vec![statuses(view)];
    sections.extend(teams(view));
    sections.extend(genders(view));
    sections.extend(mixed(view));
    sections.push(young(view));
    sections.push(photos(view));
    sections.push(check_ins(view));
    Parts { facts: Vec::new(), sections }
}

fn statuses(view: &View<'_>) -> Section {
    let columns = [("status", "Status"), ("tickets", "Tickets"), ("share", "Share")];
    let counts = "tickets of any status; VALID and DETAILSREQUIRED are sold";
    let whole = view.board.tickets.len() as u64;
    let rows = by_status(view.board).into_iter();
    let rows = rows.map(|(status, tickets)| vec![status.into(), tickets.into(), share(tickets, whole)]);
    Section::new("statuses", "Tickets by status", counts, &columns).with(rows)
}

fn teams(view: &View<'_>) -> [Section; 2] {
    let check = check_teams(&view.athletes());
    let counts = "purchases, one for each group and day in them";
    let summary =
        Section::new("team_check", "Team check", counts, &[("result", "Result"), ("purchases", "Purchases")])
            .with([
                vec!["OK".into(), check.matching.into()],
                vec!["MISMATCH".into(), (check.faults.len() as u64).into()],
            ])
            .note(
                "a pair needs one member beside its main ticket, a relay three; championships are left out",
            );
    let columns = [
        ("transaction", "Purchase"),
        ("group", "Group"),
        ("day", "Day"),
        ("mains", "Main tickets"),
        ("members", "Members"),
        ("needed", "Members needed"),
    ];
    let loose = check.faults.iter().any(|fault| fault.transaction.is_empty());
    let rows = check.faults.into_iter().map(|fault| {
        let transaction = Some(fault.transaction).filter(|key| !key.is_empty());
        let (mains, members, needed) = (fault.mains, fault.members, fault.members_needed);
        vec![
            transaction.into(),
            fault.group.into(),
            fault.day.into(),
            mains.into(),
            members.into(),
            needed.into(),
        ]
    });
    let detail =
        Section::new("team_mismatches", "Team mismatches", "tickets", &columns).with(rows).detailed();
    let detail = match loose {
        true => detail.note("tickets without a purchase are nobody's team, even where their numbers fit"),
        false => detail,
    };
    [summary, detail]
}

fn word(gender: Option<Gender>) -> Cell {
    match gender {
        Some(Gender::Male) => "Male".into(),
        Some(Gender::Female) => "Female".into(),
        Some(Gender::Mixed) => "Mixed".into(),
        None => Cell::Nothing,
    }
}

fn genders(view: &View<'_>) -> [Section; 2] {
    let check = gender::check(&view.athletes());
    let columns = [("result", "Result"), ("people", "People")];
    let summary = Section::new("gender_check", "Gender check", PEOPLE, &columns).with([
        vec!["as the ticket says".into(), check.matching.into()],
        vec!["missing".into(), check.missing.into()],
        vec!["different".into(), check.different.into()],
        vec!["mixed or not said".into(), check.open.into()],
    ]);
    let columns = [
        ("ticket", "Ticket"),
        ("barcode", "Barcode"),
        ("name", "Name"),
        ("day", "Day"),
        ("expected", "Expected"),
        ("current", "Current"),
    ];
    let barcode = |fault: &gender::GenderFault| match view.ask.personal {
        true => Cell::from(fault.barcode.clone()),
        false => Cell::from(MASK),
    };
    let rows = check.faults.into_iter().map(|fault| {
        let (barcode, current) = (barcode(&fault), word(fault.current));
        vec![
            fault.ticket.into(),
            barcode,
            fault.name.into(),
            fault.day.into(),
            word(Some(fault.expected)),
            current,
        ]
    });
    let detail = Section::new("gender_mismatches", "Gender mismatches", "tickets", &columns).with(rows);
    let detail = match view.ask.personal {
        true => detail,
        false => {
            detail.note("barcodes are personal: `--personal` shows them, which is noted in the audit log")
        }
    };
    [summary, detail.detailed()]
}

fn mixed(view: &View<'_>) -> [Section; 2] {
    let check = check_mixed(&view.athletes());
    let counts = "whole teams of mixed groups";
    let summary =
        Section::new("mixed_check", "Mixed teams", counts, &[("result", "Result"), ("teams", "Teams")]).with(
            [
                vec!["OK".into(), check.matching.into()],
                vec!["MISMATCH".into(), check.different.into()],
                vec!["UNKNOWN".into(), check.unknown.into()],
            ],
        );
    let columns = [
        ("tickets", "Tickets"),
        ("group", "Group"),
        ("day", "Day"),
        ("men", "Men"),
        ("women", "Women"),
        ("unknown", "Not known"),
    ];
    let rows = check.faults.into_iter().map(|team| {
        let (men, women, unknown) = (team.men, team.women, team.unknown);
        let tickets = team.tickets.join(" ");
        vec![tickets.into(), team.group.into(), team.day.into(), men.into(), women.into(), unknown.into()]
    });
    let detail =
        Section::new("mixed_mismatches", "Mixed teams that are not", "people in whole teams", &columns);
    [summary, detail.with(rows).detailed()]
}

fn young(view: &View<'_>) -> Section {
    let columns = [("age", "Age"), ("people", "People")];
    let days = &view.board.event.days;
    let mut counts = [0_u64; 4];
    for ticket in view.athletes() {
        match age_of(ticket, days, view.ask.age_on) {
            Some(..16) => counts[0] += 1,
            Some(16) => counts[1] += 1,
            Some(17..=18) => counts[2] += 1,
            Some(_) => {}
            None => counts[3] += 1,
        }
    }
    Section::new("young", "Young athletes", PEOPLE, &columns).with([
        vec!["under 16".into(), counts[0].into()],
        vec!["16".into(), counts[1].into()],
        vec!["17-18".into(), counts[2].into()],
        vec!["not known".into(), counts[3].into()],
    ])
}

fn photos(view: &View<'_>) -> Section {
    let columns = [("what", "What"), ("count", "Count")];
    let tickets = view.board.sold().filter(|ticket| ticket.name.photos).count() as u64;
    let is_photo = |name: &&String| view.ground.rules.marked(name, "photos");
    let add_ons = view.board.sold().flat_map(|ticket| &ticket.add_ons).filter(is_photo).count() as u64;
    let counts = "packages: tickets of their own, and add-ons of other tickets";
    Section::new("photos", "Photo packages", counts, &columns).with([
        vec!["tickets".into(), tickets.into()],
        vec!["add-ons".into(), add_ons.into()],
        vec!["total".into(), (tickets + add_ons).into()],
    ])
}

fn check_ins(view: &View<'_>) -> Section {
    let columns = [("what", "What"), ("count", "Count")];
    let ins = || view.board.scans.iter().filter(|scan| scan.form == "checkin");
    let tickets: BTreeSet<&str> = ins().filter_map(|scan| scan.ticket.as_deref()).collect();
    let counts = "scans at the door, and tickets among them";
    let known = |count: usize| view.known(Kind::Scan, count as u64);
    let section = Section::new("check_ins", "Check-ins", counts, &columns).with([
        vec!["check-ins".into(), known(ins().count())],
        vec!["tickets checked in".into(), known(tickets.len())],
    ]);
    match view.ask.never.contains(&Kind::Scan) {
        true => section.note(
            "none were gathered: the pipeline `full` does, and the function `check_in_ingestion`; a region with a \
             `base_url` of its own needs `scans_url`",
        ),
        false => section,
    }
}

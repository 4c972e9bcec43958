//! The report on age groups, and what else athletes answered.

use super::sales::PEOPLE;
use super::{Parts, View};
use crate::ticketing::ages::{AgeGroup, AgeOn, INCOMPLETE, age_groups};
use crate::ticketing::origin::answers;
use crate::ticketing::report::{Cell, Fact, Section, share};

pub(super) fn parts(view: &View<'_>) -> Parts {
    let athletes = view.athletes();
    let groups = age_groups(&athletes, &view.board.event.days, view.ask.age_on, &view.ground.rules);
    let on = match view.ask.age_on {
        AgeOn::EventDay => "the day of the event".to_owned(),
        AgeOn::Day(day) => day.to_string(),
    };
    let total: u64 = groups.iter().map(|group| group.total).sum();
    let incomplete: u64 = groups.iter().map(|group| group.incomplete).sum();
    let facts = vec![
        Fact { name: "age_on", title: "Age on", value: on.into() },
        Fact { name: "people", title: "Athletes", value: total.into() },
        Fact { name: "incomplete", title: "Incomplete", value: incomplete.into() },
    ];
    let sections = vec![ranges(&groups), averages(&groups), returning(view), residence(view), gyms(view)];
    Parts { facts, sections }
}

fn ranges(groups: &[AgeGroup]) -> Section {
    let columns = [
        ("group", "Group"),
        ("day", "Day"),
        ("category", "Category"),
        ("range", "Age"),
        ("people", "People"),
        ("share", "Share"),
    ];
    let mut section = Section::new("age_groups", "Age groups", PEOPLE, &columns)
        .note("a team counts as its people, in the range of its average age; Incomplete are people whose age or team is not known; ranges and Incomplete add up to Total, which is the number of tickets");
    for group in groups {
        let mut row = |range: &str, people: u64| {
            section.row(vec![
                group.group.clone().into(),
                group.day.into(),
                group.category.name().into(),
                range.into(),
                people.into(),
                share(people, group.total),
            ]);
        };
        group.ranges.iter().for_each(|(range, people)| row(range, *people));
        row(INCOMPLETE, group.incomplete);
        row("Total", group.total);
    }
    section
}

fn averages(groups: &[AgeGroup]) -> Section {
    let columns = [("group", "Group"), ("day", "Day"), ("entries", "Entries"), ("average", "Average age")];
    let counts = "entries in which nothing is missing: athletes alone, pairs, relays";
    let rows = groups.iter().map(|group| {
        let average = group.average.map_or(Cell::Nothing, Cell::Number);
        vec![group.group.clone().into(), group.day.into(), group.complete_entries.into(), average]
    });
    Section::new("averages", "Average ages", counts, &columns).with(rows)
}

fn returning(view: &View<'_>) -> Section {
    let columns = [("answer", "Answer"), ("yes", "Yes"), ("no", "No"), ("unknown", "Not said")];
    let athletes = view.athletes();
    let row = |title: &str, answers: Vec<Option<bool>>| {
        let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count() as u64;
        vec![title.into(), count(Some(true)).into(), count(Some(false)).into(), count(None).into()]
    };
    Section::new("returning", "Returning athletes", PEOPLE, &columns).with([
        row("Took part before", athletes.iter().map(|ticket| ticket.returning).collect()),
        row("Took part in this city before", athletes.iter().map(|ticket| ticket.returning_city).collect()),
    ])
}

fn residence(view: &View<'_>) -> Section {
    let columns = [("residence", "Residence"), ("people", "People"), ("share", "Share")];
    let athletes = view.athletes();
    let whole = athletes.len() as u64;
    let said = answers(athletes.iter().map(|ticket| ticket.residence.as_deref()));
    let unsaid = whole - said.iter().map(|(_, people)| people).sum::<u64>();
    let rows = said.into_iter().map(|(name, people)| vec![name.into(), people.into(), share(people, whole)]);
    let unsaid = vec!["Not said".into(), unsaid.into(), share(unsaid, whole)];
    Section::new("residence", "Region of residence", PEOPLE, &columns).with(rows).with([unsaid]).detailed()
}

fn gyms(view: &View<'_>) -> Section {
    let columns = [("status", "Gym"), ("people", "People"), ("share", "Share")];
    let athletes = view.athletes();
    let whole = athletes.len() as u64;
    let said = answers(athletes.iter().map(|ticket| ticket.gym_status.as_deref()));
    let unsaid = whole - said.iter().map(|(_, people)| people).sum::<u64>();
    let rows = said.into_iter().map(|(name, people)| vec![name.into(), people.into(), share(people, whole)]);
    let unsaid = vec!["Not said".into(), unsaid.into(), share(unsaid, whole)];
    Section::new("gyms", "Gym affiliates", PEOPLE, &columns).with(rows).with([unsaid])
}

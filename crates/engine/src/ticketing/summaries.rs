//! Sold tickets counted by type, group, category and day, beside what is on sale and what there is room for.

use std::collections::BTreeMap;

use serde::Serialize;

use super::days::Day;
use super::rows::{Board, Ticket};
use super::rules::{Category, Rules};
use super::statics::Capacities;

/// Tickets of one type.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TypeCount {
    /// Source key of the type; empty for tickets that name none.
    pub offer: String,
    /// What it is called.
    pub name: String,
    /// Its category.
    pub category: Category,
    /// Its group.
    pub group: String,
    /// Its day.
    pub day: Option<Day>,
    /// Whether its tickets take the places on sale.
    pub takes_place: bool,
    /// Tickets sold.
    pub tickets: u64,
    /// How many are on sale; `None` where that is not said.
    pub amount: Option<i64>,
}

/// Sold tickets by type, those types included of which none is sold.
pub fn by_type(board: &Board, rules: &Rules) -> Vec<TypeCount> {
    let mut types: BTreeMap<&str, TypeCount> = BTreeMap::new();
    for offer in &board.types {
        let name = &offer.name;
        let count = TypeCount {
            offer: offer.key.clone(),
            name: name.said.clone(),
            category: name.category,
            group: name.group_label().to_owned(),
            day: name.day,
            takes_place: name.takes_place(),
            tickets: 0,
            amount: offer.amount,
        };
        types.insert(&offer.key, count);
    }
    for ticket in board.sold() {
        let name = &ticket.name;
        let key = ticket.offer.as_deref().unwrap_or_default();
        let count = types.entry(key).or_insert_with(|| TypeCount {
            offer: key.to_owned(),
            name: name.said.clone(),
            category: name.category,
            group: name.group_label().to_owned(),
            day: name.day,
            takes_place: name.takes_place(),
            tickets: 0,
            amount: None,
        });
        count.tickets += 1;
    }
    let mut types: Vec<TypeCount> = types.into_values().collect();
    types.sort_by_key(|count| (rules.place_of(&count.group), count.day, count.name.clone()));
    types
}

/// The totals of a sale. Tickets are counted, so a pair is two and a relay four: they are people.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Tickets of single athletes.
    pub singles: u64,
    /// Tickets of pairs.
    pub doubles: u64,
    /// Tickets of relays.
    pub relays: u64,
    /// Tickets of spectators.
    pub spectators: u64,
    /// Everything else that was sold.
    pub extras: u64,
    /// Athletes: singles, doubles and relays.
    pub athletes: u64,
    /// Main tickets of athletes: those that take a place on sale.
    pub places: u64,
    /// Athletes in adaptive starts, men.
    pub adaptive_men: u64,
    /// Athletes in adaptive starts, women.
    pub adaptive_women: u64,
    /// All tickets sold.
    pub tickets: u64,
}

/// The totals of these tickets.
pub fn totals<'a>(sold: impl Iterator<Item = &'a Ticket>) -> Totals {
    let mut totals = Totals::default();
    for ticket in sold {
        let name = &ticket.name;
        totals.tickets += 1;
        match name.category {
            Category::Single => totals.singles += 1,
            Category::Double => totals.doubles += 1,
            Category::Relay => totals.relays += 1,
            Category::Spectator => totals.spectators += 1,
            Category::Extra => totals.extras += 1,
        }
        totals.athletes += u64::from(name.category.is_athlete());
        totals.places += u64::from(name.takes_place());
        match name.group.as_deref() {
            Some("HYROX ADAPTIVE MEN") => totals.adaptive_men += 1,
            Some("HYROX ADAPTIVE WOMEN") => totals.adaptive_women += 1,
            _ => {}
        }
    }
    totals
}

/// People of one group, of one day where days are told apart.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupCount {
    /// The group, as the capacities name it.
    pub group: String,
    /// Its category.
    pub category: Category,
    /// The day; `None` where all are taken together, or the tickets name none.
    pub day: Option<Day>,
    /// Tickets sold, members of teams too.
    pub people: u64,
    /// Main tickets among them: teams, for pairs and relays.
    pub entries: u64,
    /// How many people there is room for; `None` where that is not said.
    pub capacity: Option<i64>,
}

/// How groups are told apart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Breakdown {
    /// Each day by itself.
    pub by_day: bool,
    /// Sunday's singles stand without the adaptive ones.
    pub exclude_adaptive_sunday: bool,
}

impl Breakdown {
    fn apart(self, day: Option<Day>) -> bool {
        self.exclude_adaptive_sunday && day == Some(Day::One(chrono::Weekday::Sun))
    }
}

const WITH_ADAPTIVE: &str = " with Adaptive";

/// People by group (and day), in the order of the capacities and then of the rules. Groups that have room but
/// nobody in them are there.
pub fn by_group(board: &Board, capacities: &Capacities, how: Breakdown, rules: &Rules) -> Vec<GroupCount> {
    let mut groups: Vec<GroupCount> = Vec::new();
    let whole = capacities.of(how.by_day);
    for capacity in &whole {
        let group = match how.apart(capacity.day) {
            true => capacity.group.trim_end_matches(WITH_ADAPTIVE),
            false => capacity.group.as_str(),
        };
        groups.push(empty(group, capacity.day, Some(capacity.room), rules));
    }
    for ticket in board.sold().filter(|ticket| ticket.name.category != Category::Extra) {
        let day = ticket.name.day.filter(|_| how.by_day);
        let label = label(ticket, day, &groups);
        let found = groups.iter().position(|group| group.group == label && group.day == day);
        let at = found.unwrap_or_else(|| {
            groups.push(GroupCount { category: ticket.name.category, ..empty(&label, day, None, rules) });
            groups.len() - 1
        });
        groups[at].category = ticket.name.category;
        groups[at].people += 1;
        groups[at].entries += u64::from(!ticket.name.member);
    }
    let listed = |group: &GroupCount| {
        whole.iter().position(|room| {
            room.group.trim_end_matches(WITH_ADAPTIVE) == group.group.trim_end_matches(WITH_ADAPTIVE)
        })
    };
    groups.retain(|group| group.people > 0 || group.capacity.is_some_and(|room| room > 0));
    groups.sort_by_key(|group| {
        (group.day, listed(group).unwrap_or(usize::MAX), rules.place_of(&group.group), group.group.clone())
    });
    groups
}

/// What the ticket's group is called among the capacities: adaptive starts may share a room with the others.
fn label(ticket: &Ticket, day: Option<Day>, groups: &[GroupCount]) -> String {
    let group = ticket.name.group_label();
    let shared = format!("{}{WITH_ADAPTIVE}", group.replace("ADAPTIVE ", ""));
    if groups.iter().any(|count| count.group == shared && count.day == day) {
        return shared;
    }
    let several = ticket.name.category == Category::Spectator && day == Some(Day::Several);
    several.then(|| several_days(ticket, groups)).flatten().unwrap_or_else(|| group.to_owned())
}

/// Capacities tell passes of two days from those of three by their names.
fn several_days(ticket: &Ticket, groups: &[GroupCount]) -> Option<String> {
    let alike = |name: &str| name.split_whitespace().collect::<Vec<_>>().join(" ").to_uppercase();
    let said = alike(&ticket.name.said);
    let of_day = groups.iter().filter(|count| count.day == Some(Day::Several));
    of_day.map(|count| &count.group).find(|group| alike(group) == said).cloned()
}

fn empty(group: &str, day: Option<Day>, capacity: Option<i64>, rules: &Rules) -> GroupCount {
    let category = rules.read(group, &super::days::EventDays::default()).category;
    GroupCount { group: group.to_owned(), category, day, people: 0, entries: 0, capacity }
}

/// How often each add-on was bought with a sold ticket: all of a ticket's, not its first.
pub fn add_ons(board: &Board) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for name in board.sold().flat_map(|ticket| &ticket.add_ons) {
        *counts.entry(name.trim()).or_default() += 1;
    }
    let mut counts: Vec<(String, u64)> =
        counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

/// Tickets by status, those not sold too.
pub fn by_status(board: &Board) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for ticket in &board.tickets {
        *counts.entry(ticket.status.clone()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::ticketing::rows::kit::{board, ticket};

    fn sold() -> Board {
        board(vec![
            ticket("1", "HYROX MEN | Saturday", "a"),
            ticket("2", "HYROX ADAPTIVE MEN | Saturday", "a"),
            ticket("3", "CHARITY | HYROX MEN | Saturday ", "b"),
            ticket("4", "HYROX MEN | Sunday", "b"),
            ticket("5", "HYROX ADAPTIVE MEN | Sunday", "b"),
            ticket("6", "HYROX DOUBLES MIXED | Saturday", "c"),
            ticket("7", "HYROX DOUBLES MIXED ATHLETE 2 | Saturday", "c"),
            ticket("8", "SPECTATOR | 2 DAYS", "d"),
            ticket("9", "Sportograf Photo Package", "d"),
            Ticket { status: "INVALID".to_owned(), ..ticket("10", "HYROX MEN | Saturday", "e") },
        ])
    }

    const CAPACITIES: &str = r#"{"ticket_capacities": {
        "all": {"HYROX MEN with Adaptive": 10, "HYROX PRO MEN": 4, "HYROX WOMEN": 0},
        "by_day": {"SATURDAY": {"HYROX MEN with Adaptive": 6}, "SUNDAY": {"HYROX MEN with Adaptive": 4},
                   "MULTI_DAY": {"SPECTATOR | 2 DAYS": 99}}}}"#;

    fn grouped(how: Breakdown) -> Vec<String> {
        let capacities = Capacities::parse("test.json", CAPACITIES).unwrap();
        let groups = by_group(&sold(), &capacities, how, Rules::shipped());
        let line = |count: GroupCount| {
            let day = count.day.map_or("-", Day::name);
            format!("{day} {} {}/{:?}", count.group, count.people, count.capacity.unwrap_or(-1))
        };
        groups.into_iter().map(line).collect()
    }

    #[test]
    fn totals_count_people_and_places() {
        let totals = totals(sold().sold());
        assert_eq!((totals.singles, totals.doubles, totals.relays), (5, 2, 0));
        assert_eq!((totals.athletes, totals.places, totals.spectators, totals.extras), (7, 6, 1, 1));
        assert_eq!((totals.adaptive_men, totals.tickets), (2, 9));
    }

    #[test]
    fn groups_stand_beside_their_room() {
        let all = grouped(Breakdown::default());
        assert_eq!(
            all,
            [
                "- HYROX MEN with Adaptive 5/10",
                "- HYROX PRO MEN 0/4",
                "- HYROX DOUBLES MIXED 2/-1",
                "- SPECTATOR 1/-1"
            ]
        );
    }

    /// Rooms of other days are not counted again.
    #[test]
    fn fault_19_each_day_has_its_own_room() {
        let by_day = grouped(Breakdown { by_day: true, ..Breakdown::default() });
        assert_eq!(
            by_day,
            [
                "SATURDAY HYROX MEN with Adaptive 3/6",
                "SATURDAY HYROX DOUBLES MIXED 2/-1",
                "SUNDAY HYROX MEN with Adaptive 2/4",
                "MULTI_DAY SPECTATOR | 2 DAYS 1/99"
            ]
        );
        let apart = grouped(Breakdown { by_day: true, exclude_adaptive_sunday: true });
        assert!(apart.contains(&"SUNDAY HYROX MEN 1/4".to_owned()), "{apart:?}");
        assert!(apart.contains(&"SUNDAY HYROX ADAPTIVE MEN 1/-1".to_owned()), "{apart:?}");
    }

    #[test]
    fn fault_24_every_add_on_counts() {
        let mut tickets = vec![ticket("1", "HYROX MEN", "a"), ticket("2", "HYROX MEN", "a")];
        tickets[0].add_ons = vec!["Patch".to_owned(), "Photo".to_owned(), "Photo".to_owned()];
        tickets[1].add_ons = vec!["Photo".to_owned()];
        assert_eq!(add_ons(&board(tickets)), [("Photo".to_owned(), 3), ("Patch".to_owned(), 1)]);
    }

    #[test]
    fn types_show_amounts_and_tickets_without_a_type() {
        let mut all = sold();
        all.tickets[0].offer = None;
        let types = by_type(&all, Rules::shipped());
        let sum: u64 = types.iter().map(|count| count.tickets).sum();
        assert_eq!(sum, 9);
        assert!(types.iter().any(|count| count.offer.is_empty()));
    }
}

//! Tickets as the entries they start in: an athlete alone, a pair, a relay of four.
//!
//! Teams are bought in one purchase: its n-th main ticket of a group and day goes with the n-th member, or
//! with the n-th three. What does not come out even is an entry of its own that is not complete. Every
//! ticket is in exactly one entry, so whatever is counted by entries adds up to the tickets.

use std::collections::BTreeMap;

use super::days::Day;
use super::rows::Ticket;
use super::rules::Category;

/// What starts together.
#[derive(Debug, Clone)]
pub struct Entry<'a> {
    /// Its tickets, the main one first; never empty.
    pub tickets: Vec<&'a Ticket>,
    /// Whether it has everybody that an entry of its sort needs.
    pub complete: bool,
}

/// What is looked at together: the tickets of a group and day in a purchase.
type Lot<'a> = (Category, &'a str, Option<Day>, Option<&'a str>);

/// The entries of these tickets; those of who does not compete are left out.
pub fn entries<'a>(tickets: &[&'a Ticket]) -> Vec<Entry<'a>> {
    let mut entries = Vec::with_capacity(tickets.len());
    let mut lots: BTreeMap<Lot<'a>, Vec<&'a Ticket>> = BTreeMap::new();
    for ticket in tickets.iter().copied().filter(|ticket| ticket.name.category.is_athlete()) {
        let name = &ticket.name;
        match (name.category, &ticket.transaction) {
            (Category::Single, _) => entries.push(Entry { tickets: vec![ticket], complete: true }),
            // Nothing says who belongs to whom.
            (_, None) => entries.push(Entry { tickets: vec![ticket], complete: false }),
            (category, Some(transaction)) => {
                let lot = (category, name.group_label(), name.day, Some(transaction.as_str()));
                lots.entry(lot).or_default().push(ticket);
            }
        }
    }
    lots.into_iter().for_each(|((category, ..), tickets)| entries.extend(teams(category, tickets)));
    entries
}

/// The teams of one purchase.
fn teams(category: Category, mut tickets: Vec<&Ticket>) -> Vec<Entry<'_>> {
    tickets.sort_unstable_by(|a, b| a.key.cmp(&b.key));
    let (members, mains): (Vec<&Ticket>, Vec<&Ticket>) =
        tickets.into_iter().partition(|ticket| ticket.name.member);
    let others = category.team_size() - 1;
    let mut members = members.into_iter();
    let mut entries: Vec<Entry<'_>> = Vec::with_capacity(mains.len());
    for main in mains {
        let mut team = vec![main];
        team.extend(members.by_ref().take(others));
        entries.push(Entry { complete: team.len() == others + 1, tickets: team });
    }
    entries.extend(members.map(|orphan| Entry { tickets: vec![orphan], complete: false }));
    entries
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::ticketing::rows::kit::ticket;

    const PAIR: &str = "HYROX DOUBLES MEN | Saturday";
    const PAIR_2: &str = "HYROX DOUBLES MEN | ATHLETEN 2 | Saturday";
    const RELAY: &str = "HYROX MIXED RELAY | Friday";
    const RELAY_MEMBER: &str = "HYROX MIXED RELAY | TEAM MEMBERS | Friday";

    fn check(tickets: &[(&str, &str)], expected: &[(usize, bool)]) {
        let tickets: Vec<Ticket> = tickets
            .iter()
            .enumerate()
            .map(|(at, (name, order))| ticket(&format!("{at:03}"), name, order))
            .collect();
        let all: Vec<&Ticket> = tickets.iter().collect();
        let entries = entries(&all);
        let mut found: Vec<(usize, bool)> = entries.iter().map(|e| (e.tickets.len(), e.complete)).collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        let athletes = all.iter().filter(|ticket| ticket.name.category.is_athlete()).count();
        assert_eq!(entries.iter().map(|entry| entry.tickets.len()).sum::<usize>(), athletes);
    }

    #[test]
    fn teams_of_one_purchase_go_together() {
        check(&[(PAIR, "a"), (PAIR_2, "a"), (PAIR, "a"), (PAIR_2, "a")], &[(2, true), (2, true)]);
        check(&[(PAIR, "a"), (PAIR_2, "b")], &[(1, false), (1, false)]);
        check(&[(PAIR, ""), (PAIR_2, "")], &[(1, false), (1, false)]);
        check(&[(PAIR, "a"), ("HYROX DOUBLES MEN ATHLETE 2 | Sunday", "a")], &[(1, false), (1, false)]);
        check(&[("HYROX MEN | Friday", ""), ("SPECTATOR | Friday", "a")], &[(1, true)]);
    }

    #[test]
    fn relays_are_four_or_not_complete() {
        let of = |members: usize| [vec![(RELAY, "a")], vec![(RELAY_MEMBER, "a"); members]].concat();
        check(&of(3), &[(4, true)]);
        check(&of(2), &[(3, false)]);
        check(&of(0), &[(1, false)]);
        check(&of(5), &[(1, false), (1, false), (4, true)]);
    }

    /// Whatever is bought in whatever way, every ticket is in one entry.
    #[test]
    fn every_ticket_is_in_one_entry() {
        let names = [PAIR, PAIR_2, RELAY, RELAY_MEMBER, "HYROX MEN | Friday", "TEAM MEMBER", "ATHLETE2"];
        let mut seed = 7_u64;
        let mut roll = |sides: usize| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(seed >> 33).unwrap() % sides
        };
        for _ in 0..200 {
            let count = roll(40);
            let tickets: Vec<Ticket> = (0..count)
                .map(|at| ticket(&at.to_string(), names[roll(names.len())], ["", "a", "b", "c"][roll(4)]))
                .collect();
            let all: Vec<&Ticket> = tickets.iter().collect();
            let mut keys: Vec<&str> = entries(&all)
                .iter()
                .flat_map(|entry| entry.tickets.iter().map(|ticket| ticket.key.as_str()).collect::<Vec<_>>())
                .collect();
            keys.sort_unstable();
            let mut expected: Vec<&str> = all.iter().map(|ticket| ticket.key.as_str()).collect();
            expected.sort_unstable();
            assert_eq!(keys, expected);
        }
    }
}

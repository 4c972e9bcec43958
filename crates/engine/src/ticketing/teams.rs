//! Whether teams are what their group says: as many members as they need, and in mixed groups as many women
//! as men. Each team is looked at by itself, so that an order of two teams is no fault.

use std::collections::BTreeMap;

use serde::Serialize;

use super::days::Day;
use super::pairing;
use super::rows::Ticket;
use super::rules::{Category, Gender};

/// The tickets of one group and day in one purchase that do not make whole teams.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TeamFault {
    /// Source key of the purchase; empty for tickets that were given away.
    pub transaction: String,
    /// The group.
    pub group: String,
    /// The day.
    pub day: Option<Day>,
    /// Main tickets.
    pub mains: u64,
    /// Tickets of members.
    pub members: u64,
    /// As many as the main tickets need.
    pub members_needed: u64,
}

/// How the teams of one group and day are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct TeamCheck {
    /// Purchases whose tickets make whole teams.
    pub matching: u64,
    /// Those whose tickets do not.
    pub faults: Vec<TeamFault>,
}

/// Purchase, group and day.
type Lot<'a> = (&'a str, &'a str, Option<Day>);

/// Whether each purchase has the members that its main tickets need. Championships put teams together
/// otherwise and are left out.
pub fn check_teams(tickets: &[&Ticket]) -> TeamCheck {
    let mut lots: BTreeMap<Lot<'_>, (Category, u64, u64)> = BTreeMap::new();
    for ticket in tickets {
        let name = &ticket.name;
        if !matches!(name.category, Category::Double | Category::Relay) || name.championship {
            continue;
        }
        let transaction = ticket.transaction.as_deref().unwrap_or_default();
        let lot = lots.entry((transaction, name.group_label(), name.day)).or_insert((name.category, 0, 0));
        match name.member {
            true => lot.2 += 1,
            false => lot.1 += 1,
        }
    }
    let mut check = TeamCheck::default();
    for ((transaction, group, day), (category, mains, members)) in lots {
        let needed = mains * (category.team_size() as u64 - 1);
        if members == needed && !transaction.is_empty() {
            check.matching += 1;
            continue;
        }
        check.faults.push(TeamFault {
            transaction: transaction.to_owned(),
            group: group.to_owned(),
            day,
            mains,
            members,
            members_needed: needed,
        });
    }
    check
}

/// What a mixed team is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MixedTeam {
    /// Source keys of its tickets, the main one first.
    pub tickets: Vec<String>,
    /// The group.
    pub group: String,
    /// The day.
    pub day: Option<Day>,
    /// Men in it.
    pub men: u64,
    /// Women in it.
    pub women: u64,
    /// People in it whose gender is not known.
    pub unknown: u64,
}

/// How the whole teams of mixed groups are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MixedCheck {
    /// Teams with as many women as men.
    pub matching: u64,
    /// Teams of which not everybody's gender is known.
    pub unknown: u64,
    /// Teams of which everybody's gender is known and that are made otherwise.
    pub different: u64,
    /// Both of these.
    pub faults: Vec<MixedTeam>,
}

/// Whether whole teams of mixed groups have as many women as men.
pub fn check_mixed(tickets: &[&Ticket]) -> MixedCheck {
    let mut check = MixedCheck::default();
    let mixed = |ticket: &&Ticket| ticket.name.gender == Some(Gender::Mixed) && !ticket.name.championship;
    let mixed: Vec<&Ticket> = tickets.iter().copied().filter(|ticket| mixed(ticket)).collect();
    for entry in pairing::entries(&mixed) {
        if !entry.complete || entry.tickets.len() < 2 {
            continue;
        }
        let of = |gender| entry.tickets.iter().filter(|ticket| ticket.gender == Some(gender)).count() as u64;
        let (men, women, all) = (of(Gender::Male), of(Gender::Female), entry.tickets.len() as u64);
        if men == women && men + women == all {
            check.matching += 1;
            continue;
        }
        let unknown = all - men - women;
        match unknown {
            0 => check.different += 1,
            _ => check.unknown += 1,
        }
        check.faults.push(MixedTeam {
            tickets: entry.tickets.iter().map(|ticket| ticket.key.clone()).collect(),
            group: entry.tickets[0].name.group_label().to_owned(),
            day: entry.tickets[0].name.day,
            men,
            women,
            unknown,
        });
    }
    check
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticketing::rows::kit::ticket;

    fn of(key: &str, name: &str, order: &str, gender: Option<Gender>) -> Ticket {
        Ticket { gender, ..ticket(key, name, order) }
    }

    #[test]
    fn fault_15_mixed_teams_are_looked_at_one_by_one() {
        let (main, member) = ("HYROX DOUBLES MIXED | Saturday", "HYROX DOUBLES MIXED | ATHLETE 2 | Saturday");
        let (man, woman) = (Some(Gender::Male), Some(Gender::Female));
        // Two teams in one order: two men and two women in all, and none of the teams is mixed.
        let tickets = [
            of("1", main, "a", man),
            of("2", member, "a", man),
            of("3", main, "a", woman),
            of("4", member, "a", woman),
            of("5", main, "b", man),
            of("6", member, "b", woman),
            of("7", main, "c", None),
            of("8", member, "c", woman),
            of("9", main, "d", man),
        ];
        let all: Vec<&Ticket> = tickets.iter().collect();
        let check = check_mixed(&all);
        assert_eq!((check.matching, check.unknown, check.different, check.faults.len()), (1, 1, 2, 3));
        assert_eq!((check.faults[0].men, check.faults[0].women), (2, 0));
        assert_eq!(check.faults[0].tickets, ["1", "2"]);
    }

    #[test]
    fn fault_18_teams_are_told_by_group_and_not_by_parts_of_names() {
        let tickets = [
            ticket("1", "HYROX DOUBLES MEN | Saturday", "a"),
            ticket("2", "HYROX DOUBLES MEN (ATHLETE 2) | Saturday", "a"),
            ticket("3", "HYROX DOUBLES MEN PRO | Saturday", "a"),
            ticket("4", "HYROX MIXED RELAY CHAMPIONSHIP | Friday", "a"),
            ticket("5", "HYROX MEN RELAY | Friday", "b"),
            ticket("6", "HYROX MEN RELAY TEAM MEMBERS | Friday", "b"),
        ];
        let all: Vec<&Ticket> = tickets.iter().collect();
        let check = check_teams(&all);
        assert_eq!(check.matching, 1);
        let faults: Vec<(&str, u64, u64)> =
            check.faults.iter().map(|f| (f.group.as_str(), f.members, f.members_needed)).collect();
        assert_eq!(faults, [("HYROX PRO DOUBLES MEN", 0, 1), ("HYROX MENS RELAY", 1, 3)]);
    }
}

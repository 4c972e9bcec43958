//! Whether the gender that a ticket's holder answered is the one that its group is for, and what to change
//! where it is not. A mixed ticket is for anybody: it is never changed, and nothing is ever blanked.

use connect::sources::vivenu;
use serde::Serialize;

use super::FieldChange;
use super::days::Day;
use super::rows::Ticket;
use super::rules::{Gender, Rules};

/// The field of a ticket that holds the answer.
pub const FIELD: &str = "gender";

/// A ticket whose answer is missing or another one than its group is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GenderFault {
    /// Source key of the ticket.
    pub ticket: String,
    /// What the ticket is called.
    pub name: String,
    /// The day it is for.
    pub day: Option<Day>,
    /// Who the ticket is for.
    pub expected: Gender,
    /// What was answered, as understood; `None` where nothing was, or nothing that is understood.
    pub current: Option<Gender>,
    /// What is scanned at the door, where it is known.
    #[serde(skip)]
    pub barcode: Option<String>,
}

/// How the answers of athletes are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GenderCheck {
    /// Answers that are as the group says.
    pub matching: u64,
    /// Tickets whose group is for anybody, or says nothing.
    pub open: u64,
    /// Answers that are missing, or are none that is understood.
    pub missing: u64,
    /// Answers that are others.
    pub different: u64,
    /// The tickets that are missing or different.
    pub faults: Vec<GenderFault>,
}

/// Who a ticket is for: athletes' tickets by their name, and never a mixed one.
pub fn expected(ticket: &Ticket) -> Option<Gender> {
    let name = &ticket.name;
    name.gender.filter(|gender| name.category.is_athlete() && *gender != Gender::Mixed)
}

/// Holds the answers against the groups. Every day and every category of athletes is looked at.
pub fn check(tickets: &[&Ticket]) -> GenderCheck {
    let mut check = GenderCheck::default();
    for ticket in tickets.iter().filter(|ticket| ticket.name.category.is_athlete()) {
        let Some(expected) = expected(ticket) else {
            check.open += 1;
            continue;
        };
        match ticket.gender {
            Some(current) if current == expected => {
                check.matching += 1;
                continue;
            }
            Some(_) => check.different += 1,
            None => check.missing += 1,
        }
        check.faults.push(GenderFault {
            ticket: ticket.key.clone(),
            name: ticket.name.said.clone(),
            day: ticket.name.day,
            expected,
            current: ticket.gender,
            barcode: ticket.barcode.clone(),
        });
    }
    check
}

/// What to write: the option of the event's form that means it, as it is written there; in English where
/// the form offers none. `None` where none of those it offers means it.
pub fn answer(gender: Gender, options: &[String], rules: &Rules) -> Option<String> {
    let word = match gender {
        Gender::Female => "Female",
        _ => "Male",
    };
    // As answers are read, so is what can be answered.
    let means = |option: &&String| {
        rules.gender_of(option) == Some(gender) || vivenu::gender_answered(option) == Some(word)
    };
    match options {
        [] => Some(word.to_owned()),
        options => options.iter().find(means).cloned(),
    }
}

/// What can be done about a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// This change.
    Change(FieldChange),
    /// Nothing: something was answered that is not understood, and it is the person's own answer.
    NotUnderstood,
    /// Nothing: the form offers no answer that means it.
    NotOffered,
}

/// The change that puts a fault right. `said` is the answer as it stands, which the source must still
/// have when the change is made.
pub fn remedy(fault: &GenderFault, said: Option<&str>, options: &[String], rules: &Rules) -> Remedy {
    if fault.current.is_none() && said.is_some() {
        return Remedy::NotUnderstood;
    }
    match answer(fault.expected, options, rules) {
        Some(value) => Remedy::Change(FieldChange {
            ticket: fault.ticket.clone(),
            field: FIELD.to_owned(),
            value,
            expected: said.map(str::to_owned),
        }),
        None => Remedy::NotOffered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticketing::rows::kit::ticket;

    fn of(key: &str, name: &str, gender: &str) -> Ticket {
        Ticket { gender: Rules::shipped().gender_of(gender), ..ticket(key, name, "t") }
    }

    fn found(tickets: &[Ticket]) -> GenderCheck {
        check(&tickets.iter().collect::<Vec<_>>())
    }

    #[test]
    fn fault_14_whole_words_tell_and_mixed_is_never_blanked() {
        let tickets = [
            of("1", "HYROX WOMEN Germany | Friday", "Female"),
            of("2", "HYROX Manchester WOMEN | Friday", "female"),
            of("3", "HYROX DOUBLES MIXED | Friday", "Male"),
            of("4", "HYROX MEN 남성 | 토요일", "Male 남성"),
            of("5", "HYROX WOMEN หญิง | วันเสาร์", "Female หญิง"),
            of("6", "HYROX MEN | Friday", "Female"),
            of("7", "CHARITY | HYROX WOMENS RELAY", ""),
            of("8", "SPECTATOR | Friday", ""),
            of("9", "HYROX Singapore | Friday", ""),
        ];
        let found = found(&tickets);
        assert_eq!((found.matching, found.open, found.missing, found.different), (4, 2, 1, 1));
        let faults: Vec<&str> = found.faults.iter().map(|fault| fault.ticket.as_str()).collect();
        assert_eq!(faults, ["6", "7"]);
    }

    #[test]
    fn fault_16_every_day_is_looked_at() {
        let days = ["Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
        let tickets: Vec<Ticket> =
            days.iter().map(|day| of(day, &format!("HYROX MEN | {day}"), "Female")).collect();
        assert_eq!(found(&tickets).faults.len(), 5);
    }

    #[test]
    fn changes_use_the_options_of_the_form() {
        let rules = Rules::shipped();
        let options = ["Male 남성".to_owned(), "Female 여성".to_owned()];
        assert_eq!(answer(Gender::Female, &options, rules).as_deref(), Some("Female 여성"));
        assert_eq!(answer(Gender::Male, &[], rules).as_deref(), Some("Male"));
        let german = ["Divers", "Männlich", "Weiblich"].map(str::to_owned);
        assert_eq!(answer(Gender::Female, &german, rules).as_deref(), Some("Weiblich"));
        assert_eq!(answer(Gender::Male, &["Team A".to_owned()], rules), None);
        let fault = &found(&[of("6", "HYROX MEN | Friday", "Female")]).faults[0];
        let Remedy::Change(change) = remedy(fault, Some("Female 여성"), &options, rules) else {
            panic!("it can be put right")
        };
        assert_eq!((change.field.as_str(), change.value.as_str()), ("gender", "Male 남성"));
        assert_eq!(change.expected.as_deref(), Some("Female 여성"));
    }

    #[test]
    fn an_answer_that_is_not_understood_stays_and_nothing_is_sent_that_the_form_does_not_offer() {
        let rules = Rules::shipped();
        let fault = &found(&[of("7", "HYROX WOMEN | Friday", "Non-binary")]).faults[0];
        assert_eq!(remedy(fault, Some("Non-binary"), &[], rules), Remedy::NotUnderstood);
        assert_eq!(remedy(fault, None, &["Team A".to_owned()], rules), Remedy::NotOffered);
        assert!(
            matches!(remedy(fault, None, &[], rules), Remedy::Change(change) if change.value == "Female")
        );
    }
}

//! What athletes and spectators say of themselves.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{answer, gender};
use crate::ticketing::kind::Side;
use crate::ticketing::people::Gender;
use crate::ticketing::rows::Ticket;
use crate::ticketing::seller::Seller;

/// A ticket whose gender is to be put right.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct GenderFix {
    /// The API's id of the ticket.
    pub ticket: String,
    /// That of its kind: `Male` or `Female`.
    pub expected: &'static str,
    /// What is stated, if anything.
    pub stated: Option<&'static str>,
}

/// Answers of athletes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Answers {
    /// Raced before: yes.
    pub returning: u64,
    /// Raced before: no.
    pub first_time: u64,
    /// Train in a club of the organiser.
    pub gym: u64,
    /// Train elsewhere.
    pub other_gym: u64,
    /// Train alone.
    pub no_gym: u64,
}

/// Where people are from, by nationality.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Origin {
    /// From the country of the race.
    pub local: u64,
    /// From elsewhere.
    pub international: u64,
    /// They do not say.
    pub unsaid: u64,
    /// By what they say.
    pub countries: BTreeMap<String, u64>,
    /// By where they say they live.
    pub residences: BTreeMap<String, u64>,
}

/// Mixed teams expect nothing of anybody.
pub(super) fn genders(seller: &Seller, athletes: &[&Ticket]) -> Vec<GenderFix> {
    let mut fixes = Vec::new();
    for ticket in athletes {
        let expected = match seller.kind(ticket).side {
            Some(Side::Men) => Gender::Male,
            Some(Side::Women) => Gender::Female,
            _ => continue,
        };
        let stated = gender(ticket);
        if stated != Some(expected) {
            let (expected, stated) = (expected.label(), stated.map(Gender::label));
            fixes.push(GenderFix { ticket: ticket.id.clone(), expected, stated });
        }
    }
    fixes.sort();
    fixes
}

pub(super) fn answers(athletes: &[&Ticket]) -> Answers {
    let mut answers = Answers::default();
    for ticket in athletes {
        match answer(ticket, "returning_athlete") {
            Some("Yes") => answers.returning += 1,
            Some("No") => answers.first_time += 1,
            _ => {}
        }
        match answer(ticket, "hyrox_training_clubs") {
            Some("I'm a member of a HYROX Training Club") => answers.gym += 1,
            Some("I'm a member of another gym") => answers.other_gym += 1,
            Some("I'm not a member") => answers.no_gym += 1,
            _ => {}
        }
    }
    answers
}

pub(super) fn origin(seller: &Seller, people: &[&Ticket]) -> Origin {
    let mut origin = Origin::default();
    for ticket in people {
        if let Some(residence) = answer(ticket, "region_of_residence") {
            *origin.residences.entry(residence.to_owned()).or_default() += 1;
        }
        let Some(country) = answer(ticket, "nationality") else {
            origin.unsaid += 1;
            continue;
        };
        *origin.countries.entry(country.to_owned()).or_default() += 1;
        match country == seller.region.country {
            true => origin.local += 1,
            false => origin.international += 1,
        }
    }
    origin
}

//! Where people are from: by the nationality they answered, never by who paid the bill.

use std::collections::BTreeMap;

use serde::Serialize;

use super::rows::Ticket;
use super::statics::Countries;

/// People by where they are from.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Origins {
    /// Of the country that counts as local.
    pub local: u64,
    /// Of any other.
    pub international: u64,
    /// Who did not say.
    pub unknown: u64,
    /// By code of the country, the most first.
    pub countries: Vec<(String, u64)>,
    /// By region and sub-region of the world, the most first.
    pub regions: Vec<((String, String), u64)>,
}

impl Origins {
    /// The foreign countries with the most people, and how many people all others have.
    pub fn top_foreign(&self, locality: &str, most: usize) -> (Vec<(String, u64)>, u64) {
        let foreign = self.countries.iter().filter(|(code, _)| code != locality);
        let top: Vec<(String, u64)> = foreign.clone().take(most).cloned().collect();
        (top, foreign.skip(most).map(|(_, people)| people).sum())
    }
}

/// These tickets by nationality.
pub fn origins(tickets: &[&Ticket], locality: &str, countries: &Countries) -> Origins {
    let mut origins = Origins::default();
    let mut by_country: BTreeMap<String, u64> = BTreeMap::new();
    let mut by_region: BTreeMap<(String, String), u64> = BTreeMap::new();
    for ticket in tickets {
        let answered = ticket.nationality.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let Some(code) = answered.map(|text| countries.code(text)) else {
            origins.unknown += 1;
            continue;
        };
        match code == locality {
            true => origins.local += 1,
            false => origins.international += 1,
        }
        let (region, part) = countries.place(&code);
        *by_region.entry((region.to_owned(), part.to_owned())).or_default() += 1;
        *by_country.entry(code).or_default() += 1;
    }
    origins.countries = most_first(by_country);
    origins.regions = most_first(by_region);
    origins
}

/// What was answered to one question, the most first; who did not answer is left out.
pub fn answers<'a>(tickets: impl Iterator<Item = Option<&'a str>>) -> Vec<(String, u64)> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for answer in tickets.flatten().map(str::trim).filter(|answer| !answer.is_empty()) {
        *counts.entry(answer.to_owned()).or_default() += 1;
    }
    most_first(counts)
}

fn most_first<K: Ord + Clone>(counts: BTreeMap<K, u64>) -> Vec<(K, u64)> {
    let mut counts: Vec<(K, u64)> = counts.into_iter().collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticketing::rows::kit::ticket;

    #[test]
    fn fault_22_nationality_tells_and_not_the_bill() {
        let of = |nationality: Option<&str>, country: &str| Ticket {
            nationality: nationality.map(str::to_owned),
            country: Some(country.to_owned()),
            ..ticket("1", "HYROX MEN", "a")
        };
        let tickets = [
            of(Some("HK"), "GB"),
            of(Some("Hong Kong"), "HK"),
            of(Some("GB"), "HK"),
            of(Some("Germany"), "HK"),
            of(Some("DE"), "HK"),
            of(Some("Narnia"), "HK"),
            of(None, "HK"),
        ];
        let origins = origins(&tickets.iter().collect::<Vec<_>>(), "HK", &Countries::shipped());
        assert_eq!((origins.local, origins.international, origins.unknown), (2, 4, 1));
        assert_eq!(origins.countries[0], ("DE".to_owned(), 2));
        assert_eq!(origins.top_foreign("HK", 1), (vec![("DE".to_owned(), 2)], 2));
        let places: u64 = origins.regions.iter().map(|(_, people)| people).sum();
        assert_eq!(places, 6);
        assert!(origins.regions.iter().any(|((region, _), people)| region == "Other" && *people == 1));
    }
}

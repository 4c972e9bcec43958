use std::collections::BTreeSet;

use super::pages::{Place, markup};
use super::world::World;
use super::*;

fn world() -> World {
    World::new(CardSiteOptions::small(7))
}

#[test]
fn certificates_and_cards_are_unique() {
    let world = world();
    let copies = truth::copies(&world);
    let certificates: BTreeSet<&String> = copies.iter().map(|copy| &copy.certificate).collect();
    assert_eq!(certificates.len(), copies.len());
    let cards = truth::cards(&world);
    let mut keys: Vec<_> = cards
        .iter()
        .map(|card| {
            (&card.category, &card.year, &card.brand, &card.set, &card.name, &card.number, &card.variation)
        })
        .collect();
    let all = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all);
}

#[test]
fn levels_agree_and_populations_grow() {
    let mut world = world();
    let graded = |world: &World| truth::years(world).iter().map(|year| year.graded).sum::<u64>();
    let before = graded(&world);
    assert_eq!(before, truth::copies(&world).len() as u64);
    assert_eq!(before, truth::sets(&world).iter().map(|set| set.total).sum::<u64>());
    assert_eq!(before, truth::cards(&world).iter().map(|card| card.total).sum::<u64>());
    let known: BTreeSet<String> = truth::copies(&world).into_iter().map(|copy| copy.certificate).collect();
    world.grow();
    assert!(graded(&world) > before);
    let now: BTreeSet<String> = truth::copies(&world).into_iter().map(|copy| copy.certificate).collect();
    assert!(now.is_superset(&known), "what was graded stays graded");
}

#[test]
fn some_lists_are_longer_than_a_page_and_the_large_report_is_large() {
    let world = world();
    assert!(world.all_sets().any(|set| world.cards_of(set).count() > world::PAGE_ROWS));
    assert!(world.all_cards().any(|card| world.copy_count(card) > world::PAGE_ROWS));
    let large = World::new(CardSiteOptions::large(7));
    let copies: usize = large.all_cards().map(|card| large.copy_count(card)).sum();
    assert!(copies > 300_000, "{copies}");
}

#[test]
fn every_page_is_found_where_its_link_leads() {
    let world = world();
    let list = world.show(Place::List);
    assert_eq!(list.tiles[1], ("Marvel/DC".to_owned(), "/pop-report/Marvel%2FDC".to_owned()));
    let set = world.all_sets().next().expect("a set");
    let shown = world.show(Place::Set(set));
    assert_eq!((shown.rows.len(), shown.of), (232, 232));
    assert!(markup(&shown).contains("201-232 of 232"));
    let card = world.all_cards().nth(1).expect("a card");
    let (name, number, variation) = world.card(card);
    let (brand, set_name) = world.set(card.set);
    let segments = [world.category(0), "1989", brand, name, &number].map(str::to_owned);
    assert_eq!(world.find(&segments, set_name, variation), Some(Place::Card(card)));
}

#[test]
fn every_certificate_leads_to_its_own_report() {
    let world = world();
    let copies = truth::copies(&world);
    let reports = truth::certificates(&world);
    assert_eq!(copies.len(), reports.len());
    for truth in reports.iter().step_by(97) {
        let (card, copy) = world.certified(&truth.certificate).expect("it is there");
        let report = world.show(Place::Certificate(card, copy)).report.expect("a report");
        assert_eq!((&report.blocks[0], report.score), (&truth.player, truth.score));
        let own = copies.iter().find(|copy| copy.certificate == truth.certificate).expect("its copy");
        assert_eq!(own.card.0, truth.player);
    }
    assert_eq!(world.certified("Z9999999"), None);
    assert_eq!(world.certified("none"), None);
}

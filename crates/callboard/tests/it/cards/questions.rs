//! Questions about what was gathered.

use sandbox::CardFaults;

use super::{Shop, text};

#[test]
fn fault_23_questions_are_answered_from_what_the_crawl_keeps() {
    let shop = Shop::open(CardFaults::default());
    assert_eq!(shop.run(&[]).code, 0);
    let names: Vec<String> = shop.tag(&["categories"]).iter().map(|row| text(row, "category")).collect();
    assert_eq!(names, ["Baseball", "Marvel/DC", "Pokémon"]);
    let years = shop.tag(&["years", "--category", "Marvel/DC"]);
    assert_eq!(years.len(), 2);
    let copy = &shop.site.copies()[0];
    let cert = shop.desk.call(&["tag", "cert", &copy.certificate.to_lowercase()]);
    assert!(cert.stdout.contains(&copy.grade) && cert.stdout.contains(&copy.card.0), "{}", cert.stdout);
    let csv =
        shop.desk.call(&["tag", "cards", "--category", "Baseball", "--set", "Topps", "--format", "csv"]);
    assert!(
        csv.stdout.starts_with("category,year,brand,set_name,number,name,variation,total,10p,"),
        "{}",
        csv.stdout
    );
    let hits = shop.tag(&["search", "gary", "carter"]);
    assert!(hits.iter().all(|hit| text(hit, "name").contains("Gary Carter")) && !hits.is_empty(), "{hits:?}");
    let table = shop.desk.call(&["tag", "grades", "--category", "Baseball", "--card", "Gary Carter"]);
    assert!(table.stdout.contains('\u{2588}') && table.stdout.contains("CERTIFICATE"), "{}", table.stdout);
    let unknown = shop.desk.call(&["tag", "cert", "Z0000000"]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
}

#[test]
fn fault_20_what_was_known_before_can_be_asked_for() {
    let shop = Shop::open(CardFaults::default());
    assert_eq!(shop.run(&["--levels", "card"]).code, 0);
    shop.site.grow();
    shop.site.grow();
    assert_eq!(shop.run(&["--levels", "card"]).code, 0);
    let moved = shop.tag(&["trend", "--limit", "1000"]);
    let grew = moved.iter().all(|one| one["after"].as_u64() > one["before"].as_u64());
    assert!(!moved.is_empty() && grew, "{moved:?}");
    let new = moved.iter().any(|one| !text(one, "new_grades").is_empty());
    assert!(new, "some card has a grade for the first time");
}

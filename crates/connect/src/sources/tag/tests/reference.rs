//! The reference values of the two sports that were looked at by hand: how many there are at each level.

use model::Kind;
use serde_json::{Value, json};

use super::pages::{counted, headers, pager, table};
use super::{next, read, rows};

/// The page of a category: years up to 2025, and its totals.
fn category(name: &str, first: u32, sets_of_1989: &str, totals: [&str; 3]) -> String {
    let years = (first..=2025).map(|year| {
        let link = format!("<a href=\"/pop-report/{name}/{year}\">{year}</a>");
        let sets = if year == 1989 { sets_of_1989 } else { "100" };
        vec![link, sets.to_owned(), "300".to_owned(), "592".to_owned()]
    });
    let totals = ["TOTALS", totals[0], totals[1], totals[2]].map(str::to_owned).to_vec();
    let all: Vec<Vec<String>> = years.chain([totals]).collect();
    let count = 2025 - first + 1;
    let pager = pager(&format!("1-{count} of {count}"));
    table(&["Year", "# of Sets", "Total Items", "Total Graded"], &all, &pager)
}

#[test]
fn baseball_and_hockey_have_their_years_and_totals() {
    let check = |name: &str, first, sets, said: [&str; 3], years: usize, totals: Value| {
        let reading = read(&format!("/pop-report/{name}"), &category(name, first, sets, said)).expect("read");
        let found = rows(&reading, Kind::CardYear);
        let of_1989 = found.iter().find(|row| row["year"] == "1989").expect("the year");
        assert_eq!((found.len(), &of_1989["sets"]), (years, &json!(sets.parse::<i64>().expect("a count"))));
        assert_eq!(found[years - 1]["year"], "2025");
        assert_eq!(rows(&reading, Kind::CardTotals)[0]["metrics"], totals);
        assert_eq!((next(&reading).len(), reading.complete), (years, true));
    };
    let baseball = ["4,405", "9,708", "46,291"];
    let totals = json!({"sets": 4405, "items": 9708, "graded": 46291});
    check("Baseball", 1989, "28", baseball, 37, totals.clone());
    // Once 38 were counted.
    check("Baseball", 1988, "28", baseball, 38, totals);
    // How many items hockey had was not noted.
    check("Hockey", 1989, "3", ["1,722", "", "16,705"], 37, json!({"sets": 1722, "graded": 16705}));
}

fn set_row(path: &str, brand: &str, set: &str, total: &str) -> Vec<String> {
    let query = if set.is_empty() { String::new() } else { format!("?setName={}", set.replace(' ', "+")) };
    let title = format!("<a href=\"{path}/{brand}{query}\"><b>{brand}</b>{set}</a>");
    counted(&[&title], &[("10", total)], total)
}

#[test]
fn the_year_1989_has_28_sets_of_baseball_and_3_of_hockey() {
    let named = ["Diamond Kings", "Light Blue", "Tiffany", "Stickers"];
    let sets: Vec<Vec<String>> = (0..28)
        .map(|at| {
            let set = named.get(at).map_or_else(|| format!("Insert {at}"), |name| (*name).to_owned());
            set_row("/pop-report/Baseball/1989", "Donruss", &set, if at == 0 { "565" } else { "1" })
        })
        .chain([counted(&["TOTALS"], &[("10", "592")], "592")])
        .collect();
    let html = table(&headers(&["Grade"]), &sets, &pager("1-28 of 28"));
    let reading = read("/pop-report/Baseball/1989", &html).expect("it is read");
    assert_eq!((rows(&reading, Kind::CardSet).len(), next(&reading).len()), (28, 28));
    assert_eq!(rows(&reading, Kind::CardTotals)[0]["metrics"]["total"], 592);
    let sum: i64 = rows(&reading, Kind::CardSet).iter().filter_map(|row| row["total"].as_i64()).sum();
    assert_eq!((sum, reading.notes.len()), (592, 0));

    let path = "/pop-report/Hockey/1989";
    let sets = [("O-Pee-Chee", ""), ("Topps", ""), ("Topps", "Stickers")];
    let sets: Vec<Vec<String>> = sets.iter().map(|(brand, set)| set_row(path, brand, set, "2")).collect();
    let reading = read(path, &table(&headers(&["Grade"]), &sets, "")).expect("it is read");
    let found = rows(&reading, Kind::CardSet);
    assert_eq!((found.len(), &found[2]["set_name"]), (3, &json!("Stickers")));
    assert_eq!(next(&reading)[2], "https://my.taggrading.com/pop-report/Hockey/1989/Topps?setName=Stickers");
}

#[test]
fn titles_that_run_together_are_told_apart() {
    let check = |brand: &str, set: &str| {
        let row = set_row("/pop-report/Soccer/2024", brand, set, "1");
        let run_together = row[0].replace("<b>", "").replace("</b>", "");
        for cell in [row[0].clone(), run_together] {
            let html = table(&headers(&["Grade"]), &[[vec![cell], row[1..].to_vec()].concat()], "");
            let reading = read("/pop-report/Soccer/2024", &html).expect("it is read");
            let found = &rows(&reading, Kind::CardSet)[0];
            let named = found.get("set_name").and_then(Value::as_str).unwrap_or_default();
            assert_eq!((&found["brand"], named), (&json!(brand), set));
        }
    };
    check("Donruss", "Night Moves");
    check("Donruss", "Optic Rated Rookie");
    check("Topps Chrome MLS", "");
    check("Topps Finest Road to UEFA Euro 2024", "Finest Dual Autographs");
    check("Panini Prizm CONMEBOL Copa America", "Manga");
    check("Topps Chrome UEFA Club Competitions", "Wonderkids");
    check("Wild Card LAMiNE YAMAL Comix", "GoalB");
    check("Upper Deck", "");
    check("Classic", "Light Blue");
}

#[test]
fn donruss_has_15_cards_and_topps_hockey_5() {
    let check = |path: &str, names: &[&str], count: usize| {
        let card = |at: usize| {
            let (name, number) = (names.get(at).copied().unwrap_or("Another Player"), (at + 1).to_string());
            let link = format!("<a href=\"{path}/{name}/{number}\">{name}</a>");
            counted(&[&number, &link], &[("9", "1")], "1")
        };
        let cards: Vec<Vec<String>> = (0..count).map(card).collect();
        let html = table(&headers(&["Card #", "Player"]), &cards, &pager(&format!("1-{count} of {count}")));
        let reading = read(path, &html).expect("it is read");
        let found = rows(&reading, Kind::Card);
        assert_eq!((found.len(), next(&reading).len(), reading.complete), (count, count, true));
        let seen: Vec<&str> = found.iter().filter_map(|row| row["name"].as_str()).take(names.len()).collect();
        assert_eq!(seen, names);
    };
    let donruss = ["Gary Carter", "Fred McGriff", "Barry Bonds", "Mark McGwire", "Dale Murphy"];
    check("/pop-report/Baseball/1989/Donruss", &donruss, 15);
    let topps = ["Mario Lemieux", "Patrick Roy", "Joe Sakic", "Brian Leetch", "Wayne Gretzky"];
    check("/pop-report/Hockey/1989/Topps", &topps, 5);
}

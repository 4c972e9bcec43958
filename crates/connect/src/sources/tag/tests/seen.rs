//! The values that were seen on the site come out of pages made to its description.

use model::Kind;
use serde_json::json;

use super::pages::{COPY_HEADERS, copy, counted, headers, table};
use super::{next, read, rows};

#[test]
fn a_category_has_its_years_and_totals() {
    let years: Vec<Vec<String>> = (1989..=2025)
        .map(|year| {
            let link = format!("<a href=\"/pop-report/Baseball/{year}\">{year}</a>");
            vec![link, "28".into(), "300".into(), "592".into()]
        })
        .chain([
            vec!["Unknown".into(), "1".into(), "1".into(), "1".into()],
            vec!["TOTALS".into(), "4,405".into(), "9,708".into(), "46,291".into()],
        ])
        .collect();
    let html = table(&["Year", "# of Sets", "Total Items", "Total Graded"], &years, "");
    let reading = read("/pop-report/Baseball", &html).expect("it is read");
    let found = rows(&reading, Kind::CardYear);
    assert_eq!(found.len(), 37, "a year is four digits");
    assert_eq!(
        found[0],
        json!({"key": "Baseball/1989", "title": "Baseball 1989", "category": "Baseball", "year": "1989",
               "url": "https://my.taggrading.com/pop-report/Baseball/1989", "sets": 28, "items": 300, "graded": 592})
    );
    let totals = rows(&reading, Kind::CardTotals);
    assert_eq!(totals[0]["metrics"], json!({"sets": 4405, "items": 9708, "graded": 46291}));
    assert_eq!((totals[0]["scope"].as_str(), totals.len()), (Some("category"), 1));
    assert_eq!((next(&reading).len(), reading.complete), (37, true));
}

#[test]
fn a_year_has_its_sets_by_brand_and_set() {
    let title = |brand: &str, set: &str, link: &str| {
        format!("<a href=\"/pop-report/Baseball/1989/{link}\"><b>{brand}</b>{set}</a>")
    };
    let classic = title("Classic", "Light Blue", "Classic?setName=Light+Blue");
    let kings = title("Donruss", "Diamond Kings", "Donruss?setName=Diamond+Kings");
    let tiffany = title("Topps", "Tiffany", "Topps?setName=Tiffany");
    let base = title("Donruss", "", "Donruss");
    let sets = vec![
        // The 18th of the numeric cells holds the only one.
        counted(&[&classic], &[("1.5", "1")], "1"),
        counted(&[&kings], &[("10", "2"), ("9", "1")], "3"),
        counted(&[&tiffany], &[], "-"),
        counted(&[&base], &[("10", "588")], "588"),
        counted(&["TOTALS"], &[("10", "590"), ("9", "1"), ("1.5", "1")], "592"),
    ];
    let html = table(&headers(&["Grade"]), &sets, "");
    let reading = read("/pop-report/Baseball/1989", &html).expect("it is read");
    let found = rows(&reading, Kind::CardSet);
    let seen = |row: usize| {
        let of = |name: &str| found[row][name].as_str().unwrap_or_default().to_owned();
        (of("brand"), of("set_name"), of("key"), of("url"))
    };
    let site = "https://my.taggrading.com/pop-report/Baseball/1989";
    let check = |row: usize, brand: &str, set: &str, link: &str| {
        let expected =
            (brand.into(), set.into(), format!("Baseball/1989/{brand}/{set}"), format!("{site}/{link}"));
        assert_eq!(seen(row), expected);
    };
    check(0, "Classic", "Light Blue", "Classic?setName=Light+Blue");
    check(1, "Donruss", "Diamond Kings", "Donruss?setName=Diamond+Kings");
    check(2, "Topps", "Tiffany", "Topps?setName=Tiffany");
    check(3, "Donruss", "", "Donruss");
    assert_eq!((&found[0]["populations"], &found[0]["total"]), (&json!({"1.5": 1}), &json!(1)));
    assert_eq!((&found[2]["populations"], &found[2]["total"]), (&json!({}), &json!(0)));
    assert_eq!(rows(&reading, Kind::CardTotals)[0]["metrics"]["total"], 592);
    assert_eq!(reading.notes, []);
}

#[test]
fn a_set_has_its_cards_with_their_numbers() {
    let link = |name: &str, number: &str| {
        format!("<a href=\"/pop-report/Baseball/1989/Donruss/{name}/{number}\">{name}</a>")
    };
    let cards = vec![
        counted(&["53", &link("Gary Carter", "53")], &[("8.5", "1")], "1"),
        counted(&["42", &link("Barry Bonds", "42")], &[("10", "4"), ("10P", "1")], "5"),
        counted(&["", "TOTALS"], &[("10P", "1"), ("10", "4"), ("8.5", "1")], "6"),
    ];
    let html = table(&headers(&["Card #", "Player"]), &cards, "");
    let reading = read("/pop-report/Baseball/1989/Donruss", &html).expect("it is read");
    let found = rows(&reading, Kind::Card);
    assert_eq!(
        found[0],
        json!({"key": "Baseball/1989/Donruss//Gary Carter/53/", "name": "Gary Carter", "category": "Baseball",
               "year": "1989", "brand": "Donruss", "number": "53", "card_set": "Baseball/1989/Donruss/",
               "url": "https://my.taggrading.com/pop-report/Baseball/1989/Donruss/Gary%20Carter/53",
               "populations": {"8.5": 1}, "total": 1})
    );
    assert_eq!(found.len(), 2);
    assert_eq!(rows(&reading, Kind::CardTotals)[0]["of"], "Baseball/1989/Donruss/");
}

#[test]
fn a_card_has_its_graded_copies() {
    let html = table(&COPY_HEADERS, &[copy("1", "8.5 NM MT+", "X3032464", "11-21-2023")], "");
    let reading = read("/pop-report/Baseball/1989/Donruss/Gary Carter/53", &html).expect("it is read");
    let found = rows(&reading, Kind::GradedCard);
    assert_eq!(found.len(), 1);
    let row = &found[0];
    let text = |name: &str| row[name].as_str().unwrap_or_default();
    assert_eq!((text("key"), text("grade"), &row["grade_tenths"]), ("X3032464", "8.5 NM MT+", &json!(85)));
    assert_eq!((text("chronology"), text("chronology_by_grade")), ("1ST", "1ST NM MT+"));
    assert_eq!((&row["rank"], &row["rank_by_grade"]), (&json!(1), &json!(1)));
    assert_eq!((text("completed_text"), &row["completed"]["date"]), ("11-21-2023", &json!("2023-11-21")));
    assert_eq!(text("url"), "https://my.taggrading.com/card/X3032464");
    assert_eq!(text("card"), "Baseball/1989/Donruss//Gary Carter/53/");

    let rows_of_lemieux =
        [copy("1", "8.5 NM MT+", "T1352175", "08-20-2025"), copy("2", "8 NM MT", "P2848695", "08-20-2025")];
    let html = table(&COPY_HEADERS, &rows_of_lemieux, "");
    let reading = read("/pop-report/Hockey/1989/Topps/Mario%20Lemieux/1", &html).expect("it is read");
    let found = rows(&reading, Kind::GradedCard);
    let seen: Vec<_> = found.iter().map(|row| (&row["key"], &row["rank"], &row["grade_tenths"])).collect();
    assert_eq!(
        seen,
        [(&json!("T1352175"), &json!(1), &json!(85)), (&json!("P2848695"), &json!(2), &json!(80))]
    );
}

#[test]
fn the_list_of_categories_gives_all_of_them() {
    let tile = |href: &str, name: &str| {
        format!(
            "<div class=\"MuiGrid-item MuiGrid-grid-lg-2\"><a href=\"{href}\"><img src=\"/i/a.png\"><h6>{name}</h6></a></div>"
        )
    };
    let html = format!(
        "<html><body><a href=\"/pop-report\">Pop</a>{}{}{}{}</body></html>",
        tile("/pop-report/Baseball", "Baseball"),
        tile("/pop-report/Marvel%2FDC", "Marvel/DC"),
        tile("/pop-report/Pok%C3%A9mon", "Pokémon"),
        tile("/pop-report/A New One", "A New One"),
    );
    let reading = read("/pop-report", &html).expect("it is read");
    let names: Vec<String> = rows(&reading, Kind::CardCategory)
        .iter()
        .map(|row| row["name"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(names, ["Baseball", "Marvel/DC", "Pokémon", "A New One"]);
    assert_eq!(next(&reading)[1], "https://my.taggrading.com/pop-report/Marvel%2FDC");
    assert_eq!((next(&reading).len(), reading.complete, reading.damaged.is_none()), (4, true, true));
}

#[test]
fn a_certificate_has_player_set_subset_variation_score_and_picture() {
    let html = "<html><body><img src='https://cdn.test/card-images/x.jpg'><div><div class=jss139>Gary Carter</div>\
        <div class=jss140>1989 Donruss</div><div class=jss141>Diamond Kings</div><div class=jss142></div></div>\
        <h1>TAG Score</h1><p>987</p></body></html>";
    let reading = read("/card/X3032464", html).expect("it is read");
    assert_eq!(
        rows(&reading, Kind::GradedCard)[0],
        json!({"key": "X3032464", "certificate": "X3032464", "player": "Gary Carter", "set_title": "1989 Donruss",
               "subset": "Diamond Kings", "score": 987, "image_url": "https://cdn.test/card-images/x.jpg",
               "url": "https://my.taggrading.com/card/X3032464"})
    );
}

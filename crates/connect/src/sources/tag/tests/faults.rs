//! What the replaced system did wrong in reading, each by its number in the list of its faults.

use model::Kind;
use serde_json::{Value, json};

use super::pages::{COPY_HEADERS, copy, counted, headers, pager, table};
use super::{next, read, read_with, rows};

#[test]
fn fault_3_filters_bound_what_follows() {
    let year = |year: &str| {
        vec![
            format!("<a href=\"/pop-report/Baseball/{year}\">{year}</a>"),
            "1".into(),
            "1".into(),
            "1".into(),
        ]
    };
    let html = table(&["Year", "Sets", "Items", "Graded"], &[year("1989"), year("1990")], "");
    let params = json!({"year_filter": ["1990"]});
    let reading = read_with("/pop-report/Baseball", &html, params, Value::Null).expect("it is read");
    assert_eq!(next(&reading), ["https://my.taggrading.com/pop-report/Baseball/1990"]);
    assert_eq!(rows(&reading, Kind::CardYear).len(), 2, "what a page lists is kept");
}

#[test]
fn fault_11_a_page_of_a_longer_list_is_not_the_list() {
    let cards: Vec<Vec<String>> =
        (1..=200).map(|number: u32| counted(&[&number.to_string(), "A"], &[("10", "1")], "1")).collect();
    let check = |rows_shown: usize, said: &str, complete: bool| {
        let html = table(&headers(&["Card #", "Player"]), &cards[..rows_shown], &pager(said));
        let reading = read("/pop-report/Baseball/1989/Donruss", &html).expect("it is read");
        assert_eq!((reading.complete, reading.damaged.is_some()), (complete, !complete), "{said}");
        assert_eq!(rows(&reading, Kind::Card).len(), rows_shown);
    };
    check(200, "1-200 of 232", false);
    check(200, "1-200 of 200", true);
    // The rows of all pages together, with the pager of the last one.
    check(200, "1-200 of 200", true);
    check(3, "1-3 of 3", true);
}

#[test]
fn fault_12_numbers_and_variations_keep_cards_apart() {
    let link = |rest: &str| {
        format!("<a href=\"/pop-report/Hockey/1989/Topps/Mario Lemieux/{rest}\">Mario Lemieux</a>")
    };
    let cards = vec![
        counted(&["1", &link("1")], &[], "-"),
        counted(&["1", &link("1?variation=Red+Back")], &[], "-"),
        counted(&["2", &link("2")], &[], "-"),
        counted(&["026/094", &link("026%2F094")], &[], "-"),
        // Without a link, number and name make the card.
        counted(&["3", "Wayne Gretzky"], &[], "-"),
        counted(&["", "nobody"], &[], "-"),
    ];
    let html = table(&headers(&["Card #", "Player"]), &cards, "");
    let reading = read("/pop-report/Hockey/1989/Topps", &html).expect("it is read");
    let keys: Vec<String> = rows(&reading, Kind::Card)
        .iter()
        .map(|row| row["key"].as_str().unwrap_or_default().to_owned())
        .collect();
    let of = |rest: &str| format!("Hockey/1989/Topps//Mario Lemieux/{rest}");
    assert_eq!(
        keys,
        [
            of("1/"),
            of("1/Red Back"),
            of("2/"),
            of("026%2F094/"),
            "Hockey/1989/Topps//Wayne Gretzky/3/".into()
        ]
    );
}

#[test]
fn fault_13_a_copy_names_the_card_that_its_set_lists() {
    let link = "<a href=\"/pop-report/Soccer/2024/Topps/L%C3%A9o%20Pel%C3%A9/7?setName=Gold+Refractor\">Léo  Pelé</a>";
    let html = table(&headers(&["Card #", "Player"]), &[counted(&["7", link], &[("10", "1")], "1")], "");
    let listed = read("/pop-report/Soccer/2024/Topps?setName=Gold%20Refractor", &html).expect("it is read");
    let card = rows(&listed, Kind::Card)[0]["key"].clone();
    let html = table(&COPY_HEADERS, &[copy("1", "10 GEM MINT", "A1234567", "01-02-2024")], "");
    let path = next(&listed)[0].replace(super::SITE, "");
    let copies = read(&path, &html).expect("it is read");
    assert_eq!(rows(&copies, Kind::GradedCard)[0]["card"], card);
}

#[test]
fn fault_16_totals_beside_a_blank_cell_are_no_card() {
    for totals in [["TOTALS", ""], ["", "TOTALS"]] {
        let cards = [counted(&["1", "A"], &[("10", "2")], "2"), counted(&totals, &[("10", "2")], "2")];
        let html = table(&headers(&["Card #", "Player"]), &cards, "");
        let reading = read("/pop-report/Baseball/1989/Donruss", &html).expect("it is read");
        assert_eq!(rows(&reading, Kind::Card).len(), 1);
        assert_eq!(rows(&reading, Kind::CardTotals)[0]["metrics"], json!({"10": 2, "total": 2}));
    }
}

#[test]
fn fault_17_without_headers_no_grade_is_guessed() {
    let html = table(&headers(&["Card #", "Player"]), &[counted(&["1", "A"], &[("10", "2")], "2")], "");
    let at = html.find("<thead>").expect("a head")..html.find("</thead>").expect("its end");
    let html = html.replace(&html[at].to_owned(), "");
    let reading = read("/pop-report/Baseball/1989/Donruss", &html).expect("it is read");
    let row = &rows(&reading, Kind::Card)[0];
    assert_eq!((row.get("populations"), &row["total"], reading.damaged.is_some()), (None, &json!(2), true));
}

#[test]
fn fault_18_a_range_is_no_number() {
    let html = table(&headers(&["Card #", "Player"]), &[counted(&["1", "A"], &[("10", "3-5")], "4")], "");
    let reading = read("/pop-report/Baseball/1989/Donruss", &html).expect("it is read");
    let row = &rows(&reading, Kind::Card)[0];
    assert_eq!((row.get("populations"), &row["total"]), (None, &json!(4)));
    assert!(reading.notes[0].message.contains("\"3-5\" is no count"));
}

#[test]
fn fault_24_a_certificate_is_one_copy_and_its_date_a_date() {
    let stamp = "@2023-11-21T00:00:00.000Z|11-21-2023";
    let html = table(&COPY_HEADERS, &[copy("1", "10P", "x3032464", stamp), copy("2", "9", "", "x")], "");
    let reading = read("/pop-report/Baseball/1989/Donruss/A/1", &html).expect("it is read");
    let found = rows(&reading, Kind::GradedCard);
    assert_eq!((found.len(), &found[0]["key"]), (1, &json!("X3032464")));
    assert_eq!(found[0]["completed_text"], "11-21-2023");
    assert_eq!(reading.notes.len(), 1, "a row without a certificate is left out, and that is told");
}

#[test]
fn fault_27_a_failed_page_is_no_empty_one() {
    let path = "/pop-report/Baseball/1989/Donruss";
    let shell = "<html><body><div id=root></div><script src=/app.js></script></body></html>";
    let told = read(path, shell).expect_err("it was not rendered").to_string();
    assert!(told.contains("rendered by a browser"), "{told}");
    // A category that the list names has years: one without is not taken for whole.
    let empty = table(&["Year", "Sets", "Items", "Graded"], &[], &pager("0-0 of 0"));
    let reading = read("/pop-report/Baseball", &empty).expect("an empty list is an answer");
    assert_eq!((reading.complete, reading.notes.len()), (false, 1));
    let empty = table(&headers(&["Card #", "Player"]), &[], &pager("0-0 of 0"));
    let reading = read(path, &empty).expect("an empty list is an answer");
    assert_eq!((reading.records.len(), reading.complete), (0, true));
    let told = read_with(path, &empty, json!({}), json!({"counted": 15}))
        .expect_err("its year counts 15")
        .to_string();
    assert!(told.contains("where 15 were counted"), "{told}");
}

#[test]
fn what_differs_between_levels_is_told() {
    let html = table(&COPY_HEADERS, &[copy("1", "9", "A1234567", "01-02-2024")], "");
    let reading = read_with("/pop-report/Baseball/1989/Donruss/A/1", &html, json!({}), json!({"counted": 2}));
    let notes = reading.expect("it is read").notes;
    assert!(notes[0].message.contains("counts 2 copies, the page lists 1"), "{notes:?}");
}

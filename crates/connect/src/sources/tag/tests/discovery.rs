//! Which categories there are: from the list of them; where that is not whole, from memory, and told.

use model::{Kind, Request};
use serde_json::json;
use url::Url;

use super::super::{FROM_MEMORY, KNOWN, Tag};
use super::pages::{pager, table};
use super::{SITE, next, read, read_with, rows};
use crate::manifest::Code;

fn tiles(names: &[&str]) -> String {
    let tile = |name: &&str| {
        format!("<div class=\"MuiGrid-item\"><a href=\"/pop-report/{name}\"><h6>{name}</h6></a></div>")
    };
    names.iter().map(tile).collect()
}

#[test]
fn a_list_that_is_not_whole_is_filled_up_with_what_is_known() {
    let check = |html: &str, listed: usize, asked: usize, why: &str| {
        let reading = read("/pop-report", html).expect("it is read");
        assert_eq!(
            (rows(&reading, Kind::CardCategory).len(), next(&reading).len()),
            (listed, asked),
            "{why}"
        );
        let told = reading.damaged.map(|note| note.message).unwrap_or_default();
        assert!(told.contains(why) && reading.complete == why.is_empty(), "{told}");
    };
    check("<html><body></body></html>", 0, 32, "holds no category: 32 that are known");
    let two = tiles(&["Baseball", "Curling"]);
    check(&two, 2, 2, "");
    check(&format!("{two}{}", pager("1-2 of 33")), 2, 33, "shows 2 of 33 categories: 31 that are known");
    check(&format!("{two}{}", pager("1-2 of 2")), 2, 2, "");
    let dead = "<div class=\"MuiGrid-item\"><h6>Hockey</h6></div>";
    check(&format!("{two}{dead}"), 2, 33, "has 1 tiles that lead nowhere");
}

#[test]
fn a_list_that_does_not_come_is_asked_for_from_memory() {
    let after = |step: &str, params: serde_json::Value| {
        let mut request = Request::get(Url::parse(SITE).expect("an address"));
        request.step = step.to_owned();
        let mut params: std::collections::BTreeMap<_, _> = serde_json::from_value(params).expect("an object");
        params.entry("url".to_owned()).or_insert(json!(SITE));
        Tag.after_failure(&request, &params)
    };
    let all = after("list", json!({}));
    assert_eq!(all.len(), KNOWN.len());
    assert!(all.iter().all(|request| request.step == "category" && request.context[FROM_MEMORY] == true));
    assert!(after("year", json!({})).is_empty(), "other pages have nothing in their place");
    assert!(after("list", json!({"levels": ["category"]})).is_empty(), "only the list was wanted");
}

#[test]
fn what_is_asked_for_from_memory_is_a_category_if_it_has_a_year() {
    let read = |years: &[&str], said: &str| {
        let row = |year: &&str| {
            let link = format!("<a href=\"/pop-report/Baseball/{year}\">{year}</a>");
            vec![link, "1".into(), "1".into(), "1".into()]
        };
        let years: Vec<Vec<String>> = years.iter().map(row).collect();
        let html = table(&["Year", "Sets", "Items", "Graded"], &years, &pager(said));
        read_with("/pop-report/Baseball", &html, json!({}), json!({ FROM_MEMORY: true })).expect("it is read")
    };
    let reading = read(&["1989"], "1-1 of 1");
    assert_eq!(rows(&reading, Kind::CardCategory)[0]["name"], "Baseball");
    assert_eq!(rows(&reading, Kind::CardYear).len(), 1);
    let reading = read(&[], "0-0 of 0");
    assert_eq!((reading.records.len(), reading.complete, reading.notes.len()), (0, true, 1));
}

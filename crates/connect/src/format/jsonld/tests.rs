//! The recorded pages against `EXPECTED_JSONLD.json`, and small pages for the ways events hang.

use serde_json::{Value, json};
use testkit::{recorded, recorded_bytes, recorded_files};

use super::*;

fn nodes(json: &str) -> Vec<Value> {
    events(&format!("<script type='application/ld+json'>{json}</script>"))
}

fn names(json: &str) -> Vec<String> {
    let name = |node: &Value| node["name"].as_str().unwrap_or("?").to_owned();
    nodes(json).iter().map(name).collect()
}

#[test]
fn events_are_found_wherever_they_hang() {
    let check = |json: &str, expected: &[&str]| assert_eq!(names(json), expected, "{json}");
    check(r#"{"@type": "Event", "name": "a"}"#, &["a"]);
    check(r#"[{"@type": "Event", "name": "a"}, {"@type": "MusicEvent", "name": "b"}]"#, &["a", "b"]);
    check(r#"{"@graph": [{"@type": "WebPage"}, {"@type": "Event", "name": "a"}]}"#, &["a"]);
    check(
        r#"{"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": {"@type": "Event", "name": "a"}}]}"#,
        &["a"],
    );
    check(r#"{"@type": "Place", "event": [{"@type": "Event", "name": "a"}]}"#, &["a"]);
    check(r#"{"@type": "MusicGroup", "events": {"@type": "MusicEvent", "name": "a"}}"#, &["a"]);
    check(r#"{"@type": ["Thing", "http://schema.org/TheaterEvent"], "name": "a"}"#, &["a"]);
    check(r#"{"@type": "https://schema.org/Festival", "name": "a"}"#, &["a"]);
    check(r#"{"@type": "Event", "name": "a", "superEvent": {"@type": "Event", "name": "b"}}"#, &["a"]);
    check(r#"{"@type": "Product", "name": "a"}"#, &[]);
    check(r#"{"@type": "EventVenue", "name": "a"}"#, &[]);
}

#[test]
fn sub_events_take_the_place_of_what_holds_them() {
    let found = nodes(
        r#"{"@type": "Festival", "name": "F", "location": "Park", "subEvent":
            [{"@type": "Event", "name": "a"}, {"@type": "Event", "name": "b", "location": "Hall"}]}"#,
    );
    let places: Vec<&Value> = found.iter().map(|node| &node["location"]).collect();
    assert_eq!(places, [&json!("Park"), &json!("Park"), &json!("Hall")]);
    assert_eq!(found[1]["superEvent"]["name"], "F");
}

#[test]
fn references_are_followed() {
    let found = nodes(
        r##"{"@graph": [
            {"@type": "Event", "name": "a", "location": {"@id": "#place"}, "organizer": {"@id": "#none"}},
            {"@type": "Place", "@id": "#place", "name": "Hall", "address": {"@id": "#address"}},
            {"@type": "PostalAddress", "@id": "#address", "addressLocality": "Leeds"}]}"##,
    );
    assert_eq!(found[0]["location"]["address"]["addressLocality"], "Leeds");
    assert_eq!(found[0]["organizer"], json!({"@id": "#none"}));
}

#[test]
fn circular_references_and_deep_nesting_end() {
    nodes(r##"{"@type": "Event", "@id": "#e", "name": "a", "location": {"@id": "#e"}}"##);
    let deep = format!("{}1{}", r#"{"a":"#.repeat(120), "}".repeat(120));
    assert!(nodes(&deep).is_empty());
}

#[test]
fn blocks_are_counted_by_how_they_were_read() {
    let found =
        read(&["{\"@type\": \"Event\"}", "{\"@type\": \"Event\",}", "", "null", "{", "{&quot;a&quot;: 1}"]);
    assert_eq!((found.nodes.len(), found.lenient, found.unparsable.len()), (2, 2, 1));
    assert!(found.unparsable[0].message.contains("block 5"), "{:?}", found.unparsable);
}

/// Verbatim text of a node as the expectations give it.
fn stated(node: &Value, name: &str) -> Value {
    node.get(name).cloned().unwrap_or(Value::Null)
}

fn location_name(node: &Value) -> Value {
    let first = match &node["location"] {
        Value::Array(items) => items.first().cloned().unwrap_or_default(),
        other => other.clone(),
    };
    match first {
        Value::Object(place) => place.get("name").cloned().unwrap_or(Value::Null),
        other => other,
    }
}

#[test]
fn recorded_pages_give_what_is_expected_of_them() {
    let Some(expected) = recorded_bytes("data/jsonld/EXPECTED_JSONLD.json") else { return };
    let expected: Value = serde_json::from_slice(&expected).expect("expectations are JSON");
    let mut checked = 0;
    for (file, page) in expected["files"].as_object().expect("files") {
        let Some(body) = recorded_bytes(&format!("data/{file}")) else { continue };
        let html = String::from_utf8_lossy(&body);
        let found = read(&html::scan(&html).json_ld);
        assert_eq!(Value::from(found.nodes.len()), page["event_nodes"], "{file}");
        assert_eq!(Value::from(found.lenient), page["blocks_needing_lenient_parse"], "{file}");
        assert_eq!(Value::from(found.unparsable.len()), page["blocks_unparsable"], "{file}");
        for (node, wanted) in found.nodes.iter().zip(page["nodes"].as_array().expect("nodes")) {
            let place = if wanted["location_name"].is_null() { Value::Null } else { location_name(node) };
            assert_eq!(place, wanted["location_name"], "{file}");
            for name in ["name", "startDate", "endDate", "eventStatus", "url"] {
                assert_eq!(stated(node, name), wanted[name], "{file} {name}");
            }
        }
        checked += 1;
    }
    assert!(checked > 20, "only {checked} recorded pages were there");
}

/// Pages the expectations leave out.
#[test]
fn further_recorded_pages_hold_events() {
    let check = |file: &str, events: usize, lenient: usize| {
        let Some(body) = recorded_bytes(&format!("data/jsonld/{file}")) else { return };
        let html = String::from_utf8_lossy(&body);
        let found = read(&html::scan(&html).json_ld);
        assert_eq!(
            (found.nodes.len(), found.lenient, found.unparsable.len()),
            (events, lenient, 0),
            "{file}"
        );
    };
    check("dice_fm_venue_folklore.html", 17, 0);
    check("cook_housing_hist0.html", 3, 0);
    check("cook_landbank.html", 9, 3);
    check("summ_alcohol_drug_mental_health.html", 6, 0);
    check("gfsc_studio_no_events.html", 0, 0);
    check("squarespace_events_page.html", 0, 0);
}

#[test]
fn recorded_edge_cases_read_like_their_expected_values() {
    for file in recorded_files("data/jsonld", &[".jsonld"]) {
        let expected = std::fs::read(&file).expect("expected values");
        let expected: Value = serde_json::from_slice(&expected).expect("expected JSON");
        let page = std::fs::read(file.with_extension("html")).expect("the page beside it");
        let page = String::from_utf8_lossy(&page);
        let values: Vec<Value> = html::scan(&page)
            .json_ld
            .iter()
            .map(|block| json::lenient(block).expect("readable"))
            .filter(|value| !value.is_null())
            .collect();
        assert_eq!(Value::Array(values), expected, "{}", file.display());
    }
}

#[test]
fn the_type_list_is_the_vocabulary() {
    let Some(vocabulary) = recorded("data/schemaorg/event_vocabulary.json") else { return };
    let vocabulary: Value =
        serde_json::from_slice(&std::fs::read(vocabulary).expect("vocabulary")).expect("JSON");
    let mut known: Vec<&str> = schema_types();
    known.retain(|name| *name != "Event");
    let mut listed: Vec<&str> =
        vocabulary["event_subtypes"].as_array().expect("list").iter().filter_map(Value::as_str).collect();
    // Counters of clicks and comments, long superseded: nothing anybody could attend.
    listed.retain(|name| !name.starts_with("User"));
    assert_eq!(known, listed);
}

fn schema_types() -> Vec<&'static str> {
    crate::format::schema::EVENT_TYPES.to_vec()
}

//! Microdata against the documentation examples with known values, and the recorded pages.

use serde_json::json;
use testkit::{recorded_bytes, recorded_files};

use super::*;

fn mentions_event(html: &str) -> bool {
    mentions(html).next().is_some()
}

fn nodes(html: &str) -> Vec<Value> {
    events(&Html::parse_document(html))
}

#[test]
fn values_come_from_where_their_element_keeps_them() {
    let found = nodes(
        r#"<div itemscope itemtype="https://schema.org/MusicEvent">
            <h2 itemprop="name">A <b>big</b> night</h2>
            <time itemprop="startDate" datetime="2026-05-01T20:00">Friday</time>
            <span itemprop="endDate" content="2026-05-01T23:00">late</span>
            <a itemprop="url" href="/gala">more</a> <img itemprop="image" src="/gala.png">
            <span itemprop="performer">One</span><span itemprop="performer">Two</span>
            <div itemprop="location" itemscope itemtype="https://schema.org/Place">
              <span itemprop="name">Hall</span></div>
        </div>"#,
    );
    let expected = json!([{
        "@type": "https://schema.org/MusicEvent",
        "name": "A big night",
        "startDate": "2026-05-01T20:00",
        "endDate": "2026-05-01T23:00",
        "url": "/gala",
        "image": "/gala.png",
        "performer": ["One", "Two"],
        "location": {"@type": "https://schema.org/Place", "name": "Hall"},
    }]);
    assert_eq!(Value::Array(found), expected);
}

#[test]
fn itemref_reaches_outside_and_never_runs_in_circles() {
    let found = nodes(
        r#"<div id="e" itemscope itemtype="http://schema.org/Event" itemref="when e"></div>
           <p id="when"><span itemprop="startDate">2026-05-01</span></p>"#,
    );
    assert_eq!(found[0]["startDate"], "2026-05-01");
    nodes(
        r#"<div id="e" itemprop="location" itemscope itemtype="http://schema.org/Event" itemref="f"></div>
           <div id="f" itemprop="subEvent" itemscope itemtype="http://schema.org/Event" itemref="e"></div>"#,
    );
}

#[test]
fn the_prefilter_agrees_with_the_tree() {
    assert!(mentions_event("<p itemscope itemtype='http://schema.org/Thing https://schema.org/Event'>"));
    assert!(mentions_event("<p itemtype = http://schema.org/SportsEvent itemscope>"));
    assert!(!mentions_event("<p itemtype='http://schema.org/EventVenue'>"));
    assert!(!mentions_event("itemtype"));
    for file in recorded_files("data/microdata", &[".html", ".xml"]) {
        let body = std::fs::read(&file).expect("recorded page");
        let html = String::from_utf8_lossy(&body);
        assert_eq!(mentions_event(&html), !nodes(&html).is_empty(), "{}", file.display());
    }
}

/// The expected values as published: `{type, properties}` instead of `@type` beside the properties.
fn as_node(published: &Value) -> Value {
    match published {
        Value::Object(object) if object.contains_key("properties") => {
            let mut node = Map::from_iter([("@type".to_owned(), object["type"].clone())]);
            let properties = object["properties"].as_object().expect("properties");
            node.extend(properties.iter().map(|(name, value)| (name.clone(), as_node(value))));
            Value::Object(node)
        }
        Value::Array(items) => items.iter().map(as_node).collect(),
        other => other.clone(),
    }
}

#[test]
fn documentation_examples_read_as_published() {
    for file in recorded_files("data/microdata", &[".json"]) {
        let published: Value =
            serde_json::from_slice(&std::fs::read(&file).expect("expected values")).expect("JSON");
        let page = std::fs::read(file.with_extension("html")).expect("the page beside it");
        let found = Value::Array(nodes(&String::from_utf8_lossy(&page)));
        assert_eq!(found, as_node(&published), "{}", file.display());
    }
}

#[test]
fn recorded_pages_hold_as_many_events_as_known() {
    let check = |file: &str, count: usize| {
        let Some(body) = recorded_bytes(&format!("data/{file}")) else { return };
        assert_eq!(nodes(&String::from_utf8_lossy(&body)).len(), count, "{file}");
    };
    check("microdata/chi_ssa_43_detail.html", 1);
    check("microdata/cuya_audit_detail.html", 1);
    check("microdata/phipa_cpoc.html", 3);
    check("microdata/pitt_allegheny_league.html", 3);
    check("microdata/wicks_city_apc.html", 10);
    check("microdata/wicks_city_apc_detail.html", 1);
    check("jsonld/summ_alcohol_drug_mental_health.html", 6);
    check("jsonld/cook_landbank.html", 9);
}

//! hCalendar and h-event, small and recorded.

use testkit::{recorded_bytes, recorded_files};

use super::*;

fn mentions_event(html: &str) -> bool {
    mentions(html).next().is_some()
}

fn nodes(html: &str) -> Vec<Value> {
    events(&Html::parse_document(html))
}

fn one(html: &str) -> Value {
    let mut found = nodes(html);
    assert_eq!(found.len(), 1, "{html}");
    found.remove(0)
}

#[test]
fn values_are_found_where_they_are_kept() {
    let start = |inner: &str| one(&format!("<p class=vevent>{inner}</p>"))["startDate"].clone();
    assert_eq!(start("<abbr class=dtstart title=20260501T2000>Friday</abbr>"), "20260501T2000");
    assert_eq!(start("<time class=dtstart datetime=2026-05-01>Friday</time>"), "2026-05-01");
    assert_eq!(
        start("<span class=dtstart><span class=value-title title='2026-05-01T20:00'> </span>Friday</span>"),
        "2026-05-01T20:00"
    );
    assert_eq!(
        start("<b class=dtstart><abbr class=value title=2026-05-01>Fri</abbr> at <i class=value>8pm</i></b>"),
        "2026-05-01 8:00pm"
    );
    assert_eq!(start("<span class=dtstart>2026-05-01</span>"), "2026-05-01");
}

#[test]
fn h_event_reads_like_hcalendar() {
    let found = one(r#"<div class="h-event">
            <div class="p-location h-card"><span class="p-name">Hall</span>
              <span class="p-locality">Leeds</span></div>
            <a class="u-url p-name" href="/gala">Gala</a>
            <time class="dt-start" datetime="2026-05-01T20:00">Fri</time>
            <span class="p-category">music</span><span class="p-category">dance</span></div>"#);
    assert_eq!(found["name"], "Gala");
    assert_eq!(found["url"], "/gala");
    assert_eq!(found["startDate"], "2026-05-01T20:00");
    assert_eq!(found["location"]["name"], "Hall");
    assert_eq!(found["location"]["address"]["addressLocality"], "Leeds");
    assert_eq!(found["keywords"], json!(["music", "dance"]));
}

#[test]
fn the_prefilter_wants_the_class_itself() {
    assert!(mentions_event("<p class='x vevent'>"));
    assert!(mentions_event("<p class=h-event>"));
    assert!(!mentions_event(".vevent { color: red }"));
    assert!(!mentions_event("<p class='search-event'>"));
    for file in recorded_files("data/microdata", &[".html", ".xml"]) {
        let body = std::fs::read(&file).expect("recorded page");
        let html = String::from_utf8_lossy(&body);
        assert!(mentions_event(&html) || nodes(&html).is_empty(), "{}", file.display());
    }
}

/// `name | start | end | place | city` of each event of a recorded page.
fn check_recorded(file: &str, expected: &[&str]) {
    let Some(body) = recorded_bytes(&format!("data/microdata/{file}")) else { return };
    let shown: Vec<String> = nodes(&String::from_utf8_lossy(&body))
        .iter()
        .map(|node| {
            let place = match &node["location"] {
                Value::String(text) => text.clone(),
                place => place["name"].as_str().unwrap_or("-").to_owned(),
            };
            let city = node["location"]["address"]["addressLocality"].as_str().unwrap_or("-");
            let text = |name: &str| node[name].as_str().unwrap_or("-").to_owned();
            format!("{} | {} | {} | {place} | {city}", text("name"), text("startDate"), text("endDate"))
        })
        .collect();
    assert_eq!(shown, expected, "{file}");
}

#[test]
fn recorded_hcalendar_pages() {
    check_recorded(
        "calagator_hcal_upcoming_v1.html",
        &["February BarCamp Portland Informal Tech Meetup | 20080228T173000 | 20080228T193000 | \
           Jive Software Office | portland"],
    );
    check_recorded(
        "chi_low_income_housing_trust_fund_detail.html",
        &[
            "Chicago Low-Income Housing Trust Fund - October Allocations Meeting | 2018-10-04T10:00:00-0500 | \
           2018-10-04T11:00:00-0500 | 121 N. La Salle - Room 1006, Chicago, IL, 60602, US | -",
        ],
    );
    check_recorded(
        "calagator_hcal_event_duplicates_fixture.xml",
        &["Web 2.0 Conference | 2007-10-05 00:00:00 | - | CubeSpace2 | Portland"],
    );
    check_recorded(
        "calagator_hcal_same_event_twice_with_different_venues.xml",
        &[
            "Same hCal event twice | 20080119 | - | First venue | -",
            "Same hCal event twice | 20080119 | - | Different venue | -",
        ],
    );
    check_recorded(
        "calagator_hcal_two_identical_events.xml",
        &[
            "Bastille Day | 20080714 | - | Arc de Triomphe | -",
            "Bastille Day | 20080714 | - | Arc de Triomphe | -",
        ],
    );
}

//! Every recorded answer of an API goes through the connector it belongs to.
//!
//! None may panic; each is recognised by the right connector or by none; the number of events is what the
//! list of sources beside the recordings says; what is no listing is refused with the source's own words.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::DateTime;
use model::{Document, Found, Reading, Window};
use serde_json::Value as Json;
use url::Url;

use super::Sources;
use crate::connector::{Connector, Params, ReadError, ReadOptions};
use crate::detect;
use crate::manifest::{Glance, Manifest};

const FOLDERS: &[&str] = &[
    "data/eventbrite",
    "data/eventbrite/descriptions",
    "data/ticketmaster",
    "data/meetup",
    "data/bandsintown",
    "data/seatgeek",
    "data/yelp",
    "data/other_apis",
];

/// What a recorded file is.
struct Recorded {
    path: PathBuf,
    name: String,
    document: Document,
}

/// What reading it gave.
struct Outcome {
    reading: Result<Reading, ReadError>,
}

impl Outcome {
    fn events(&self) -> usize {
        let events = |reading: &Reading| reading.records.iter().filter(|r| r.as_event().is_some()).count();
        self.reading.as_ref().map_or(0, events)
    }

    fn said(&self) -> String {
        self.reading.as_ref().err().map(ToString::to_string).unwrap_or_default()
    }
}

fn all() -> Vec<Recorded> {
    let endings = [".json", ".html", ".ics", ".txt"];
    let mut all = Vec::new();
    for folder in FOLDERS {
        for path in testkit::recorded_files(folder, &endings) {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if name.ends_with(".meta.json") || name.starts_with("spec_") {
                continue;
            }
            let body = unwrapped(std::fs::read(&path).expect("a recorded file can be read"));
            let url = Url::from_file_path(&path).expect("an absolute path");
            let document = Document { found: Found::File, ..Document::from_bytes(&name, url, body) };
            all.push(Recorded { path, name, document });
        }
    }
    all
}

/// Some answers were saved by a test tool, in a list with the request they belong to.
fn unwrapped(body: Vec<u8>) -> Vec<u8> {
    let json: Option<Json> = serde_json::from_slice(&body).ok();
    let response = json.as_ref().and_then(|json| {
        let recorded = json.get(0)?;
        recorded.get("scope").and(recorded.get("response"))
    });
    response.map_or(body, |response| response.to_string().into_bytes())
}

fn options() -> ReadOptions {
    let now = DateTime::from_timestamp(1_667_865_600, 0).expect("in range");
    ReadOptions { window: Window::around(now.date_naive(), 3_660, 3_660), timezone: None, now }
}

/// By the connector that recognises it, else by callboard's own readers.
fn read(sources: &Sources, recorded: &Recorded) -> Outcome {
    let Some((connector, step)) = sources.recognise(&recorded.document) else {
        return Outcome { reading: detect::read(&recorded.document, &options()) };
    };
    let mut document = recorded.document.clone();
    document.request.step = step;
    let reading = connector.read(&document, &Params::default(), &options());
    Outcome { reading }
}

fn sources() -> Sources {
    let (sources, findings) = Sources::load(&[]);
    assert_eq!(findings, []);
    sources
}

/// `N events` and the like, by file, as the list beside the recordings says.
fn stated_counts() -> BTreeMap<PathBuf, usize> {
    let mut counts = BTreeMap::new();
    for folder in FOLDERS {
        let Some(folder) = testkit::recorded(folder) else { continue };
        let list = std::fs::read_to_string(folder.join("SOURCES.md")).unwrap_or_default();
        for row in list.lines().filter(|line| line.starts_with("| ")) {
            let columns: Vec<&str> = row.split('|').map(str::trim).collect();
            let (Some(name), Some(contents)) = (columns.get(1), columns.get(5)) else { continue };
            let words: Vec<&str> = contents.split_whitespace().collect();
            if let [number, "events" | "results" | "data" | "VEVENT", ..] = words[..]
                && let Ok(number) = number.parse()
            {
                counts.insert(folder.join(name), number);
            }
        }
    }
    counts
}

#[test]
fn as_many_events_are_read_as_are_stated() {
    let (sources, counts) = (sources(), stated_counts());
    let mut wrong = Vec::new();
    for recorded in all() {
        let outcome = read(&sources, &recorded);
        let Some(stated) = counts.get(&recorded.path) else { continue };
        let rejected = outcome.reading.as_ref().map_or(0, |reading| reading.rejected.len());
        let nothing = *stated == 0 && outcome.reading.is_err();
        if (outcome.events(), rejected) != (*stated, 0) && !nothing {
            wrong.push(format!(
                "{}: {} events, {rejected} rejected, stated {stated} {}",
                recorded.name,
                outcome.events(),
                outcome.said()
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Beginnings of file names, and the connector and request they are recognised as; the longest counts.
const RECOGNISED: &[(&str, &str, &str)] = &[
    ("datakind_events", "eventbrite", "organizer_events"),
    ("datakind_organizer", "eventbrite", "organizer"),
    ("datakind_venues", "eventbrite", "venue"),
    ("dtoneill_events", "eventbrite", "organizer_events"),
    ("hist_1438ea_organizers_32888898939.", "eventbrite", "organizer"),
    ("hist_1438ea_organizers_32888898939_events", "eventbrite", "organizer_events"),
    ("hist_d790c6_organizers_32888898939.", "eventbrite", "organizer"),
    ("hist_d790c6_organizers_32888898939_events", "eventbrite", "organizer_events"),
    ("organizer_48062165483.", "eventbrite", "organizer"),
    ("organizer_48062165483_events", "eventbrite", "organizer_events"),
    ("sdkruby_event_created", "eventbrite", "event"),
    ("sdkruby_event_read", "eventbrite", "event"),
    ("sdkruby_events", "eventbrite", "organizer_events"),
    ("events_LA", "ticketmaster", "events"),
    ("events_NY", "ticketmaster", "events"),
    ("events_countryCode", "ticketmaster", "events"),
    ("next_gig_", "ticketmaster", "events"),
    ("project_ack", "ticketmaster", "events"),
    ("sdkjs_v2_event_all", "ticketmaster", "events"),
    ("sdkjs_v2_event_find-200", "ticketmaster", "event"),
    ("cfapi_meetup", "meetup", "rest"),
    ("gql_groupByUrlName", "meetup", "events"),
    ("meetup-rest", "meetup", "rest"),
    ("rest_api_meetup", "meetup", "rest"),
    ("slayer_events.json", "bandsintown", "events"),
    ("events_2020_page1", "seatgeek", "events"),
    ("event_lookup_oakland", "yelp", "event"),
    ("events_search_king", "yelp", "events"),
    ("events_search_louisville", "yelp", "events"),
    ("stewseo_search-events", "yelp", "events"),
    ("yelpfusion3_tests_event", "yelp", "events"),
    ("luma_", "luma", "events"),
    ("ra_graphql_club", "resident-advisor", "venue"),
    ("ra_graphql_promoter", "resident-advisor", "promoter"),
    ("squarespace_events", "squarespace", "list"),
    ("tickettailor", "tickettailor", "events"),
    ("tribe_event", "tribe", "event"),
];

#[test]
fn a_bare_answer_is_recognised_by_its_own_connector_and_no_other() {
    let sources = sources();
    let mut wrong = Vec::new();
    for recorded in all() {
        let expected = RECOGNISED
            .iter()
            .filter(|(start, ..)| recorded.name.starts_with(start))
            .max_by_key(|(start, ..)| start.len())
            .map(|(_, connector, step)| vec![((*connector).to_owned(), (*step).to_owned())])
            .unwrap_or_default();
        let glance = Glance::at(&recorded.document);
        let claims = |connector: &Arc<Manifest>| {
            let step = connector.recognise(&glance)?;
            Some((connector.name().to_owned(), step.to_owned()))
        };
        let claimed: Vec<_> = sources.all().iter().filter_map(claims).collect();
        if claimed != expected {
            wrong.push(format!("{}: {claimed:?}, not {expected:?}", recorded.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_no_listing_is_refused_in_the_source_s_own_words() {
    let sources = sources();
    let check = |name: &str, part: &str| {
        let Some(recorded) = all().into_iter().find(|recorded| recorded.name == name) else { return };
        let said = read(&sources, &recorded).said();
        assert!(said.contains(part), "{name}: {said:?} does not say {part:?}");
    };
    check("error_429_qps.json", "TOO_MANY_REQUESTS_PER_SECOND");
    check("error_invalid_location.json", "Try a more specific location");
    check("sdkjs_v2_event_find-404.json", "DIS1004");
    check("sdkjs_v1_event_find-404.json", "DIS1004");
    check("sdkruby_attendee_not_found.json", "The attendee_id you requested does not exist");
    check("group_not_found_ical.txt", "Group not found");
    check("gql_groupByUrlName_v2_example-group-null.json", "no group of that name");
    check("squarespace_bad_json.html", "JSON");
    check("jambase_nashville_2016.json", "--connector");
}

#[test]
fn every_description_of_the_organizer_is_read() {
    let sources = sources();
    let manifest = sources.find("eventbrite").expect("shipped");
    let mut count = 0;
    for recorded in all().into_iter().filter(|recorded| recorded.name.ends_with("_description.json")) {
        let id = recorded.name.split('_').nth(1).expect("the file is called after the event").to_owned();
        let mut document = recorded.document;
        document.request.step = "description".to_owned();
        document.request.context = serde_json::json!({"with": {"id": id}});
        let reading = manifest.read(&document, &Params::default(), &options()).expect("a description");
        let event = reading.records.first().and_then(|r| Some((&r.key, r.as_event()?))).expect("an event");
        assert_eq!(*event.0, id);
        let text = event.1.description.value().expect("stated");
        assert!(text.len() > 50 && !text.contains("</"), "{id}: {text}");
        count += 1;
    }
    assert!(count == 0 || count == 73, "{count} descriptions");
}

#[test]
fn ticketmaster_s_placeholders_are_not_taken_at_their_word() {
    let sources = sources();
    let (mut to_be_announced, mut sales_of_1900) = (0, 0);
    for recorded in all().into_iter().filter(|recorded| recorded.name.starts_with("sdkjs_v2_event_all-200."))
    {
        let outcome = read(&sources, &recorded);
        let reading = outcome.reading.expect("a list");
        let events = reading.records.iter().filter_map(|record| Some((&record.key, record.as_event()?)));
        for (key, event) in events {
            let start = event.start.value().expect("required");
            if key == "1Ae7ZfdGkSp307Y" {
                assert_eq!((start.clock, start.time), (model::Clock::ToBeAnnounced, None));
                to_be_announced += 1;
            }
            let sales = event.sales_start.value().map(ToString::to_string).unwrap_or_default();
            sales_of_1900 += usize::from(sales.starts_with("1900"));
        }
        assert_eq!(to_be_announced, 1);
    }
    assert_eq!(sales_of_1900, 0);
}

//! Feeds. No recorded feed carries an event module, so those here are small ones, written after the
//! modules' specifications and labelled as such; the recorded ones show that news is no event.

use chrono::{DateTime, NaiveDate};
use model::{Record, Window};
use serde_json::{Value, json};
use testkit::recorded_files;
use url::Url;

use super::*;

fn read_bytes(body: &[u8]) -> Result<Reading, ReadError> {
    let url = Url::parse("https://x.test/feed").expect("url");
    let day = NaiveDate::from_ymd_opt(2026, 1, 1).expect("date");
    let options =
        ReadOptions { window: Window::around(day, 30, 365), timezone: None, now: DateTime::UNIX_EPOCH };
    read(&Document::from_bytes("feed", url, body.to_vec()), &options)
}

fn records(item: &str) -> Vec<Value> {
    let feed = format!(
        "<rss version='2.0' xmlns:ev='http://purl.org/rss/1.0/modules/event/' \
          xmlns:xcal='urn:ietf:params:xml:ns:xcal' xmlns:cal='http://www.w3.org/2002/12/cal/ical#' \
          xmlns:geo='http://www.w3.org/2003/01/geo/wgs84_pos#' xmlns:georss='http://www.georss.org/georss' \
          xmlns:s='http://sidearmsports.com/schemas/cal_rss/1.0/' xmlns:content='http://purl.org/rss/1.0/modules/content/'>\
          <channel><title>T</title><item>{item}</item></channel></rss>"
    );
    read_bytes(feed.as_bytes()).expect("a feed").records.iter().map(Record::to_json).collect()
}

fn event(item: &str) -> Value {
    records(item).pop().expect("an event")
}

/// Written after the `ev:` module.
#[test]
fn the_event_module_states_start_end_place_and_organizer() {
    let found = records(
        "<title>Gala &amp;amp; Ball</title><link>/e/1?utm_source=rss</link><guid isPermaLink='false'>77</guid>\
         <pubDate>Thu, 05 Sep 2024 14:00:00 GMT</pubDate><description>short</description>\
         <content:encoded><![CDATA[<p>Long</p>]]></content:encoded><ev:type>Ball</ev:type>\
         <ev:startdate>2026-05-01T20:00:00+01:00</ev:startdate><ev:enddate>2026-05-01T23:00:00+01:00</ev:enddate>\
         <ev:location>Town Hall</ev:location><ev:organizer>The Club</ev:organizer>",
    );
    assert_eq!(found[0], json!({"key": "town-hall", "name": "Town Hall"}));
    assert_eq!(found[1], json!({"key": "the-club", "name": "The Club"}));
    let event = &found[2];
    assert_eq!(event["key"], "77");
    assert_eq!(event["title"], "Gala & Ball");
    assert_eq!(event["description"], "Long");
    assert_eq!(event["url"], "https://x.test/e/1?utm_source=rss");
    assert_eq!(event["start"]["at"], "2026-05-01T19:00:00Z");
    assert_eq!(event["end"]["at"], "2026-05-01T22:00:00Z");
    assert_eq!(event["published_at"], "2024-09-05T14:00:00Z");
    assert_eq!((&event["venue"], &event["organizer"]), (&json!("town-hall"), &json!("the-club")));
}

/// Written after xCal, the 2002 iCalendar vocabulary and one vendor's namespace.
#[test]
fn other_modules_state_the_start_too() {
    let start = |item: &str| event(item)["start"]["said"].clone();
    assert_eq!(start("<xcal:dtstart>20260501T200000Z</xcal:dtstart>"), "20260501T200000Z");
    assert_eq!(start("<cal:dtstart>2026-05-01</cal:dtstart>"), "2026-05-01");
    assert_eq!(
        start("<s:localstartdate>2026-05-01T20:00:00.0000000</s:localstartdate>"),
        "2026-05-01T20:00:00.0000000"
    );
    assert_eq!(
        event("<ev:startdate>soon</ev:startdate>")["start"],
        json!({"said": "soon", "clock": "unstated"})
    );
}

#[test]
fn coordinates_come_in_two_forms() {
    let venue = |geo: &str| records(&format!("<ev:startdate>2026-05-01</ev:startdate>{geo}")).remove(0);
    let expected = json!({"key": "53.8,-1.5", "lat": 53.8, "lon": -1.5});
    assert_eq!(venue("<geo:lat>53.8</geo:lat><geo:long>-1.5</geo:long>"), expected);
    assert_eq!(venue("<georss:point>53.8 -1.5</georss:point>"), expected);
}

#[test]
fn an_item_is_known_by_guid_then_link_then_title_and_start() {
    let key = |item: &str| event(&format!("{item}<ev:startdate>2026-05-01</ev:startdate>"))["key"].clone();
    assert_eq!(key("<guid>g</guid><link>/a</link>"), "g");
    assert_eq!(key("<link>http://x.test/a#top</link>"), "https://x.test/a");
    assert_eq!(key("<title>The Gala</title>"), "the-gala#2026-05-01");
}

#[test]
fn atom_entries_are_read() {
    let reading = read_bytes(
        b"<feed xmlns='http://www.w3.org/2005/Atom' xmlns:ev='http://purl.org/rss/1.0/modules/event/'>\
          <entry><id>urn:1</id><title type='html'>A &lt;b&gt;bold&lt;/b&gt; one</title>\
          <link rel='self' href='/self'/><link href='/page'/><category term='x' label='Music'/>\
          <updated>2026-01-01T00:00:00Z</updated><ev:startdate>2026-05-01</ev:startdate></entry></feed>",
    )
    .expect("a feed");
    let event = reading.records[0].to_json();
    assert_eq!((&event["key"], &event["title"]), (&json!("urn:1"), &json!("A bold one")));
    assert_eq!(event["url"], "https://x.test/page");
    assert_eq!(event["categories"], json!(["Music"]));
    assert!(!reading.complete);
}

#[test]
fn news_is_no_event() {
    let reading = read_bytes(
        b"<rss><channel><item><title>News</title><pubDate>Thu, 05 Sep 2024 14:00:00 GMT</pubDate></item></channel></rss>",
    )
    .expect("a feed");
    assert!(reading.records.is_empty());
    assert_eq!(reading.rejected[0].reason, "missing_start");
    assert_eq!(reading.rejected[0].said["title"], "News");
    assert_eq!(reading.notes.len(), 1);
}

#[test]
fn recorded_feeds_hold_news_only() {
    for file in recorded_files("data/feeds", &[".xml"]) {
        let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let body = std::fs::read(&file).expect("recorded feed");
        match read_bytes(&body) {
            Ok(reading) => {
                assert!(name.starts_with("feedrs_"), "{name} is no feed");
                assert!(reading.records.is_empty() && !reading.rejected.is_empty(), "{name}");
                let text = String::from_utf8_lossy(&body);
                let items = text.matches("<item>").count()
                    + text.matches("<item ").count()
                    + text.matches("<entry").count();
                assert_eq!(reading.rejected.len(), items, "{name}");
            }
            Err(ReadError::Unrecognised(message)) => {
                assert!(!name.starts_with("feedrs_"), "{name}: {message}");
                assert!(message.contains("root element") && message.contains("manifest"), "{message}");
            }
            Err(other) => panic!("{name}: {other}"),
        }
    }
}

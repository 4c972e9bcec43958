//! What other programs, and our own readers, make of an export.

use std::process::Command;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use testkit::servers::Server;

use super::{desk, exported};
use crate::call::Desk;

/// What a Python script prints, as one JSON value; `None` where there is no Python with the packages.
fn python(desk: &Desk, script: &str) -> Option<Value> {
    let python = Server::Python.shared()?;
    let output = Command::new(python).args(["-c", script]).current_dir(desk.folder.path()).output();
    let output = output.expect("Python runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(serde_json::from_slice(&output.stdout).expect("the script prints JSON"))
}

#[test]
fn parquet_is_read_by_pyarrow() {
    let desk = desk(30);
    exported(&desk, &["events", "--format", "parquet", "--to", "e.parquet"]);
    let script = "
import json, pyarrow.parquet as pq
t = pq.read_table('e.parquet'); r = {x['title']: x for x in t.to_pylist()}
e, tba, loose = r['Evening number 0'], r['Evening number 4'], r['Evening number 6']
print(json.dumps({'rows': t.num_rows, 'types': {n: str(t.schema.field(n).type) for n in
  ['title', 'start_at', 'start_local', 'start_date', 'price_min', 'is_free', 'categories', 'venue_lat', 'capacity']},
  'at': e['start_at'].isoformat(), 'local': e['start_local'].isoformat(), 'zone': e['start_zone'],
  'price': str(e['price_max']), 'free': e['is_free'], 'categories': e['categories'], 'venue': e['venue_name'],
  'performers': e['performers'], 'names': e['performer_names'],
  'tba': [tba['start_at'], str(tba['start_date']), tba['start_clock']],
  'loose': [loose['start_at'], loose['start_local'].isoformat(), loose['start_zone']]}))";
    let Some(read) = python(&desk, script) else { return };
    let expected = json!({
        "rows": 30,
        "types": {
            "title": "string", "start_at": "timestamp[us, tz=UTC]", "start_local": "timestamp[us]",
            "start_date": "date32[day]", "price_min": "decimal128(18, 4)", "is_free": "bool",
            "categories": "list<element: string>", "venue_lat": "double", "capacity": "int64",
        },
        "at": "2026-12-01T19:00:00+00:00", "local": "2026-12-01T20:00:00", "zone": "Europe/Berlin",
        "price": "99.9900", "free": false, "categories": ["Music", "Late, loud"], "venue": "Hall 0",
        "performers": null, "names": [],
        "tba": [null, "2026-12-05", "to_be_announced"],
        "loose": [null, "2026-12-07T20:00:00", null],
    });
    assert_eq!(read, expected);
}

#[test]
fn parquet_of_several_row_groups_is_read_by_duckdb_and_says_what_csv_says() {
    let desk = desk(45_000);
    exported(&desk, &["events", "--format", "parquet", "--to", "e.parquet"]);
    exported(&desk, &["events", "--format", "csv", "--to", "e.csv"]);
    let script = "
import json, duckdb
one = lambda q: [str(x) for x in duckdb.sql(q).fetchall()[0]]
sums = 'count(*), count(distinct id), count(start_at), min(start_at), sum(price_max), count(distinct venue_name), max(length(description)) from '
print(json.dumps({'parquet': one('select ' + sums + \"'e.parquet'\"), 'csv': one('select ' + sums + \"read_csv('e.csv', all_varchar=false, types={'price_max': 'decimal(18,4)', 'start_at': 'timestamptz'})\"),
  'groups': one(\"select count(distinct row_group_id) from parquet_metadata('e.parquet')\"),
  'lists': one(\"select count(*) from 'e.parquet' where list_contains(categories, 'Late, loud')\")}))";
    let Some(read) = python(&desk, script) else { return };
    assert_eq!(read["parquet"], read["csv"], "{read}");
    assert_eq!((&read["groups"][0], &read["lists"][0]), (&"3".into(), &"45000".into()), "{read}");
    assert_eq!(read["parquet"][1], "45000", "{read}");
}

#[test]
fn a_calendar_and_a_feed_are_read_by_python_libraries() {
    let desk = desk(10);
    exported(&desk, &["events", "--format", "ics", "--to", "e.ics"]);
    exported(&desk, &["events", "--format", "rss", "--to", "e.rss"]);
    let script = "
import json, icalendar, feedparser
c = icalendar.Calendar.from_ical(open('e.ics', 'rb').read()); events = c.walk('VEVENT')
by = {str(e['SUMMARY']): e for e in events}
f = feedparser.parse('e.rss')
print(json.dumps({'errors': len(c.errors) + sum(len(e.errors) for e in events), 'uids': len({str(e['UID']) for e in events}),
  'start': by['Evening number 0'].decoded('DTSTART').isoformat(), 'tba': by['Evening number 4'].decoded('DTSTART').isoformat(),
  'said': str(by['Evening number 4'].get('COMMENT')), 'place': str(by['Evening number 0']['LOCATION']),
  'loose': by['Evening number 6'].decoded('DTSTART').isoformat(),
  'text': str(by['Evening number 0']['DESCRIPTION'])[:45],
  'bozo': bool(f.bozo), 'items': len(f.entries), 'feed_start': f.entries[0].ev_startdate, 'tags': [t.term for t in f.entries[0].tags],
  'feed_tba': f.entries[4].ev_startdate, 'feed_loose': f.entries[6].ev_startdate}))";
    let Some(read) = python(&desk, script) else { return };
    let expected = json!({
        "errors": 0, "uids": 10, "start": "2026-12-01T19:00:00+00:00", "tba": "2026-12-05",
        "said": "Time to be announced", "place": "Hall 0, Berlin", "loose": "2026-12-07T20:00:00",
        "text": "Music; \"words\", <b>more</b> & a line\nbreak on",
        "bozo": false, "items": 10, "feed_start": "2026-12-01T20:00:00+01:00", "tags": ["Music", "Late, loud"],
        "feed_tba": "2026-12-05", "feed_loose": "2026-12-07T20:00:00",
    });
    assert_eq!(read, expected);
}

#[test]
fn our_own_readers_read_what_was_exported() {
    let desk = desk(14);
    // A calendar has instants in UTC; a local time without a zone is as it was.
    let said = |event: &Value| {
        let instant = event["start"].as_str().map(|text| text.parse::<DateTime<Utc>>().expect("an instant"));
        let local = if instant.is_none() { event["start_local"].clone() } else { Value::Null };
        (event["title"].clone(), instant, event["start_date"].clone(), local)
    };
    let original: Vec<_> = desk.events(&[]).iter().map(said).collect();
    for format in ["ics", "rss", "jsonld"] {
        let (name, db) = (format!("e.{format}"), format!("{format}.db"));
        exported(&desk, &["events", "--format", format, "--to", &name]);
        let summary = desk.collect(&[&name, "--db", &db]);
        assert_eq!(summary["by_kind"]["event"]["new"], 14, "{format}: {summary}");
        let read = desk.events(&["--db", &db]);
        assert_eq!(read.iter().map(said).collect::<Vec<_>>(), original, "{format}");
        let description = read[0]["description"].as_str().unwrap_or_default();
        assert!(description.starts_with("Music; \"words\","), "{format}: {description}");
        let venue = read[0]["venue"]["name"].as_str().unwrap_or_default();
        assert!(venue.starts_with("Hall"), "{format}: {}", read[0]);
    }
}

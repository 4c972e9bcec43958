//! Exports of a small store in every format, byte for byte; and of one that does not fit a page.

use chrono::{DateTime, Utc};
use model::{Clock, Event, Found, Record, Request, RunId, SourceName, Venue, When, Zone};
use serde_json::json;
use store::{Batch, LandedDocument, Read, Remarks, RunStart, Store};

use super::formats::FORMATS;
use super::{PAGE_ROWS, Progress, Summary, Target, Wanted, export};

/// A store that holds these records, as stated at one moment.
pub(crate) async fn store_of(records: Vec<Record>) -> Store {
    let store = Store::in_memory().await.unwrap();
    let at: DateTime<Utc> = "2026-11-25T12:00:00Z".parse().unwrap();
    let run = RunId::new();
    store.begin_run(RunStart { id: run, at, command: json!({}) }).await.unwrap();
    let mut records = records.into_iter().peekable();
    for number in 0.. {
        let some: Vec<Record> = records.by_ref().take(2_000).collect();
        store.commit(Batch { run, at, documents: vec![document(number, at, some)] }).await.unwrap();
        if records.peek().is_none() {
            break;
        }
    }
    store
}

fn document(number: u32, at: DateTime<Utc>, records: Vec<Record>) -> LandedDocument {
    let url: url::Url = format!("https://hall.test/{number}").parse().unwrap();
    LandedDocument {
        name: url.to_string(),
        url: url.to_string(),
        request: Request::get(url),
        status: 200,
        headers: Vec::new(),
        fetched_at: at,
        found: Found::Fetched,
        body: None,
        size_bytes: 0,
        source: SourceName::new("hall"),
        connector: "page".to_owned(),
        scope: "hall".to_owned(),
        etag: None,
        last_modified: None,
        read: Read::Records { reading_key: "1".to_owned(), records, quarantined: Vec::new(), cursor: None },
        remarks: Remarks::default(),
    }
}

/// Takes what is written to it, for others to see.
#[derive(Clone, Default)]
struct Kept(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn written(store: &Store, wanted: &Wanted) -> (Vec<u8>, Summary) {
    let kept = Kept::default();
    let target = Target::Stream(Box::new(kept.clone()));
    let summary = export(store, wanted, target, &Progress::default()).await.unwrap();
    let bytes = kept.0.lock().unwrap().clone();
    assert_eq!(summary.bytes, bytes.len() as u64);
    (bytes, summary)
}

fn wanted(kind: &str, format: &str) -> Wanted {
    Wanted::new(kind, format).unwrap().checked().unwrap()
}

async fn two_events() -> Store {
    let berlin = Zone::Named(chrono_tz::Europe::Berlin);
    let gala = Event {
        title: "Gala, \"late\" </script>".into(),
        start: When::at_local("8 pm", "2026-12-01T20:00:00".parse().unwrap(), berlin).into(),
        end: When::at_local("11 pm", "2026-12-01T23:00:00".parse().unwrap(), berlin).into(),
        timezone: "Europe/Berlin".into(),
        venue: "v".into(),
        tags: vec!["a;b".to_owned()].into(),
        ..Event::default()
    };
    let soon = Event {
        title: "=Soon".into(),
        start: When::on_date("tba", "2026-12-05".parse().unwrap(), Clock::ToBeAnnounced, berlin).into(),
        categories: vec!["Rock & Roll".to_owned(), "x, y".to_owned()].into(),
        ..Event::default()
    };
    let nowhen = Event { title: "Some day".into(), ..Event::default() };
    let hall = Venue { name: "Hall".into(), city: "Berlin".into(), ..Venue::default() };
    store_of(vec![
        Record::new("v", hall),
        Record::new("1", gala),
        Record::new("2", soon),
        Record::new("3", nowhen),
    ])
    .await
}

async fn check(store: &Store, kind: &str, format: &str, expected: &str) {
    let (bytes, _) = written(store, &wanted(kind, format)).await;
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(text, expected, "{kind} {format}:\n{text}");
}

#[tokio::test]
async fn a_calendar_byte_for_byte() {
    let store = two_events().await;
    let ics = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//callboard//callboard//EN\r\nCALSCALE:GREGORIAN\r\n\
        NAME:callboard\r\nX-WR-CALNAME:callboard\r\n\
        BEGIN:VEVENT\r\nDTEND:20261201T220000Z\r\nDTSTAMP:20261125T120000Z\r\nDTSTART:20261201T190000Z\r\n\
        LOCATION:Hall\\, Berlin\r\nSUMMARY:Gala\\, \"late\" </script>\r\nUID:ID1\r\n\
        X-CALLBOARD-TIMEZONE:Europe/Berlin\r\nEND:VEVENT\r\n\
        BEGIN:VEVENT\r\nCOMMENT:Time to be announced\r\nDTSTAMP:20261125T120000Z\r\n\
        DTSTART;VALUE=DATE:20261205\r\nSUMMARY:=Soon\r\nUID:ID2\r\nX-CALLBOARD-TIMEZONE:Europe/Berlin\r\n\
        CATEGORIES:Rock & Roll\r\nCATEGORIES:x\\, y\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    check(&store, "event", "ics", &with_ids(ics)).await;
    let (_, summary) = written(&store, &wanted("event", "ics")).await;
    assert_eq!((summary.rows, summary.left_out.values().sum::<u64>()), (2, 1), "what has no day is told");
}

#[tokio::test]
async fn a_feed_and_a_graph_byte_for_byte() {
    let store = two_events().await;
    let (rss, _) = written(&store, &wanted("event", "rss")).await;
    let rss = String::from_utf8(rss).unwrap();
    let item = "<item>\n<guid isPermaLink=\"false\">ID2</guid>\n<title>=Soon</title>\n\
        <category>Rock &amp; Roll</category>\n<category>x, y</category>\n\
        <pubDate>Wed, 25 Nov 2026 12:00:00 +0000</pubDate>\n<ev:startdate>2026-12-05</ev:startdate>\n\
        <callboard:time>to_be_announced</callboard:time>\n</item>\n";
    assert!(rss.contains(&with_ids(item)), "{rss}");
    let graph = "{\"@context\":\"https://schema.org\",\"@graph\":[\n\
        {\"@type\":\"Event\",\"@id\":\"urn:callboard:ID1\",\"identifier\":\"ID1\",\
        \"name\":\"Gala, \\\"late\\\" \\u003c/script>\",\"startDate\":\"2026-12-01T20:00:00+01:00\",\
        \"endDate\":\"2026-12-01T23:00:00+01:00\",\
        \"eventSchedule\":{\"@type\":\"Schedule\",\"scheduleTimezone\":\"Europe/Berlin\"},\
        \"location\":{\"@type\":\"Place\",\"name\":\"Hall\",\"address\":{\"@type\":\"PostalAddress\",\
        \"addressLocality\":\"Berlin\"}},\"keywords\":[\"a;b\"]},\n\
        {\"@type\":\"Event\",\"@id\":\"urn:callboard:ID2\",\"identifier\":\"ID2\",\"name\":\"=Soon\",\
        \"startDate\":\"2026-12-05\",\"eventSchedule\":{\"@type\":\"Schedule\",\
        \"scheduleTimezone\":\"Europe/Berlin\",\"description\":\"time to be announced\"},\
        \"keywords\":[\"Rock & Roll\",\"x, y\"]},\n\
        {\"@type\":\"Event\",\"@id\":\"urn:callboard:ID3\",\"identifier\":\"ID3\",\"name\":\"Some day\"}\n]}\n";
    check(&store, "event", "jsonld", &with_ids(graph)).await;
}

#[tokio::test]
async fn rows_byte_for_byte() {
    let store = two_events().await;
    let venue = model::RowId::of(model::Kind::Venue, &SourceName::new("hall"), "v");
    let csv = format!(
        "id,name,street,city,region,postal_code,country,address,lat,lon,timezone,url,phone,capacity,description,\
         image_url,source,source_key,first_seen,last_seen,gone_at\r\n\
         {venue},Hall,,Berlin,,,,,,,,,,,,,hall,v,2026-11-25T12:00:00Z,2026-11-25T12:00:00Z,\r\n"
    );
    check(&store, "venue", "csv", &csv).await;
    let object = format!(
        "{{\"id\":\"{venue}\",\"name\":\"Hall\",\"street\":null,\"city\":\"Berlin\",\"region\":null,\"postal_code\":null,\
         \"country\":null,\"address\":null,\"lat\":null,\"lon\":null,\"timezone\":null,\"url\":null,\"phone\":null,\
         \"capacity\":null,\"description\":null,\"image_url\":null,\"source\":\"hall\",\"source_key\":\"v\",\
         \"first_seen\":\"2026-11-25T12:00:00Z\",\"last_seen\":\"2026-11-25T12:00:00Z\",\"gone_at\":null}}"
    );
    check(&store, "venue", "ndjson", &format!("{object}\n")).await;
    check(&store, "venue", "json", &format!("[\n{object}\n]\n")).await;
    check(&store, "offer", "json", "[\n]\n").await;

    let (csv, _) = written(&store, &wanted("event", "csv")).await;
    let mut rows = csv::Reader::from_reader(csv.as_slice());
    let header = rows.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = rows.records().map(|row| row.unwrap()).collect();
    let cell = |row: usize, name: &str| {
        rows[row].get(header.iter().position(|column| column == name).unwrap()).unwrap().to_owned()
    };
    assert_eq!(cell(0, "title"), "Gala, \"late\" </script>");
    assert_eq!(
        (cell(0, "start_at"), cell(0, "start_local")),
        ("2026-12-01T19:00:00Z".into(), "2026-12-01T20:00:00".into())
    );
    assert_eq!((cell(0, "start_zone"), cell(0, "venue_name")), ("Europe/Berlin".into(), "Hall".into()));
    assert_eq!(
        (cell(1, "title"), cell(1, "start_at"), cell(1, "start_date")),
        ("'=Soon".into(), "".into(), "2026-12-05".into())
    );
    assert_eq!(
        (cell(1, "start_clock"), cell(1, "categories")),
        ("to_be_announced".into(), "[\"Rock & Roll\",\"x, y\"]".into())
    );
}

/// `ID1` and so on are the ids of the events.
fn with_ids(text: &str) -> String {
    let id = |key: &str| model::RowId::of(model::Kind::Event, &SourceName::new("hall"), key).to_string();
    ["1", "2", "3"].iter().fold(text.to_owned(), |text, key| text.replace(&format!("ID{key}"), &id(key)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_thousand_rows_are_never_held_at_once() {
    let events = (0..100_000).map(|number| {
        Record::new(
            number.to_string(),
            Event { title: format!("Evening {number}").into(), ..Event::default() },
        )
    });
    let store = store_of(events.collect()).await;
    for format in FORMATS {
        let (bytes, summary) = written(&store, &wanted("event", format.name)).await;
        let told = summary.rows + summary.left_out.values().sum::<u64>();
        assert_eq!(told, 100_000, "{}", format.name);
        // Two pages; Parquet holds what will be a row group.
        let most = 2 * PAGE_ROWS + if format.name == "parquet" { 20_000 } else { 0 };
        assert!(summary.most_held <= most, "{}: {} rows at once", format.name, summary.most_held);
        assert!(!bytes.is_empty());
    }
}

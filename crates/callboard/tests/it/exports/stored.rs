//! A store filled by hand with many events, and what hangs on them.

use chrono::{DateTime, TimeDelta, Utc};
use model::{
    Amount, Clock, Event, Found, Offer, Organizer, Record, Request, RunId, SourceName, Venue, When, Window,
    Zone,
};
use serde_json::json;
use store::{Address, Batch, LandedDocument, Read, Remarks, RunStart, Server, Store, SweepScope};
use testkit::servers::stores_are_on;

use crate::call::Desk;

/// What to put in.
#[derive(Default)]
pub struct Filling {
    pub events: usize,
    /// This one has another title.
    pub retitled: Option<usize>,
    /// It is all there is: what was there before and is not now has gone.
    pub sweep: bool,
}

const PER_DOCUMENT: usize = 1_000;
const SCOPE: &str = "https://hall.test/";

pub fn fill(desk: &Desk, filling: &Filling) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(filled(desk, filling)).expect("the store takes it");
}

/// Where the program finds its store when it is called in the desk's folder.
fn address(desk: &Desk) -> Address {
    let folder = desk.folder.path();
    let Some(url) = stores_are_on() else { return Address::File(folder.join("callboard.db")) };
    let namespace = format!("{}.callboard.db", folder.file_name().unwrap_or_default().to_string_lossy());
    Address::Server(Server { url, namespace, landing: folder.join("callboard.landing"), connections: 4 })
}

fn now() -> DateTime<Utc> {
    "2026-11-25T12:00:00Z".parse().expect("a time")
}

async fn filled(desk: &Desk, filling: &Filling) -> Result<(), store::StoreError> {
    let store = Store::open(address(desk)).await?;
    let run = RunId::new();
    store.begin_run(RunStart { id: run, at: now(), command: json!({}) }).await?;
    for first in (0..filling.events).step_by(PER_DOCUMENT) {
        let last = (first + PER_DOCUMENT).min(filling.events);
        let mut records: Vec<Record> = (first..last).map(|number| event(number, filling)).collect();
        if first == 0 {
            records.extend(around());
        }
        let batch = Batch { run, at: now(), documents: vec![document(first, records)] };
        store.commit(batch).await?;
    }
    if filling.sweep {
        let window = Window { from: day("2026-11-01"), to: day("2027-12-31") };
        let scope = SweepScope { source: source(), scope: SCOPE.to_owned(), window, max_shrink: 1.0 };
        store.sweep(run, now(), &scope).await?;
    }
    store.end_run(run, now(), "completed", &json!({})).await?;
    store.close().await;
    Ok(())
}

fn day(text: &str) -> chrono::NaiveDate {
    text.parse().expect("a day")
}

fn source() -> SourceName {
    SourceName::new("hall.test")
}

/// One a day, at 20:00 in Berlin; each fifth has its time still to be announced, each seventh no zone.
fn event(number: usize, filling: &Filling) -> Record {
    let date = day("2026-12-01") + TimeDelta::days((number % 300) as i64);
    let local = |hour: u32| date.and_hms_opt(hour, 0, 0).expect("an hour");
    let zone = Zone::Named(chrono_tz::Europe::Berlin);
    let start = match number {
        n if n % 5 == 4 => When::on_date("tba", date, Clock::ToBeAnnounced, zone),
        n if n % 7 == 6 => When::at_local("8 pm", local(20), Zone::Floating),
        _ => When::at_local("8 pm", local(20), zone),
    };
    let title = match filling.retitled {
        Some(changed) if changed == number => "Another title".to_owned(),
        _ => format!("Evening number {number}"),
    };
    let event = Event {
        title: title.into(),
        description: format!("Music; \"words\", <b>more</b> & a line\nbreak {}", "on and on ".repeat(20))
            .into(),
        end: When::at_local("11 pm", local(23), zone).into(),
        start: start.into(),
        timezone: "Europe/Berlin".to_owned().into(),
        categories: vec!["Music".to_owned(), "Late, loud".to_owned()].into(),
        venue: format!("hall-{}", number % 3).into(),
        organizer: "ada".to_owned().into(),
        price_min: amount("12.50").into(),
        price_max: amount("99.99").into(),
        currency: "EUR".to_owned().into(),
        is_free: false.into(),
        url: format!("https://hall.test/{number}").into(),
        ..Event::default()
    };
    Record::new(format!("e{number}"), event)
}

fn amount(text: &str) -> Amount {
    text.parse().expect("an amount")
}

fn around() -> Vec<Record> {
    let halls = (0..3).map(|n| {
        let hall = Venue {
            name: format!("Hall {n}").into(),
            city: "Berlin".to_owned().into(),
            capacity: (100 * (n + 1)).into(),
            lat: 52.5.into(),
            lon: 13.4.into(),
            ..Venue::default()
        };
        Record::new(format!("hall-{n}"), hall)
    });
    let ada = Organizer {
        name: "Ada".to_owned().into(),
        email: "ada@example.test".to_owned().into(),
        phone: "+49 30 1".to_owned().into(),
        ..Organizer::default()
    };
    let offers = (0..10).map(|n| {
        let offer = Offer {
            event: format!("e{n}").into(),
            name: "=Adult".to_owned().into(),
            price: amount("12.50").into(),
            currency: "EUR".to_owned().into(),
            ..Offer::default()
        };
        Record::new(format!("o{n}"), offer)
    });
    halls.chain([Record::new("ada", ada)]).chain(offers).collect()
}

fn document(first: usize, records: Vec<Record>) -> LandedDocument {
    let url: url::Url = format!("{SCOPE}{first}").parse().expect("an address");
    LandedDocument {
        name: url.to_string(),
        url: url.to_string(),
        request: Request::get(url),
        status: 200,
        headers: Vec::new(),
        fetched_at: now(),
        found: Found::Fetched,
        body: None,
        size_bytes: 0,
        source: source(),
        connector: "page".to_owned(),
        scope: SCOPE.to_owned(),
        etag: None,
        last_modified: None,
        read: Read::Records { reading_key: "1".to_owned(), records, quarantined: Vec::new(), cursor: None },
        remarks: Remarks::default(),
    }
}

//! Times of what is asked of a long change log: `cargo run --release -p store --example history -- STORE
//! [EVENTS ROUNDS]`. Fills an empty store with a first load and rounds of changes of price and status,
//! then asks. STORE is a file or an address of PostgreSQL.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program for measuring")]

use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use model::{Amount, ContentHash, Event, Found, Record, Request, RunId, SourceName, When, Zone};
use store::{
    Address, Batch, ChangeQuery, Compact, EventQuery, LandedDocument, Read, Remarks, RunStart, Store,
};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;

const PER_DOCUMENT: u64 = 500;

#[tokio::main]
async fn main() -> Fallible<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let address = args.first().map_or("history.db", String::as_str);
    let number = |at: usize, default: u64| args.get(at).and_then(|arg| arg.parse().ok()).unwrap_or(default);
    let (events, rounds) = (number(1, 100_000), number(2, 9));
    let store = Store::open(Address::parse(address)).await?;
    if store.last_change().await? == 0 {
        fill(&store, events, rounds).await?;
    }
    ask(&store, rounds).await?;
    store.close().await;
    Ok(())
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap_or_default()
}

async fn fill(store: &Store, events: u64, rounds: u64) -> Fallible<()> {
    let began = Instant::now();
    for round in 0..=rounds {
        let (run, at) = (RunId::new(), start() + TimeDelta::days(i64::try_from(round)?));
        store.begin_run(RunStart { id: run, at, command: serde_json::json!({}) }).await?;
        for first in (0..events).step_by(PER_DOCUMENT as usize * 10) {
            let documents =
                (0..10).map(|n| document(first + n * PER_DOCUMENT, round)).collect::<Fallible<Vec<_>>>()?;
            store.commit(Batch { run, at, documents }).await?;
        }
    }
    println!("filled in {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn document(first: u64, round: u64) -> Fallible<LandedDocument> {
    let url: url::Url = format!("https://bench.test/{first}").parse()?;
    let records = (first..first + PER_DOCUMENT).map(|n| record(n, round)).collect();
    Ok(LandedDocument {
        name: url.to_string(),
        url: url.to_string(),
        request: Request::get(url),
        status: 200,
        headers: Vec::new(),
        fetched_at: start(),
        found: Found::Fetched,
        body: Some(ContentHash::of(format!("{first} {round}").as_bytes())),
        size_bytes: 10,
        source: SourceName::new("bench"),
        connector: "page".to_owned(),
        scope: "bench".to_owned(),
        etag: None,
        last_modified: None,
        read: Read::Records { reading_key: "r".to_owned(), records, quarantined: Vec::new(), cursor: None },
        remarks: Remarks::default(),
    })
}

/// Every round the price is another, and every third round the status.
fn record(n: u64, round: u64) -> Record {
    let day = start().date_naive() + TimeDelta::days((n % 300) as i64);
    let local = day.and_hms_opt(19, 0, 0).unwrap_or_default();
    let status = if (n + round / 3).is_multiple_of(10) { "cancelled" } else { "scheduled" };
    let event = Event {
        title: format!("Event number {n}").into(),
        start: When::at_local(day.to_string(), local, Zone::Named(chrono_tz::Europe::Berlin)).into(),
        status: status.into(),
        url: format!("https://bench.test/e/{n}").into(),
        description: "A description of some length, as events have it, of what goes on there.".into(),
        price_min: Amount::from_f64((10 + n % 50 + round) as f64).into(),
        currency: "EUR".into(),
        ..Event::default()
    };
    Record::new(n.to_string(), event)
}

async fn ask(store: &Store, rounds: u64) -> Fallible<()> {
    let counts = store.counts().await?;
    println!("{} changes, {:.0} MB", counts.changes, counts.size_bytes as f64 / 1e6);
    read_all(store, "changes --since 0", ChangeQuery::default()).await?;
    let fields = vec!["status".to_owned()];
    let ops = vec![model::Op::Update];
    read_all(store, "status transitions", ChangeQuery { fields, ops, ..ChangeQuery::default() }).await?;
    let ops = vec![model::Op::Vanish];
    read_all(store, "tombstones (none)", ChangeQuery { ops, ..ChangeQuery::default() }).await?;
    timed("history of one row", store.row_history(None, "bench/4711", true)).await?;
    timed("events, today, first 50", store.events(&first())).await?;
    for back in [0, 1, rounds] {
        let at = start() + TimeDelta::days(i64::try_from(rounds - back)?);
        timed(&format!("events --as-of, {back} rounds back, first 50"), store.events_as_of(&first(), at))
            .await?;
    }
    let older_than = start() + TimeDelta::days(i64::try_from(rounds)? - 2);
    for keep_last in [3, 1] {
        let done = timed("compact", store.compact_changes(Compact { older_than, keep_last, dry_run: false }))
            .await?;
        println!("  {done:?}");
    }
    let counts = store.counts().await?;
    println!("{} changes, {:.0} MB", counts.changes, counts.size_bytes as f64 / 1e6);
    Ok(())
}

fn first() -> EventQuery {
    EventQuery { limit: Some(50), ..EventQuery::default() }
}

async fn read_all(store: &Store, what: &str, mut query: ChangeQuery) -> Fallible<()> {
    let (began, mut count) = (Instant::now(), 0);
    loop {
        let page = store.change_page(&query, 1_000).await?;
        count += page.changes.len();
        query.since = page.through;
        if !page.more {
            break;
        }
    }
    let took = began.elapsed().as_secs_f64();
    println!("{what}: {count} in {took:.2} s, {:.2} s per 100,000", took * 1e5 / count.max(1) as f64);
    Ok(())
}

async fn timed<T, E>(what: &str, asked: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let began = Instant::now();
    let answer = asked.await;
    println!("{what}: {:.1} ms", began.elapsed().as_secs_f64() * 1e3);
    answer
}

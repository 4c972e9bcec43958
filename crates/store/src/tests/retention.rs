//! Retention ceilings: what is older than allowed is gone altogether.

use crate::{Ceiling, EventQuery, Purge, Purged, Store, StoreError, sql};
use chrono::TimeDelta;
use model::{ContentHash, Event, Kind, Record, SourceName};

use testkit::TempFolder;

use crate::tests::kit::{
    Kit, about_files, db, document, event, file, kept_out, now, on, page, records_read, titled,
};

#[tokio::test]
async fn a_purge_leaves_nothing_of_what_is_too_old() {
    let folder = TempFolder::new();
    let mut kit = Kit::of(Store::open(db(&folder)).await.unwrap());
    let landing = kit.store.landing().clone();
    let land = async |body: &'static str| Some(landing.put(&body.into()).await.unwrap());
    let (old_body, shared_body) = (land("old").await, land("shared").await);
    let mut old = document("old", records_read(vec![titled("1", "Old")], vec![kept_out(Some("9"), "bad")]));
    old.body = old_body;
    let mut shared = page("shared", vec![titled("2", "Shared")]);
    shared.body = shared_body;
    let mut other = page("other", vec![titled("3", "Other")]);
    (other.body, other.source) = (shared_body, SourceName::new("b"));
    kit.collect(vec![old, shared, other]).await;

    let mut fresh = page("fresh", vec![titled("4", "Fresh")]);
    fresh.fetched_at = now() + TimeDelta::hours(2);
    kit.collect(vec![fresh]).await;

    let cutoff = now() + TimeDelta::minutes(90);
    let purged = kit.store.purge_older(&SourceName::new("a"), cutoff).await.unwrap();
    assert_eq!(purged, Purged { rows: 2, changes: 2, quarantined: 1, documents: 2, bodies: 1, ..purged });
    let mut titles = kit.titles(EventQuery::default()).await;
    titles.sort();
    assert_eq!(titles, ["Fresh", "Other"]);
    let text = EventQuery { text: Some("old".to_owned()), include_gone: true, ..EventQuery::default() };
    assert_eq!(kit.titles(text).await, Vec::<String>::new());
    assert!(matches!(landing.get(ContentHash::of(b"old")).await, Err(StoreError::NoBody { .. })));
    assert_eq!(&landing.get(ContentHash::of(b"shared")).await.unwrap()[..], b"shared");
    assert_eq!(kit.store.known_document("page", crate::tests::kit::SCOPE, "old").await.unwrap(), None);
    assert_eq!(kit.store.show("1").await.unwrap(), None);

    let back = kit.collect(vec![page("old", vec![titled("1", "Old")])]).await;
    assert_eq!(crate::tests::kit::counts(&back, Kind::Event), (1, 0, 0));
    let again = kit.store.purge_older(&SourceName::new("a"), cutoff).await.unwrap();
    assert_eq!((again.rows, again.bodies), (0, 0));
}

#[tokio::test]
async fn what_was_purged_is_not_in_the_file_either() {
    if about_files() {
        return;
    }
    let folder = TempFolder::new();
    let mut kit = Kit::of(Store::open(db(&folder)).await.unwrap());
    let marked = |n: usize, mark: &str| {
        let text = format!("{mark} {} {mark}", "ordinary ".repeat(n * 40));
        model::Record::new(n.to_string(), model::Event { description: text.into(), ..event("Gala") })
    };
    // Said, then said otherwise, some of it longer than a page.
    for mark in ["qzxfirst", "qzxsecond"] {
        kit.collect(vec![page("1", (1..60).map(|n| marked(n, mark)).collect())]).await;
    }
    let is_there = |mark: &str| {
        let files = [file(&folder), folder.path().join("callboard.db-wal")];
        let bytes =
            files.iter().flat_map(|path| std::fs::read(path).unwrap_or_default()).collect::<Vec<u8>>();
        bytes.windows(mark.len()).any(|window| window == mark.as_bytes())
    };
    assert!(is_there("qzxfirst") && is_there("qzxsecond"));
    let purged = kit.store.purge_older(&SourceName::new("a"), now() + TimeDelta::days(9)).await.unwrap();
    assert_eq!(purged.rows, 59);
    assert!(!is_there("qzxsecond") && !is_there("qzxfirst"));
}

#[tokio::test]
async fn what_follows_from_a_time_goes_with_it() {
    let mut kit = Kit::new().await;
    let fair = Event { start: on("2026-05-01").into(), end: on("2026-05-03").into(), ..event("Fair") };
    kit.collect(vec![page("1", vec![Record::new("1", fair)])]).await;
    let keep_all_but = async |column: &str| {
        let (source, ceiling) = (SourceName::new("a"), Ceiling::Columns(vec![column.to_owned()]));
        let (keep, now) = (TimeDelta::zero(), now() + TimeDelta::days(1));
        let purge = Purge { source, ceiling, keep, now, dry_run: false, by: "callboard".into() };
        assert_eq!(kit.store.purge(&purge).await.unwrap().values, 1, "{column}");
        let sql = "SELECT start_date, end_date, last_date FROM event_listings";
        let row = sql::query(sql).fetch_one(&kit.store.readers).await.unwrap();
        [0, 1, 2].map(|at| row.try_get::<Option<String>>(at).unwrap())
    };
    let first = Some("2026-05-01".to_owned());
    assert_eq!(keep_all_but("end").await, [first.clone(), None, first]);
    assert_eq!(keep_all_but("start").await, [None, None, None]);
}

//! The change log: pages, cursors, rows through time, the events of then, and compaction.

use chrono::{DateTime, TimeDelta, Utc};
use model::{Amount, Event, Kind, Offer, Op, Record, SourceName, Venue};
use testkit::TempFolder;

use super::kit::{Kit, db, event, now, on, page, titled, venue};
use crate::{
    Bound, ChangeQuery, Compact, Compacted, EventQuery, LoggedChange, MovedCursor, Near, PickedRow, Picking,
    Store, StoreError,
};

/// The time of the run of that number.
fn run_at(run: i64) -> DateTime<Utc> {
    now() + TimeDelta::hours(run)
}

fn priced(title: &str, price: f64) -> Event {
    Event { price_min: Amount::from_f64(price).into(), ..event(title) }
}

fn line(logged: &LoggedChange) -> String {
    let edits = logged.change.edits.iter().filter(|_| logged.change.op != Op::Insert);
    let edits: Vec<String> = edits.map(|edit| format!(" {} {}>{}", edit.field, edit.from, edit.to)).collect();
    format!("{} {}{}", logged.change.op.name(), logged.source_key, edits.concat())
}

async fn all(store: &Store, query: &ChangeQuery, at_once: usize) -> Vec<String> {
    let (mut query, mut lines) = (query.clone(), Vec::new());
    loop {
        let page = store.change_page(&query, at_once).await.unwrap();
        lines.extend(page.changes.iter().map(line));
        match query.newest_first {
            true => query.until = Some(page.through - 1),
            false => query.since = page.through,
        }
        if !page.more {
            return lines;
        }
    }
}

/// Two events, one of which gets dearer, moves, vanishes and comes back; a venue that is renamed.
/// Runs 1 to 6.
async fn told() -> Kit {
    let mut kit = Kit::new().await;
    let at_hall = |event: Event| Event { venue: "hall".into(), ..event };
    let hall = |name: &str| venue("hall", name, 52.5, 13.4);
    let gala = |title: &str, price| Record::new("gala", at_hall(priced(title, price)));
    let offer = |price: f64| {
        Record::new(
            "t",
            Offer { event: "gala".into(), price: Amount::from_f64(price).into(), ..Offer::default() },
        )
    };
    kit.collect_and_sweep(vec![page("1", vec![hall("Old Hall"), gala("Gala", 5.0), offer(5.0)])], 1.0).await;
    kit.collect_and_sweep(
        vec![page("1", vec![hall("Old Hall"), gala("Gala", 7.0), offer(7.0), titled("jam", "Jam")])],
        1.0,
    )
    .await;
    let off =
        Event { status: "cancelled".into(), start: on("2026-03-20").into(), ..at_hall(priced("Gala", 7.0)) };
    kit.collect_and_sweep(
        vec![page("1", vec![hall("New Hall"), Record::new("gala", off), offer(7.0), titled("jam", "Jam")])],
        1.0,
    )
    .await;
    kit.collect_and_sweep(vec![page("1", vec![hall("New Hall"), titled("jam", "Jam Night")])], 1.0).await;
    kit.collect_and_sweep(
        vec![page("1", vec![hall("New Hall"), gala("Gala II", 9.0), offer(9.0), titled("jam", "Jam Night")])],
        1.0,
    )
    .await;
    kit.collect(vec![page("2", vec![titled("late", "Late")])]).await;
    kit
}

#[tokio::test]
async fn every_filter_of_changes_narrows_and_pages_lose_nothing() {
    let kit = told().await;
    let any = ChangeQuery::default;
    let events = ChangeQuery { kind: Some(Kind::Event), ..any() };
    let expected = [
        "insert gala",
        "update gala price_min 5.0>7.0",
        "insert jam",
        "update gala status null>\"cancelled\" start",
        "update jam title \"Jam\">\"Jam Night\"",
        "vanish gala",
        "return gala",
        "insert late",
    ];
    let check = |found: Vec<String>, expected: &[&str]| {
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (found, expected) in found.iter().zip(expected) {
            assert!(found.starts_with(expected), "{found} {expected}");
        }
    };
    for at_once in [1, 3, 1_000] {
        check(all(&kit.store, &events, at_once).await, &expected);
        let back = ChangeQuery { newest_first: true, ..events.clone() };
        let mut found = all(&kit.store, &back, at_once).await;
        found.reverse();
        check(found, &expected);
    }
    let ops = ChangeQuery { ops: vec![Op::Vanish, Op::Return], kind: Some(Kind::Event), ..any() };
    check(all(&kit.store, &ops, 10).await, &["vanish gala", "return gala"]);
    let status = ChangeQuery { fields: vec!["status".into()], ..any() };
    check(all(&kit.store, &status, 2).await, &["update gala"]);
    let names = ChangeQuery { fields: vec!["name".into()], ops: vec![Op::Update], ..any() };
    check(all(&kit.store, &names, 2).await, &["update hall name \"Old Hall\">\"New Hall\""]);
    let other = ChangeQuery { source: Some(SourceName::new("b")), ..any() };
    check(all(&kit.store, &other, 2).await, &[]);
    let last = kit.store.last_change().await.unwrap();
    let end = ChangeQuery { since: last - 2, until: Some(last - 1), ..any() };
    assert_eq!(all(&kit.store, &end, 10).await.len(), 1);
    let none = kit.store.change_page(&ChangeQuery { since: last, ..any() }, 10).await.unwrap();
    assert_eq!((none.through, none.more, none.changes.len()), (last, false, 0));
}

#[tokio::test]
async fn a_row_is_found_by_what_people_call_it_and_tells_its_story() {
    let kit = told().await;
    let history = |kind, wanted: &'static str, offers| kit.store.row_history(kind, wanted, offers);
    let gala = history(None, "a/gala", false).await.unwrap().unwrap();
    assert_eq!(gala.changes.len(), 5);
    assert_eq!(gala.changes[0].url.as_deref(), Some("https://a.test/1"));
    for wanted in ["gala", "Gala II", "ala i", gala.id.as_str(), &gala.id.as_str()[..12]] {
        let found = kit.store.row_history(Some(Kind::Event), wanted, false).await.unwrap();
        assert_eq!(found.as_ref(), Some(&gala), "{wanted}");
    }
    let with_offers = history(None, "a/gala", true).await.unwrap().unwrap();
    let offers = with_offers.changes.iter().filter(|logged| logged.change.kind == Kind::Offer).count();
    assert_eq!(with_offers.changes.len(), 5 + offers);
    assert!(offers >= 3 && with_offers.changes.is_sorted_by_key(|logged| logged.change.seq));
    assert_eq!(history(Some(Kind::Venue), "gala", false).await.unwrap(), None);
    assert_eq!(history(None, "%", false).await.unwrap(), None);
    let several = history(Some(Kind::Event), "a", false).await;
    let Err(StoreError::Ambiguous { ids, .. }) = several else { panic!("{several:?}") };
    assert_eq!(ids.len(), 3);
    // Each by its key, which can be asked for.
    assert!(ids.iter().any(|name| name.starts_with("'gala' (")), "{ids:?}");
}

/// Titles, prices, places and days of the events of then.
async fn then(kit: &Kit, query: &EventQuery, run: i64) -> Vec<String> {
    let events = kit.store.events_as_of(query, run_at(run)).await.unwrap();
    let told = events.iter().map(|event| {
        let venue = event.venue.as_ref().and_then(|venue| venue.name.clone()).unwrap_or_default();
        format!("{} {:?} {venue}", event.title.clone().unwrap_or_default(), event.price.min)
    });
    told.collect()
}

#[tokio::test]
async fn events_are_told_as_they_were_known() {
    let kit = told().await;
    let any = EventQuery::default;
    check_then(&kit).await;
    // What has not changed is today's; nothing is left behind of the question.
    let today = kit.store.events(&any()).await.unwrap();
    assert_eq!(kit.store.events_as_of(&any(), run_at(100)).await.unwrap(), today);
    check_then(&kit).await;
}

async fn check_then(kit: &Kit) {
    let any = EventQuery::default;
    assert_eq!(then(kit, &any(), 0).await, Vec::<String>::new());
    assert_eq!(then(kit, &any(), 1).await, ["Gala Some(5.0) Old Hall"]);
    assert_eq!(then(kit, &any(), 2).await, ["Gala Some(7.0) Old Hall", "Jam None "]);
    assert_eq!(then(kit, &any(), 3).await, ["Jam None ", "Gala Some(7.0) New Hall"]);
    assert_eq!(then(kit, &any(), 4).await, ["Jam Night None "]);
    let gone = EventQuery { include_gone: true, ..any() };
    assert_eq!(then(kit, &gone, 4).await, ["Jam Night None ", "Gala Some(7.0) New Hall"]);
    assert_eq!(then(kit, &any(), 5).await.len(), 2);
    assert_eq!(then(kit, &any(), 6).await.len(), 3);
    let filter = |query: EventQuery, run, expected: usize| async move {
        assert_eq!(then(kit, &query, run).await.len(), expected, "{query:?} {run}");
    };
    let cancelled = || EventQuery { status: Some("cancelled".into()), ..any() };
    filter(cancelled(), 2, 0).await;
    filter(cancelled(), 3, 1).await;
    let until = || EventQuery { to: Some(Bound::Day("2026-03-15".parse().unwrap())), ..any() };
    filter(until(), 2, 2).await;
    filter(until(), 3, 1).await;
    let from = Some(Bound::Instant("2026-03-15T00:00:00Z".parse().unwrap()));
    filter(EventQuery { from, ..any() }, 3, 1).await;
    let near = || EventQuery { near: Some(Near { lat: 52.5, lon: 13.4, radius_km: 5.0 }), ..any() };
    filter(near(), 2, 1).await;
    filter(near(), 4, 0).await;
    filter(EventQuery { limit: Some(1), offset: 1, ..any() }, 2, 1).await;
    filter(EventQuery { source: Some("b".into()), ..any() }, 3, 0).await;
}

/// Every row in a large store that changes at random is then what it was: asked at each time while it
/// was so, and again in the end.
#[tokio::test]
async fn what_was_known_is_known_again() {
    let mut kit = Kit::new().await;
    let mut known: Vec<Vec<crate::EventView>> = Vec::new();
    let all = EventQuery { include_gone: true, ..EventQuery::default() };
    for run in 0_u64..12 {
        let lists = (0..40_u64).filter(|n| (n * 7 + run * run) % 5 != 0);
        let records = lists.map(|n| {
            let price = ((n + run) / 3) as f64;
            let tags = vec![format!("t{}", (n + run) % 4)];
            Record::new(n.to_string(), Event { tags: tags.into(), ..priced(&format!("E{n}"), price) })
        });
        kit.collect_and_sweep(vec![page("1", records.collect())], 1.0).await;
        known.push(kit.store.events(&all).await.unwrap());
    }
    for (run, known) in (1..).zip(known) {
        let mut then = kit.store.events_as_of(&all, run_at(run)).await.unwrap();
        // When a row was last seen is kept for today alone.
        for (then, known) in then.iter_mut().zip(&known) {
            then.last_seen.clone_from(&known.last_seen);
        }
        assert_eq!(then, known, "run {run}");
    }
}

async fn compact(kit: &Kit, run: i64, keep_last: u32) -> Compacted {
    let what = Compact { older_than: run_at(run), keep_last, dry_run: true };
    let told = kit.store.compact_changes(what).await.unwrap();
    let done = kit.store.compact_changes(Compact { dry_run: false, ..what }).await.unwrap();
    assert_eq!(told, done);
    done
}

#[tokio::test]
async fn folding_keeps_what_was_after_the_horizon_and_where_values_come_from() {
    let kit = told().await;
    let shown = kit.store.show("gala").await.unwrap().unwrap();
    let before: Vec<_> = [4, 5, 6, 7].into_iter().map(run_at).collect();
    let ask = EventQuery { include_gone: true, ..EventQuery::default() };
    let mut known = Vec::new();
    for at in &before {
        known.push(kit.store.events_as_of(&ask, *at).await.unwrap());
    }
    let done = compact(&kit, 4, 0).await;
    assert!(done.rows >= 3 && done.folded == done.removed + done.rows && done.held_by.is_none(), "{done:?}");
    for (at, known) in before.iter().zip(&known) {
        assert_eq!(&kit.store.events_as_of(&ask, *at).await.unwrap(), known, "{at}");
    }
    let gala = kit.store.row_history(None, "a/gala", false).await.unwrap().unwrap();
    let ops: Vec<_> = gala.changes.iter().map(|logged| (logged.change.op, logged.folded)).collect();
    assert_eq!(ops, [(Op::Insert, Some(3)), (Op::Vanish, None), (Op::Return, None)]);
    let after = kit.store.show("gala").await.unwrap().unwrap();
    assert_eq!((after.origins, after.fields), (shown.origins, shown.fields));
    let unknown = kit.store.events_as_of(&ask, run_at(3)).await;
    assert!(matches!(&unknown, Err(StoreError::Question(said)) if said.contains("compacted")), "{unknown:?}");
    let again = compact(&kit, 4, 0).await;
    assert_eq!((again.rows, again.removed), (0, 0));
}

#[tokio::test]
async fn folding_spares_the_newest_changes_and_what_a_cursor_has_not_read() {
    let kit = told().await;
    let count = || async { kit.store.counts().await.unwrap().changes };
    let whole = count().await;
    let read = kit.store.change_at(run_at(2)).await.unwrap();
    kit.store.move_change_cursor("slow", MovedCursor::Read(read), now()).await.unwrap();
    let held = compact(&kit, 6, 100).await;
    assert_eq!((held.held_by, held.removed), (Some(("slow".to_owned(), read)), 0));
    assert_eq!(count().await, whole);
    assert_eq!(kit.store.change_horizon().await.unwrap(), None);
    let part = compact(&kit, 6, 0).await;
    assert_eq!((part.through, part.removed), (read, 2), "the gala's price and its offer's");
    kit.store.move_change_cursor("slow", MovedCursor::Read(1), now()).await.unwrap();
    assert_eq!(kit.store.change_cursor("slow").await.unwrap(), Some(read), "reading never goes back");
    kit.store.move_change_cursor("slow", MovedCursor::Set(1), now()).await.unwrap();
    let cursors = kit.store.change_cursors().await.unwrap();
    assert_eq!((cursors[0].seq, cursors[0].lag), (1, count().await - 1));
    assert!(kit.store.drop_change_cursor("slow").await.unwrap());
    assert!(!kit.store.drop_change_cursor("slow").await.unwrap());
    let spared = compact(&kit, 6, 2).await;
    let gala = kit.store.row_history(None, "a/gala", false).await.unwrap().unwrap();
    assert_eq!((spared.held_by, gala.changes.len()), (None, 3));
}

#[tokio::test]
async fn a_row_with_more_changes_than_a_transaction_reads_is_folded_in_parts() {
    let mut kit = Kit::new().await;
    let run = kit.begin().await;
    kit.commit(
        run,
        vec![page("1", vec![Record::new("hall", Venue { name: "0".into(), ..Venue::default() })])],
    )
    .await;
    let fill = "INSERT INTO changes (at, run, kind, rid, op, edits) \
                SELECT at, run, kind, rid, 'update', edits FROM changes";
    for _ in 0..14 {
        crate::sql::query(fill).execute(&kit.store.writer).await.unwrap();
    }
    let what = Compact { older_than: run_at(1), keep_last: 3, dry_run: false };
    let done = kit.store.compact_changes(what).await.unwrap();
    assert_eq!((done.rows, done.removed), (1, (1 << 14) - 4));
    let hall = kit.store.row_history(None, "a/hall", false).await.unwrap().unwrap();
    assert_eq!(hall.changes.len(), 4);
    assert_eq!(hall.changes[0].folded, Some((1 << 14) - 3));
}

/// Readers that follow see every change once and in order, while several write.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_follower_misses_nothing_that_commits_late() {
    const WRITERS: usize = 6;
    const COMMITS: usize = 25;
    let folder = TempFolder::new();
    let store = Store::open(db(&folder)).await.unwrap();
    let mut kit = Kit::of(store.clone());
    let run = kit.begin().await;
    let write = |writer: usize| {
        let store = db(&folder);
        async move {
            // A store of its own, as another process has.
            let store = Store::open(store).await.unwrap();
            let kit = Kit::of(store);
            for commit in 0..COMMITS {
                let records =
                    (0..1 + (writer * commit) % 7).map(|n| titled(&format!("{writer}/{commit}/{n}"), "x"));
                kit.commit(run, vec![page(&format!("{writer}"), records.collect())]).await;
            }
            kit.store.close().await;
        }
    };
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(write(writer))).collect();
    let expected: usize = (0..WRITERS).flat_map(|w| (0..COMMITS).map(move |c| 1 + (w * c) % 7)).sum();
    let (mut query, mut seen) = (ChangeQuery::default(), Vec::new());
    let followed = tokio::time::timeout(std::time::Duration::from_secs(60), async {
        while seen.len() < expected {
            let page = store.change_page(&query, 10).await.unwrap();
            query.since = page.through;
            seen.extend(page.changes.iter().map(|logged| logged.change.seq));
            tokio::task::yield_now().await;
        }
    });
    followed.await.expect("all changes are seen");
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(seen.is_sorted_by(|a, b| a < b), "in order, each once");
    let whole = store.changes(0, 100_000).await.unwrap();
    assert_eq!(seen, whole.iter().map(|change| change.seq).collect::<Vec<_>>());
}

/// Some columns of the rows of one source, at each time as they were.
#[tokio::test]
async fn columns_are_picked_as_they_were_known() {
    let kit = told().await;
    let source = SourceName::new("a");
    let picked = |run: Option<i64>| {
        let (store, source) = (kit.store.clone(), source.clone());
        async move {
            let wanted = [
                Picking::of(Kind::Event, &["title", "price_min"]),
                Picking { keys: Some(&["hall", "shed"]), ..Picking::of(Kind::Venue, &["name"]) },
            ];
            let mut rows = Vec::new();
            let take = |row: PickedRow| rows.push(format!("{} {:?}", row.key, row.values));
            store.pick(&source, &wanted, run.map(run_at), take).await.unwrap();
            rows
        }
    };
    let then = [
        (0, vec![]),
        (1, vec![r#"gala [String("Gala"), Number(5.0)]"#, r#"hall [String("Old Hall")]"#]),
        (
            2,
            vec![
                r#"gala [String("Gala"), Number(7.0)]"#,
                r#"jam [String("Jam"), Null]"#,
                r#"hall [String("Old Hall")]"#,
            ],
        ),
        (4, vec![r#"jam [String("Jam Night"), Null]"#, r#"hall [String("New Hall")]"#]),
    ];
    for (run, expected) in then {
        assert_eq!(picked(Some(run)).await, expected, "run {run}");
    }
    assert_eq!(picked(None).await, picked(Some(100)).await);
    assert_eq!(picked(None).await.len(), 4);
    let nothing = |row: PickedRow| panic!("{row:?}");
    let titles = [Picking::of(Kind::Event, &["title"])];
    kit.store.pick(&SourceName::new("b"), &titles, None, nothing).await.unwrap();
    let other = [Picking { keys: Some(&["other"]), ..Picking::of(Kind::Venue, &["name"]) }];
    kit.store.pick(&source, &other, None, nothing).await.unwrap();
    let wrong = kit.store.pick(&source, &[Picking::of(Kind::Event, &["titel"])], None, nothing).await;
    assert!(matches!(wrong, Err(StoreError::Question(_))));
}

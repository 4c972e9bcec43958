//! Personal columns: masked, sealed, rotated, forgotten.

use chrono::TimeDelta;
use model::{Event, Kind, Organizer, Record, SourceName, Stated, Venue};
use serde_json::{Value, json};
use testkit::TempFolder;

use super::backup::kit::{back_up, restore};
use super::kit::{Kit, SCOPE, db, document, event, now, page, records_read, venue};
use crate::sql;
use crate::{
    AuditEntry, BackupLanding, Ceiling, EventQuery, Forget, Forgotten, OpenOptions, PersonalKey,
    PersonalOptions, Purge, SEALED, Store, StoreError,
};

const EMAIL: &str = "ada@example.test";

fn organizer(key: &str, email: &str) -> Record {
    let organizer = Organizer {
        name: "The Hall".into(),
        email: email.into(),
        phone: "+49 30 7654321".into(),
        ..Organizer::default()
    };
    Record::new(key, organizer)
}

fn options(key: Option<&str>, old: Option<&str>) -> OpenOptions {
    let text = |key: Option<&str>| key.map(str::to_owned);
    let personal = PersonalOptions { key: text(key), old_key: text(old), never: false };
    OpenOptions { personal, ..OpenOptions::default() }
}

async fn kit(folder: &TempFolder, key: Option<&str>) -> Kit {
    Kit::of(Store::open_with(db(folder), &options(key, None)).await.unwrap())
}

async fn revealed(store: &Store) -> Store {
    store.reveal(AuditEntry::new(now(), "test", "personal.show", "completed")).await.unwrap()
}

async fn shown(store: &Store, key: &str, column: &str) -> Value {
    let shown = store.show(key).await.unwrap().expect("it is there");
    shown.fields.get(column).cloned().unwrap_or(Value::Null)
}

/// Everything that the database keeps of a kind's rows and changes, as text.
async fn kept(store: &Store) -> String {
    let mut all = String::new();
    for from in ["organizers", "changes", "quarantine", "documents", "event_listings"] {
        let text = match from {
            "organizers" => "concat_ws(' ', \"email\", \"phone\", \"description\")",
            "changes" => "CAST(edits AS TEXT)",
            "quarantine" => "CAST(said AS TEXT)",
            "documents" => "concat_ws(' ', name, url, CAST(request AS TEXT))",
            _ => "\"description\"",
        };
        let sql = format!("SELECT {text} FROM {from}");
        let rows: Vec<Option<String>> = sql::query_scalar(sql).fetch_all(&store.readers).await.unwrap();
        all.extend(rows.into_iter().flatten());
    }
    all
}

fn forget(person: &str) -> Forget {
    let (column, by) = (None, "test".to_owned());
    Forget { person: person.to_owned(), column, texts: false, dry_run: false, now: now(), by }
}

#[tokio::test]
async fn personal_columns_are_masked_unless_they_are_asked_for_and_that_is_noted() {
    let folder = TempFolder::new();
    let mut kit = kit(&folder, None).await;
    kit.collect(vec![page("1", vec![organizer("o", EMAIL)])]).await;
    kit.collect(vec![page("1", vec![organizer("o", "b@example.test")])]).await;
    assert_eq!(shown(&kit.store, "o", "email").await, "***");
    assert_eq!(shown(&kit.store, "o", "name").await, "The Hall");
    let log = kit.log(0).await.join("\n");
    assert!(log.contains("email: \"***\" -> \"***\"") && !log.contains("example.test"), "{log}");
    let asked = revealed(&kit.store).await;
    assert_eq!(shown(&asked, "o", "email").await, "b@example.test");
    let audit = kit.store.audit_entries(&crate::AuditQuery::default()).await.unwrap();
    assert_eq!(audit[0].operation, "personal.show");

    let never = PersonalOptions { never: true, ..PersonalOptions::default() };
    let store =
        Store::open_with(db(&folder), &OpenOptions { personal: never, ..OpenOptions::default() }).await;
    let entry = AuditEntry::new(now(), "test", "personal.show", "completed");
    let refused = store.unwrap().reveal(entry).await.unwrap_err();
    assert!(refused.to_string().contains("never shown"), "{refused}");
}

#[tokio::test]
async fn with_a_key_nothing_personal_is_kept_in_plain_and_changes_are_told_as_before() {
    let (folder, key) = (TempFolder::new(), PersonalKey::make().unwrap());
    let mut kit = kit(&folder, Some(&key)).await;
    kit.collect(vec![page("1", vec![organizer("o", EMAIL)])]).await;
    let before = kit.last_change().await;
    // Read anew, the same is the same.
    let mut again = page("2", vec![organizer("o", EMAIL)]);
    again.body = None;
    kit.collect(vec![again]).await;
    assert_eq!(kit.last_change().await, before);
    kit.collect(vec![page("1", vec![organizer("o", "b@example.test")])]).await;
    let kept = kept(&kit.store).await;
    assert!(
        kept.contains("enc:v1:") && !kept.contains("example.test") && !kept.contains("7654321"),
        "{kept}"
    );
    let changes = revealed(&kit.store).await.changes(before, 10).await.unwrap();
    let email = &changes[0].edits[0];
    assert_eq!((&email.from, &email.to), (&json!(EMAIL), &json!("b@example.test")));
    assert_eq!(changes[0].edits.len(), 1);

    // Without the key all else works, and nothing personal is written.
    let mut bare = Kit::of(Store::open(db(&folder)).await.unwrap());
    bare.days_pass(1);
    let retitled =
        Organizer { name: "New Hall".into(), email: "c@example.test".into(), ..Organizer::default() };
    bare.collect(vec![page("1", vec![Record::new("o", retitled.clone())])]).await;
    let asked = revealed(&bare.store).await;
    assert_eq!(
        (shown(&asked, "o", "name").await, shown(&asked, "o", "email").await),
        ("New Hall".into(), SEALED.into())
    );
    assert!(!self::kept(&bare.store).await.contains("example.test"));
    // With it again, what was passed over is seen as new.
    kit.days_pass(2);
    kit.collect(vec![page("1", vec![Record::new("o", retitled)])]).await;
    assert_eq!(shown(&revealed(&kit.store).await, "o", "email").await, "c@example.test");

    let other = PersonalKey::make().unwrap();
    let fault = Store::open_with(db(&folder), &options(Some(&other), None)).await.unwrap_err();
    assert!(matches!(fault, StoreError::WrongKey { .. }), "{fault}");
    assert!(fault.to_string().contains("CALLBOARD_PERSONAL_KEY_OLD"), "{fault}");
}

#[tokio::test]
async fn a_sealed_store_is_restored_where_its_key_is_set_and_not_with_another() {
    let (folder, key) = (TempFolder::new(), PersonalKey::make().unwrap());
    let mut old = kit(&folder, Some(&key)).await;
    old.collect(vec![page("1", vec![organizer("o", EMAIL)])]).await;
    let (backup, _) = back_up(&old.store, BackupLanding::Skip).await;

    let (there, other) = (TempFolder::new(), PersonalKey::make().unwrap());
    let wrong = kit(&there, Some(&other)).await.store;
    let fault = restore(&wrong, &backup).await.unwrap_err();
    assert!(matches!(fault, StoreError::WrongKey { .. }), "{fault}");
    wrong.close().await;
    // Nothing of it is there, and nothing was sealed with the wrong key.
    let new = kit(&there, Some(&key)).await.store;
    restore(&new, &backup).await.unwrap();
    assert_eq!(shown(&revealed(&new).await, "o", "email").await, EMAIL);

    // What was plain is sealed from then on.
    let (plain, there) = (TempFolder::new(), TempFolder::new());
    let mut plain = kit(&plain, None).await;
    plain.collect(vec![page("1", vec![organizer("o", EMAIL)])]).await;
    let (backup, _) = back_up(&plain.store, BackupLanding::Skip).await;
    let new = kit(&there, Some(&key)).await.store;
    restore(&new, &backup).await.unwrap();
    assert_eq!(new.personal_keys().await.unwrap().len(), 1);
}

#[tokio::test]
async fn keys_are_rotated_and_what_was_plain_is_sealed() {
    let (folder, first, second) =
        (TempFolder::new(), PersonalKey::make().unwrap(), PersonalKey::make().unwrap());
    kit(&folder, None).await.collect(vec![page("1", vec![organizer("o", EMAIL)])]).await;
    let one = Store::open_with(db(&folder), &options(Some(&first), None)).await.unwrap();
    let rotated = one.rotate_personal(now()).await.unwrap();
    assert_eq!((rotated.rows, rotated.changes, rotated.unopened), (2, 2, 0));
    assert!(!kept(&one).await.contains("example.test"));
    assert_eq!(one.rotate_personal(now()).await.unwrap(), crate::Rotated::default());

    let two = Store::open_with(db(&folder), &options(Some(&second), Some(&first))).await.unwrap();
    let rotated = two.rotate_personal(now()).await.unwrap();
    assert_eq!((rotated.rows, rotated.changes, rotated.unopened, rotated.retired), (2, 2, 0, 1));
    // The old key opens nothing any more, and is told to be wrong.
    let old = Store::open_with(db(&folder), &options(Some(&first), None)).await.unwrap_err();
    assert!(matches!(old, StoreError::WrongKey { .. }));
    let new = Store::open_with(db(&folder), &options(Some(&second), None)).await.unwrap();
    assert_eq!(shown(&revealed(&new).await, "o", "email").await, EMAIL);
}

/// A store with a person nearly everywhere.
async fn filled(folder: &TempFolder, key: Option<&str>) -> Kit {
    let mut kit = kit(folder, key).await;
    let landing = kit.store.landing().clone();
    let body = landing.put(&"<a href='mailto:ada%40example.test'>".into()).await.unwrap();
    let other = landing.put(&"nothing about anybody".into()).await.unwrap();
    let talk = Event { description: format!("Write to {EMAIL} for seats").into(), ..event("Talk") };
    let mut held = super::kit::kept_out(None, "no_start");
    held.said = json!({"contact": EMAIL, "title": "Walk"});
    let records = vec![organizer("o", EMAIL), Record::new("t", talk)];
    let mut first = document("1", records_read(records, vec![held]));
    first.body = Some(body);
    let mut second = page("2", vec![organizer("p", "bob@example.test")]);
    second.body = Some(other);
    let mut third = page(&format!("search?who={EMAIL}"), Vec::new());
    third.body = Some(other);
    landing.settle(&[first.clone(), second.clone(), third.clone()]).await.unwrap();
    kit.collect(vec![first, second, third]).await;
    let mut moved = page("1", vec![organizer("o", "desk@example.test")]);
    moved.body = Some(body);
    kit.collect(vec![moved]).await;
    kit
}

fn index_of(folder: &TempFolder) -> String {
    let (mut text, mut folders) = (String::new(), vec![folder.path().to_owned()]);
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "ndjson") {
                text += &std::fs::read_to_string(path).unwrap();
            }
        }
    }
    text
}

async fn check_forgotten(key: Option<&str>) {
    let folder = TempFolder::new();
    let mut kit = filled(&folder, key).await;
    let dry = kit.store.forget(&Forget { dry_run: true, ..forget("ADA@example.test") }).await.unwrap();
    assert!(dry.places["organizers changes"] > 0 && dry.places["landed bodies"] == 1, "{dry:?}");
    assert_eq!((dry.proof, dry.bodies), (None, 0));
    assert!(index_of(&folder).contains(EMAIL));

    let done: Forgotten = kit.store.forget(&forget("ADA@example.test")).await.unwrap();
    assert_eq!(done.left, [], "{done:?}");
    assert_eq!(done.bodies, 1);
    assert!(!kept(&kit.store).await.contains("ada@"), "{}", kept(&kit.store).await);
    let asked = revealed(&kit.store).await;
    // It was theirs before: the whole contact goes. The other one stays.
    assert_eq!(shown(&asked, "o", "phone").await, Value::Null);
    assert_eq!(shown(&asked, "p", "email").await, "bob@example.test");
    assert_eq!(shown(&asked, "t", "description").await, "Write to *** for seats");
    let text = |text: &str| EventQuery { text: Some(text.to_owned()), ..EventQuery::default() };
    assert_eq!(kit.titles(text("seats")).await, ["Talk"]);
    assert!(kit.titles(text("ada")).await.is_empty(), "words to search by");
    let index = index_of(&folder);
    assert!(index.contains("\"removed\":\"forgotten\"") && !index.contains("ada@"), "{index}");
    assert!(index.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{index}");

    // Not again, from wherever.
    let back = vec![organizer("o", EMAIL), organizer("q", EMAIL), organizer("r", "eve@example.test")];
    let body = kit.store.landing().put(&format!("contact: {EMAIL}").into()).await.unwrap();
    let mut again = page("3", back);
    again.body = Some(body);
    kit.days_pass(1);
    let outcome = kit.collect(vec![again]).await;
    assert_eq!(outcome.quarantined.get("forgotten"), Some(&2), "{outcome:?}");
    assert!(!kept(&kit.store).await.contains("ada@"));
    assert_eq!(shown(&asked, "r", "email").await, "eve@example.test");
    assert_eq!(shown(&asked, "q", "name").await, "The Hall");
    assert_eq!(kit.store.remove_unwanted().await.unwrap(), 1);
    let proof = &kit.store.proofs(1).await.unwrap()[0];
    assert!(proof.operation == "forget" && proof.ended_at.is_some() && proof.keys > 0, "{proof:?}");
    let audit = format!("{:?}", kit.store.audit_entries(&crate::AuditQuery::default()).await.unwrap());
    assert!(audit.contains("forget") && !audit.contains("ada@"), "{audit}");
}

#[tokio::test]
async fn a_person_is_forgotten_everywhere_and_not_collected_again() {
    check_forgotten(None).await;
}

#[tokio::test]
async fn a_person_is_found_in_sealed_columns_too() {
    check_forgotten(Some(&PersonalKey::make().unwrap())).await;
}

#[tokio::test]
async fn the_second_look_names_what_is_left() {
    let folder = TempFolder::new();
    let kit = filled(&folder, None).await;
    // What a row is called by its source cannot be changed: it would be another row.
    let sql = "UPDATE organizers SET source_key = 'ada@example.test' WHERE source_key = 'p'";
    sql::query(sql).execute(&kit.store.writer).await.unwrap();
    let done = kit.store.forget(&forget(EMAIL)).await.unwrap();
    assert_eq!(done.left.len(), 1, "{:?}", done.left);
    assert_eq!(done.left[0].place, "organizers.source_key");
}

#[tokio::test]
async fn by_one_mark_the_others_of_the_same_row_are_forgotten_too() {
    for asked in ["bob@roe.test", "+49 151 2345678"] {
        let folder = TempFolder::new();
        let mut kit = kit(&folder, None).await;
        let bob =
            Organizer { email: "bob@roe.test".into(), phone: "0151 2345678".into(), ..Organizer::default() };
        let said = "Write to bob@roe.test or call 0151/2345678. Not 0152/2345678.";
        let talk = Event { description: said.into(), ..event("Talk") };
        kit.collect(vec![page("1", vec![Record::new("b", bob), Record::new("t", talk)])]).await;
        let done = kit.store.forget(&forget(asked)).await.unwrap();
        assert_eq!(done.left, [], "{asked}");
        let revealed = revealed(&kit.store).await;
        assert_eq!(shown(&revealed, "b", "phone").await, Value::Null, "{asked}");
        let left = shown(&revealed, "t", "description").await;
        assert_eq!(left, "Write to *** or call ***. Not 0152/2345678.", "{asked}");
    }
}

#[tokio::test]
async fn a_row_or_a_column_names_a_person_too() {
    let folder = TempFolder::new();
    let kit = filled(&folder, None).await;
    let id = kit.store.show("p").await.unwrap().unwrap().id;
    let column = Some("email".to_owned());
    let done = kit.store.forget(&Forget { column, ..forget(id.as_str()) }).await.unwrap();
    assert_eq!(done.left, []);
    let asked = revealed(&kit.store).await;
    let (email, phone) = (shown(&asked, "p", "email").await, shown(&asked, "p", "phone").await);
    assert_eq!((email, phone), (Value::Null, json!("+49 30 7654321")));
    let unknown = kit.store.forget(&Forget { column: Some("name".to_owned()), ..forget(EMAIL) }).await;
    assert!(unknown.unwrap_err().to_string().contains("marked as personal"));
}

#[tokio::test]
async fn columns_over_their_ceiling_are_emptied_in_rows_and_history() {
    let folder = TempFolder::new();
    let mut kit = kit(&folder, None).await;
    kit.collect(vec![page("1", vec![venue("old", "Old", 52.5, 13.4)])]).await;
    kit.days_pass(40);
    kit.collect(vec![page("2", vec![venue("new", "New", 48.1, 11.5)])]).await;
    let ceiling = Ceiling::Columns(vec!["lat".to_owned(), "lon".to_owned()]);
    let (source, by) = (SourceName::new("a"), "test".to_owned());
    let at = now() + TimeDelta::days(41);
    let purge = Purge { source, ceiling, keep: TimeDelta::days(30), now: at, dry_run: true, by };
    let dry = kit.store.purge(&purge).await.unwrap();
    assert_eq!((dry.values, dry.changes), (2, 1));
    assert_eq!(shown(&kit.store, "old", "lat").await, 52.5);
    let purge = Purge { dry_run: false, ..purge };
    let purged = kit.store.purge(&purge).await.unwrap();
    assert_eq!(purged, dry);
    assert_eq!(shown(&kit.store, "old", "lat").await, Value::Null);
    assert_eq!(shown(&kit.store, "old", "name").await, "Old");
    assert_eq!(shown(&kit.store, "new", "lat").await, 48.1);
    assert!(!kit.log(0).await.join("").contains("52.5"));
    let proof = &kit.store.proofs(5).await.unwrap()[0];
    assert_eq!((proof.rule.as_str(), proof.source.as_deref()), ("lat,lon 30 d", Some("a")));
    assert_eq!(kit.store.purge(&purge).await.unwrap(), crate::Purged::default());
    assert_eq!(kit.store.proofs(5).await.unwrap().len(), 1, "nothing more, no proof");
    // Stated again, they are there again.
    kit.days_pass(1);
    let again = kit.collect(vec![page("1", vec![venue("old", "Old", 52.5, 13.4)])]).await;
    assert_eq!(super::kit::counts(&again, Kind::Venue), (0, 1, 0));
    assert!(kit.store.known_document("page", SCOPE, "1").await.unwrap().is_some());
}

#[tokio::test]
async fn a_purge_of_many_rows_goes_in_parts_and_is_proved() {
    let folder = TempFolder::new();
    let mut kit = kit(&folder, None).await;
    let many = (0..2_300).map(|n| {
        Record::new(n.to_string(), Venue { name: Stated::Value(n.to_string()), ..Venue::default() })
    });
    let body = kit.store.landing().put(&"venues".into()).await.unwrap();
    let mut one = page("1", many.collect());
    one.body = Some(body);
    kit.store.landing().settle(&[one.clone()]).await.unwrap();
    kit.collect(vec![one]).await;
    let at = now() + TimeDelta::days(3);
    let (source, by) = (SourceName::new("a"), "test".to_owned());
    let purge =
        Purge { source, ceiling: Ceiling::Rows, keep: TimeDelta::hours(24), now: at, dry_run: true, by };
    let dry = kit.store.purge(&purge).await.unwrap();
    assert_eq!((dry.rows, dry.changes, dry.documents, dry.bodies), (2_300, 2_300, 1, 1));
    let purged = kit.store.purge(&Purge { dry_run: false, ..purge }).await.unwrap();
    assert_eq!(purged, crate::Purged { index_lines: 1, ..dry });
    assert_eq!(kit.store.counts().await.unwrap().rows[&Kind::Venue], 0);
    assert!(!index_of(&folder).contains("\"body\""));
    let proof = &kit.store.proofs(5).await.unwrap()[0];
    assert_eq!((proof.keys, proof.counts["rows"].as_u64()), (2_301, Some(2_300)));
    assert!(proof.ended_at.is_some());
}

#[tokio::test]
async fn bodies_alone_may_be_over_their_ceiling() {
    let folder = TempFolder::new();
    let kit = filled(&folder, None).await;
    let at = now() + TimeDelta::days(8);
    let (source, by) = (SourceName::new("a"), "test".to_owned());
    let purge =
        Purge { source, ceiling: Ceiling::Bodies, keep: TimeDelta::days(7), now: at, dry_run: false, by };
    let purged = kit.store.purge(&purge).await.unwrap();
    assert_eq!((purged.bodies, purged.rows), (2, 0));
    assert_eq!(kit.titles(EventQuery::default()).await, ["Talk"]);
    assert!(index_of(&folder).contains("\"removed\":\"retention\""));
}

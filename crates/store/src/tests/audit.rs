//! The audit log: kept on its own, masked, filtered, and every way of tampering is found and named.

use chrono::TimeDelta;
use model::RunId;
use serde_json::json;
use testkit::TempFolder;

use super::kit::{about_files, db, now, store};
use crate::sql;
use crate::{AuditEntry, AuditFault, AuditLevel, AuditQuery, Store};

fn entry(number: i64) -> AuditEntry {
    AuditEntry {
        duration_ms: Some(number),
        ..AuditEntry::new(now() + TimeDelta::seconds(number), "r1", "fetch", "completed")
            .about(format!("https://a.test/{number}"))
            .with(json!({"pages": number}))
    }
}

/// A store with rows 1 to 6, and the hash of row 4.
async fn kept(folder: &TempFolder) -> (Store, String) {
    let store = Store::open(db(folder)).await.unwrap();
    store.audit(&(1..=4).map(entry).collect::<Vec<_>>()).await.unwrap();
    let anchor = store.verify_audit(None).await.unwrap().hash;
    store.audit(&[entry(5), entry(6)]).await.unwrap();
    (store, anchor)
}

/// What a check finds after this was done to the database behind the store's back.
async fn after(statements: &str) -> Option<AuditFault> {
    let folder = TempFolder::new();
    let (store, anchor) = kept(&folder).await;
    sql::run_all(&mut store.writer.acquire().await.unwrap(), statements).await.unwrap();
    let check = store.verify_audit(Some(&anchor)).await.unwrap();
    if let Some(AuditFault::Changed { seq } | AuditFault::Removed { seq } | AuditFault::OutOfPlace { seq }) =
        check.fault
    {
        assert_eq!(check.rows, seq - 1, "what is before the fault is whole");
    }
    check.fault
}

#[tokio::test]
async fn an_untouched_log_is_whole() {
    assert_eq!(after("").await, None);
    let empty = store().await;
    assert_eq!(empty.verify_audit(None).await.unwrap().fault, None);
}

#[tokio::test]
async fn a_row_with_signs_that_cannot_be_kept_is_whole() {
    let store = store().await;
    store.audit(&[entry(1).about("a\0b").with(json!({"a\0": "b\0"})), entry(2)]).await.unwrap();
    let check = store.verify_audit(None).await.unwrap();
    assert_eq!((check.rows, check.fault), (2, None));
}

#[tokio::test]
async fn every_changed_column_is_found() {
    for column in
        ["at", "level", "runner", "run", "step", "operation", "subject", "outcome", "error_class", "hash"]
    {
        let found = after(&format!("UPDATE audit SET {column} = 'info ' WHERE seq = 3")).await;
        assert_eq!(found, Some(AuditFault::Changed { seq: 3 }), "{column}");
    }
    let no_number = if about_files() { "duration_ms = -1" } else { "duration_ms = 'x'" };
    for change in ["duration_ms = 7", "duration_ms = NULL", no_number, "detail = '{}'", "run = ''"] {
        let found = after(&format!("UPDATE audit SET {change} WHERE seq = 3")).await;
        assert_eq!(found, Some(AuditFault::Changed { seq: 3 }), "{change}");
    }
    // text moved from one field to the next gives the same characters in a row
    let found = after("UPDATE audit SET runner = 'r', operation = '1' || operation WHERE seq = 3").await;
    assert_eq!(found, Some(AuditFault::Changed { seq: 3 }));
    let last = after("UPDATE audit SET outcome = 'failed' WHERE seq = 6").await;
    assert_eq!(last, Some(AuditFault::Changed { seq: 6 }));
}

#[tokio::test]
async fn removed_moved_and_inserted_rows_are_found() {
    assert_eq!(after("DELETE FROM audit WHERE seq = 1").await, Some(AuditFault::Removed { seq: 1 }));
    assert_eq!(after("DELETE FROM audit WHERE seq = 4").await, Some(AuditFault::Removed { seq: 4 }));
    let renumbered = "DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5; \
                      UPDATE audit SET seq = 5 WHERE seq = 6";
    assert_eq!(after(renumbered).await, Some(AuditFault::OutOfPlace { seq: 4 }));
    let swapped = "UPDATE audit SET seq = 99 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; \
                   UPDATE audit SET seq = 4 WHERE seq = 99";
    assert_eq!(after(swapped).await, Some(AuditFault::OutOfPlace { seq: 3 }));
    let inserted = "UPDATE audit SET seq = seq + 100 WHERE seq > 3; UPDATE audit SET seq = seq - 99 WHERE seq > 99; \
                    INSERT INTO audit SELECT 4, at, level, runner, run, step, operation, subject, outcome, \
                    duration_ms, error_class, detail, before, hash FROM audit WHERE seq = 5";
    // the copy is whole in the place of row 4; what follows it no longer is
    assert_eq!(after(inserted).await, Some(AuditFault::OutOfPlace { seq: 5 }));
    let before_all = "INSERT INTO audit SELECT 0, at, level, runner, run, step, operation, subject, outcome, \
                      duration_ms, error_class, detail, before, hash FROM audit WHERE seq = 5";
    assert_eq!(after(before_all).await, Some(AuditFault::Added { seq: 0 }));
}

#[tokio::test]
async fn rows_cut_off_or_added_at_the_end_are_found() {
    assert_eq!(after("DELETE FROM audit WHERE seq > 4").await, Some(AuditFault::CutOff { seq: 5, last: 6 }));
    assert_eq!(after("DELETE FROM audit").await, Some(AuditFault::CutOff { seq: 1, last: 6 }));
    let added = "INSERT INTO audit SELECT 7, at, level, runner, run, step, operation, subject, outcome, \
                 duration_ms, error_class, detail, before, hash FROM audit WHERE seq = 5";
    assert_eq!(after(added).await, Some(AuditFault::Added { seq: 7 }));
    // with the head bent to fit, only a hash that was noted elsewhere tells
    let bent = "DELETE FROM audit WHERE seq > 3; \
                UPDATE audit_head SET rows = 3, hash = (SELECT hash FROM audit WHERE seq = 3)";
    assert!(matches!(after(bent).await, Some(AuditFault::Rewritten { .. })));
}

#[tokio::test]
async fn two_processes_make_one_chain() {
    let folder = TempFolder::new();
    let (one, two) = (Store::open(db(&folder)).await.unwrap(), Store::open(db(&folder)).await.unwrap());
    let write = |store: Store| async move {
        for number in 0..40 {
            store.audit(&[entry(number), entry(number)]).await.unwrap();
        }
    };
    let (first, second) = tokio::join!(tokio::spawn(write(one.clone())), tokio::spawn(write(two)));
    first.and(second).unwrap();
    let check = one.verify_audit(None).await.unwrap();
    assert_eq!((check.rows, check.fault), (160, None));
}

#[tokio::test]
async fn an_entry_outlives_the_transaction_it_tells_about() {
    let store = store().await;
    let failing = store.begin().await.unwrap();
    drop(failing);
    store.audit(&[entry(1)]).await.unwrap();
    assert_eq!(store.audit_entries(&AuditQuery::default()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn secrets_and_people_never_reach_a_row() {
    let store = store().await;
    let entry = entry(1).about("https://a.test/?api_key=s3cret&page=1").with(json!({
        "headers": {"Authorization": "Bearer s3cret"}, "email": "ada@s3cret.test", "asked": "token=s3cret", "n": 1,
    }));
    store.audit(&[entry]).await.unwrap();
    let rows = store.audit_entries(&AuditQuery::default()).await.unwrap();
    assert!(!format!("{rows:?}").contains("s3cret"), "{rows:?}");
    assert_eq!(rows[0].subject, "https://a.test/?api_key=***&page=1");
    assert_eq!(rows[0].detail["n"], 1);
}

#[tokio::test]
async fn entries_are_found_by_each_property() {
    let store = store().await;
    let run = RunId::new();
    let failed = AuditEntry {
        level: AuditLevel::Error,
        error_class: Some("timeout".to_owned()),
        ..AuditEntry::new(now() + TimeDelta::hours(1), "r2", "fetch.page", "failed")
            .within(run, Some("collect"))
    };
    let warned = AuditEntry {
        level: AuditLevel::Warning,
        ..AuditEntry::new(now() + TimeDelta::hours(2), "r1", "fetching", "partial")
    };
    store.audit(&[entry(1), failed, warned]).await.unwrap();
    let check = async |query: AuditQuery, expected: &[i64]| {
        let found = store.audit_entries(&query).await.unwrap();
        assert_eq!(found.iter().map(|row| row.seq).collect::<Vec<_>>(), expected, "{query:?}");
    };
    let all = AuditQuery::default;
    check(all(), &[3, 2, 1]).await;
    check(AuditQuery { limit: Some(1), ..all() }, &[3]).await;
    check(AuditQuery { since: Some(now() + TimeDelta::hours(1)), ..all() }, &[3, 2]).await;
    check(AuditQuery { until: Some(now() + TimeDelta::hours(2)), ..all() }, &[2, 1]).await;
    check(AuditQuery { level: Some(AuditLevel::Warning), ..all() }, &[3, 2]).await;
    check(AuditQuery { runner: Some("r2".to_owned()), ..all() }, &[2]).await;
    check(AuditQuery { run: Some(run), ..all() }, &[2]).await;
    check(AuditQuery { operation: Some("fetch".to_owned()), ..all() }, &[2, 1]).await;
    check(AuditQuery { outcome: Some("failed".to_owned()), ..all() }, &[2]).await;
}

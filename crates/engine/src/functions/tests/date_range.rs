//! Ranges of dates.

use chrono::{DateTime, TimeZone, Utc};
use serde_json::json;

use super::kit::Kit;

/// Three in the morning in UTC: still the day before in Chicago, the zone of the kit's settings.
fn night() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 25, 3, 0, 0).unwrap()
}

async fn kit() -> Kit {
    Kit::new().await.changed(|world| world.clock = night)
}

#[tokio::test]
async fn counts_from_today_in_its_zone_today_included() {
    let check = async |with: &str, start: &str, end: &str, count: usize| {
        let ran = kit().await.step(&format!("function: date_range\nwith: {with}")).await;
        let output = ran.output();
        let told = json!([output["start_date"], output["end_date"], output["count"]]);
        assert_eq!(told, json!([start, end, count]), "{with}");
        let dates = output["dates"].as_array().unwrap();
        assert_eq!((dates.len(), &dates[0], dates.last()), (count, &json!(start), Some(&json!(end))));
    };
    check("{}", "2026-11-24", "2026-12-24", 31).await;
    check("{days_ahead: 0}", "2026-11-24", "2026-11-24", 1).await;
    check("{days_ahead: 2, timezone: Asia/Tokyo}", "2026-11-25", "2026-11-27", 3).await;
    check("{from: 2024-02-28, to: 2024-03-01}", "2024-02-28", "2024-03-01", 3).await;
    check("{from: 2026-01-01, days_ahead: 1}", "2026-01-01", "2026-01-02", 2).await;
    check("{to: 2026-11-25}", "2026-11-24", "2026-11-25", 2).await;
}

#[tokio::test]
async fn a_run_for_another_day_counts_from_that_day() {
    let mut kit = kit().await;
    kit.manner.date = "2025-05-01".parse().ok();
    let ran = kit.step("function: date_range\nwith: {days_ahead: 1}").await;
    assert_eq!(ran.output()["dates"], json!(["2025-05-01", "2025-05-02"]));
}

#[tokio::test]
async fn says_what_is_wrong_with_a_range() {
    let check = async |with: &str, expected: &str| {
        let ran = kit().await.step(&format!("function: date_range\nwith: {with}")).await;
        assert_eq!(ran.outcome(), "failed");
        assert_eq!(ran.attempts(), 1);
        assert!(ran.reason().contains(expected), "{with}: {}", ran.reason());
    };
    // Templates, as what is written plainly does not pass lint.
    check("{days_ahead: '{{ 0 - 1 }}'}", "days_ahead: -1 is less than 0").await;
    check("{days_ahead: '{{ \"many\" }}'}", "days_ahead").await;
    check("{days_ahead: '{{ 5000 }}'}", "days_ahead: 5000 is more than 3660").await;
    check("{from: 2026-13-01}", "from: \"2026-13-01\" is no date like 2026-12-01").await;
    check("{from: 2026-05-02, to: 2026-05-01}", "from 2026-05-02 is after to 2026-05-01").await;
    check("{from: 1990-01-01, to: 2026-05-01}", "more than 3661 dates").await;
    check("{timezone: Mars/Base}", "timezone: there is no zone \"Mars/Base\"").await;
    check("{to: 2026-12-01, days_ahead: 3}", "give either").await;
}

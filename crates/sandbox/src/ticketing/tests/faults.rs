//! Faults as a client meets them, over HTTP.

use super::options;
use crate::ticketing::post::exchange;
use crate::ticketing::{Ticketing, TicketingFaults};

/// Status line, headers and body of a GET.
async fn get(ticketing: &Ticketing, token: &str, path: &str) -> String {
    let url = ticketing.base_url();
    let host = url.trim_start_matches("http://").trim_end_matches("/api");
    let request = format!(
        "GET /api/{path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    );
    exchange(host, &request).await.expect("an answer")
}

fn token(ticketing: &Ticketing, region: &str) -> String {
    let name = format!("EVENT_CONFIGS__{}__token", region.replace('-', "_"));
    ticketing.settings().into_iter().find(|(key, _)| *key == name).expect("a token").1
}

async fn with(faults: TicketingFaults) -> (Ticketing, String) {
    let ticketing = Ticketing::start(options(2)).await.expect("it starts");
    ticketing.set_faults(faults);
    let token = token(&ticketing, "south-korea");
    (ticketing, token)
}

#[tokio::test]
async fn tokens_open_their_own_seller_alone() {
    let (ticketing, token) = with(TicketingFaults::default()).await;
    let of = |region: &str| ticketing.truth(region).expect("a region").event;
    assert!(
        get(&ticketing, &token, &format!("events/{}", of("south-korea"))).await.starts_with("HTTP/1.1 200")
    );
    assert!(get(&ticketing, &token, &format!("events/{}", of("thailand"))).await.starts_with("HTTP/1.1 404"));
    let refused = get(&ticketing, "other", "tickets").await;
    assert!(refused.starts_with("HTTP/1.1 401") && refused.contains("\"statusCode\":401"), "{refused}");
    // brackets and dollars may be encoded
    let since = "tickets?top=1&updatedAt%5B%24gte%5D=2099-01-01T00:00:00Z";
    assert!(get(&ticketing, &token, since).await.contains("\"total\":0"));
}

#[tokio::test]
async fn limits_are_told_with_and_without_a_time() {
    let faults = TicketingFaults { too_many_every: 1, ..TicketingFaults::default() };
    let (ticketing, token) = with(TicketingFaults { retry_after_secs: Some(2), ..faults.clone() }).await;
    let told = get(&ticketing, &token, "tickets").await;
    assert!(told.starts_with("HTTP/1.1 429") && told.to_lowercase().contains("retry-after: 2"), "{told}");
    ticketing.set_faults(faults);
    assert!(!get(&ticketing, &token, "tickets").await.to_lowercase().contains("retry-after"));
    assert_eq!(ticketing.requests(), 2);
}

#[tokio::test]
async fn large_pages_fail_and_small_ones_do_not() {
    let faults = TicketingFaults { largest_page: Some(250), ..TicketingFaults::default() };
    let (ticketing, token) = with(faults).await;
    assert!(get(&ticketing, &token, "tickets?top=1000").await.starts_with("HTTP/1.1 503"));
    assert!(get(&ticketing, &token, "tickets?top=250").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_region_fails_and_the_other_one_does_not() {
    let faults = TicketingFaults { failing: vec!["south-korea".into()], ..TicketingFaults::default() };
    let (ticketing, token_of_failing) = with(faults).await;
    assert!(get(&ticketing, &token_of_failing, "tickets").await.starts_with("HTTP/1.1 503"));
    let other = token(&ticketing, "thailand");
    assert!(get(&ticketing, &other, "tickets").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn bodies_end_early_and_totals_lie() {
    let (ticketing, token) =
        with(TicketingFaults { truncated_percent: 100, ..TicketingFaults::default() }).await;
    let body = |answer: String| answer.split_once("\r\n\r\n").expect("a body").1.to_owned();
    let half = body(get(&ticketing, &token, "tickets?top=2").await);
    assert!(serde_json::from_str::<serde_json::Value>(&half).is_err());
    ticketing.set_faults(TicketingFaults { total_off: 5, ..TicketingFaults::default() });
    let whole: serde_json::Value =
        serde_json::from_str(&body(get(&ticketing, &token, "coupon/rich").await)).expect("JSON");
    assert_eq!(whole["total"].as_u64(), Some(55));
}

#[tokio::test]
async fn rows_move_while_they_are_read_but_not_for_ever() {
    let faults = TicketingFaults { edits_per_page: 3, edits_at_most: 7, ..TicketingFaults::default() };
    let (ticketing, token) = with(faults).await;
    let before = ticketing.now("south-korea");
    for _ in 0..5 {
        get(&ticketing, &token, "tickets?top=10").await;
    }
    assert!(ticketing.now("south-korea") > before);
    let rested = ticketing.now("south-korea");
    get(&ticketing, &token, "tickets?top=10").await;
    assert_eq!(ticketing.now("south-korea"), rested);
    assert!(!ticketing.webhooks("south-korea").is_empty() && ticketing.webhooks("south-korea").is_empty());
}

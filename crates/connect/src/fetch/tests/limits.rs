//! Retry-After, vendor headers, the two kinds of 429, pace and places. Bodies are those of the
//! sources' documents, shortened.

use std::sync::atomic::AtomicUsize;
use std::time::Instant;

use super::server::{Server, ok, status};
use super::*;

const SPIKE: &str = r#"{"fault":{"faultstring":"Spike arrest violation","detail":{"errorcode":"policies.ratelimit.SpikeArrestViolation"}}}"#;
const QUOTA: &str = r#"{"fault":{"faultstring":"Rate limit quota violation","detail":{"errorcode":"policies.ratelimit.QuotaViolation"}}}"#;
const YELP_QUOTA: &str = r#"{"error":{"code":"ACCESS_LIMIT_REACHED","description":"You have reached the access limit for this client."}}"#;

fn rule(status: u16, text: &str, then: OnError, message: &str) -> ErrorRule {
    ErrorRule {
        status: Some((status, status)),
        body_contains: Some(text.to_owned()),
        then: Some(then),
        message: message.to_owned(),
    }
}

#[tokio::test]
async fn retry_after_is_waited_for_by_everybody() {
    let server = Server::start(|_, n| match n {
        0 => status(429, &[("Retry-After", "1")], ""),
        _ => ok("now"),
    })
    .await;
    let (fetcher, started) = (fetcher(), Instant::now());
    assert_eq!(body(&fetcher, &server.url("/"), &plain()).await.as_deref(), Ok("now"));
    assert!(started.elapsed() >= Duration::from_millis(950), "{:?}", started.elapsed());
    assert_eq!(fetcher.counters().pauses, 1);
}

#[tokio::test]
async fn a_longer_wait_than_a_run_has_stops_the_source() {
    let server = Server::start(|_, _| status(503, &[("Retry-After", "3600")], "")).await;
    let fetcher = fetcher();
    for _ in 0..2 {
        let error = body(&fetcher, &server.url("/"), &plain()).await.expect_err("an error");
        assert!(matches!(error, FetchError::Quota { until: Some(_), .. }), "{error}");
        assert!(error.stops_source() && error.to_string().contains("may be asked again at"), "{error}");
    }
    assert_eq!(server.asked().len(), 1, "the host is not asked again meanwhile");
}

#[tokio::test]
async fn per_second_limits_are_tried_again_and_daily_ones_stop() {
    let errors = vec![
        rule(429, "QuotaViolation", OnError::Stop, "the daily quota is used up"),
        rule(429, "ACCESS_LIMIT_REACHED", OnError::Stop, "the daily limit is reached"),
        rule(429, "SpikeArrestViolation", OnError::Retry, ""),
    ];
    let policy = Policy { errors, ..plain() };
    let spiky = Server::start(|_, n| if n == 0 { status(429, &[], SPIKE) } else { ok("fine") }).await;
    assert_eq!(body(&fetcher(), &spiky.url("/"), &policy).await.as_deref(), Ok("fine"));
    for text in [QUOTA, YELP_QUOTA] {
        let daily = Server::start(move |_, _| status(429, &[], text)).await;
        let error = body(&fetcher(), &daily.url("/"), &policy).await.expect_err("an error");
        assert!(matches!(error, FetchError::Quota { .. }) && error.stops_source(), "{error}");
        assert!(error.to_string().contains("the daily"), "{error}");
        assert_eq!(daily.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_rule_may_call_an_error_an_answer_or_worth_another_try() {
    let errors = vec![
        rule(404, "", OnError::Skip, ""),
        rule(400, "EXPANSION", OnError::Retry, ""),
        rule(200, "error", OnError::Fail, "an error dressed as success"),
    ];
    let policy = Policy { errors, ..plain() };
    let server = Server::start(|asked, n| match (asked.line.as_str(), n) {
        ("GET /gone", _) => status(404, &[], "nothing"),
        ("GET /flaky", 1) => status(400, &[], "EXPANSION_FAILED"),
        ("GET /lie", _) => ok("error"),
        _ => ok("fine"),
    })
    .await;
    let fetcher = fetcher();
    let gone = fetcher.fetch(&get(&server.url("/gone")), &policy, None).await;
    assert!(matches!(gone, Ok(Fetched::Skipped { status: 404 })));
    assert_eq!(body(&fetcher, &server.url("/flaky"), &policy).await.as_deref(), Ok("fine"));
    let error = body(&fetcher, &server.url("/lie"), &policy).await.expect_err("an error");
    assert!(error.to_string().contains("dressed as success"), "{error}");
}

#[tokio::test]
async fn a_used_up_limit_pauses_before_the_source_has_to_refuse() {
    let server = Server::start(|_, n| match n {
        0 => status(200, &[("X-Left", "0"), ("X-Reset", "0.4")], "last one"),
        1 => status(200, &[("X-Left", "0"), ("X-Reset", "7200")], "and now the day's last"),
        _ => ok("never"),
    })
    .await;
    let limit_headers = LimitHeaders {
        remaining: Some("x-left".into()),
        reset: Some(("x-reset".into(), ResetUnit::Seconds)),
        combined: None,
    };
    let policy = Policy { limit_headers, ..plain() };
    let (fetcher, started) = (fetcher(), Instant::now());
    assert_eq!(body(&fetcher, &server.url("/"), &policy).await.as_deref(), Ok("last one"));
    body(&fetcher, &server.url("/"), &policy).await.expect("the second");
    assert!(started.elapsed() >= Duration::from_millis(350), "{:?}", started.elapsed());
    let error = body(&fetcher, &server.url("/"), &policy).await.expect_err("an error");
    assert!(matches!(error, FetchError::Quota { .. }), "{error}");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn eventbrite_says_it_in_one_header() {
    let server = Server::start(|_, n| match n {
        0 => status(429, &[("X-Rate-Limit", "token:T 2000/2000 reset=1s, key:K 69/2000 reset=1s")], ""),
        _ => ok("now"),
    })
    .await;
    let pattern = r"(?P<used>\d+)/(?P<limit>\d+) reset=(?P<reset>\d+)s".to_owned();
    let combined = Some((pattern, "X-Rate-Limit".to_owned()));
    let policy = Policy { limit_headers: LimitHeaders { combined, ..LimitHeaders::default() }, ..plain() };
    let started = Instant::now();
    assert_eq!(body(&fetcher(), &server.url("/"), &policy).await.as_deref(), Ok("now"));
    assert!(started.elapsed() >= Duration::from_millis(950));
}

#[tokio::test]
async fn the_pace_of_a_policy_holds_over_all_its_requests() {
    let server = Server::start(|_, _| ok("x")).await;
    let policy = Policy { per_second: Some(20.0), ..plain() };
    let (fetcher, started) = (fetcher(), Instant::now());
    let url = server.url("/");
    let all = (0..8).map(|_| body(&fetcher, &url, &policy));
    assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
    // two at once, then one each 50 ms
    assert!(started.elapsed() >= Duration::from_millis(290), "{:?}", started.elapsed());
}

#[tokio::test]
async fn no_more_are_under_way_than_the_policy_allows() {
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let server = Server::start(|_, _| {
        MOST.fetch_max(NOW.fetch_add(1, Relaxed) + 1, Relaxed);
        std::thread::sleep(Duration::from_millis(10));
        NOW.fetch_sub(1, Relaxed);
        ok("x")
    });
    let server = server.await;
    let policy = Policy { concurrency: Some(1), ..plain() };
    let fetcher = fetcher();
    let url = server.url("/");
    let all = (0..6).map(|_| body(&fetcher, &url, &policy));
    assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
    assert_eq!(MOST.load(Relaxed), 1);
}

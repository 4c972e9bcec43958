//! robots.txt: obeyed, kept, and what its absence means.

use std::time::Instant;

use super::server::{Server, ok, status, to};
use super::*;

const RULES: &str = "User-agent: *\nDisallow: /private/\nUser-agent: callboard\nDisallow: /closed\n";

fn site(rules: impl Fn() -> Vec<u8> + Send + Sync + 'static) -> impl Future<Output = Server> {
    Server::start(move |asked, _| if asked.line == "GET /robots.txt" { rules() } else { ok("page") })
}

#[tokio::test]
async fn what_is_closed_is_not_asked_for_and_the_rules_are_asked_for_once() {
    let server = site(|| ok(RULES)).await;
    let (fetcher, policy) = (fetcher(), Policy::default());
    let url = server.url("/closed/x?y");
    let error = body(&fetcher, &url, &policy).await.expect_err("an error");
    assert!(matches!(error, FetchError::Robots { .. }) && !error.retry_later(), "{error}");
    assert!(error.to_string().contains(&url), "{error}");
    assert_eq!(body(&fetcher, &server.url("/open"), &policy).await.as_deref(), Ok("page"));
    assert_eq!(body(&fetcher, &server.url("/private/"), &policy).await.as_deref(), Ok("page"));
    assert_eq!(server.lines(), ["GET /robots.txt", "GET /open", "GET /private/"]);
}

#[tokio::test]
async fn many_at_once_ask_for_the_rules_once() {
    let server = site(|| ok(RULES)).await;
    let (fetcher, policy) = (fetcher(), Policy::default());
    let url = server.url("/open");
    let all = (0..20).map(|_| body(&fetcher, &url, &policy));
    assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
    assert_eq!(server.lines().iter().filter(|line| line.contains("robots")).count(), 1);
}

#[tokio::test]
async fn a_redirect_into_a_closed_corner_is_not_followed() {
    let server = Server::start(|asked, _| match asked.line.as_str() {
        "GET /robots.txt" => ok(RULES),
        _ => to(302, "/closed/"),
    })
    .await;
    let error = body(&fetcher(), &server.url("/open"), &Policy::default()).await.expect_err("an error");
    assert!(matches!(error, FetchError::Robots { .. }), "{error}");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn missing_rules_permit_all() {
    for code in [401, 403, 404, 410] {
        let server = site(move || status(code, &[], "")).await;
        assert!(body(&fetcher(), &server.url("/closed"), &Policy::default()).await.is_ok(), "{code}");
    }
}

#[tokio::test]
async fn unavailable_rules_forbid_all_for_now() {
    for code in [429, 500, 503] {
        let server = site(move || status(code, &[], "")).await;
        let (fetcher, policy) = (fetcher(), Policy::default());
        for _ in 0..2 {
            let error = body(&fetcher, &server.url("/open"), &policy).await.expect_err("an error");
            assert!(matches!(error, FetchError::RobotsUnavailable { .. }) && error.retry_later(), "{error}");
        }
        assert_eq!(server.lines(), ["GET /robots.txt"; 4], "tries, then believed for a while");
    }
}

#[tokio::test]
async fn rules_are_asked_for_again_when_they_are_old() {
    let server = site(|| ok(RULES)).await;
    let times = TimeLimits { robots_ttl: Duration::ZERO, ..TimeLimits::default() };
    let fetcher = Fetcher::new(FetchOptions { times, ..options() }).expect("a fetcher");
    for _ in 0..2 {
        body(&fetcher, &server.url("/open"), &Policy::default()).await.expect("fetched");
    }
    assert_eq!(server.lines().iter().filter(|line| line.contains("robots")).count(), 2);
}

#[tokio::test]
async fn a_crawl_delay_sets_the_pace_up_to_its_cap() {
    let server = site(|| ok("User-agent: *\nCrawl-delay: 600\n")).await;
    let times = TimeLimits { max_crawl_delay: Duration::from_millis(100), ..TimeLimits::default() };
    let fetcher = Fetcher::new(FetchOptions { times, ..options() }).expect("a fetcher");
    let started = Instant::now();
    for _ in 0..5 {
        body(&fetcher, &server.url("/open"), &Policy::default()).await.expect("fetched");
    }
    assert!(started.elapsed() >= Duration::from_millis(290), "{:?}", started.elapsed());
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[tokio::test]
async fn an_unreachable_site_says_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/page", listener.local_addr().expect("an address"));
    drop(listener);
    let error = body(&fetcher(), &url, &Policy::default()).await.expect_err("an error");
    assert!(matches!(&error, FetchError::Connect { url: told, .. } if *told == url), "{error}");
}

//! Rendering through a real browser, against a site that a script builds.

use std::path::PathBuf;

use sandbox::{CardFaults, CardSite, CardSiteOptions};
use testkit::servers::Server;

use super::super::{FetchOptions, Fetched, Policy};
use super::*;

/// The site, and a fetcher that renders; `None` where there is no browser.
async fn site(faults: CardFaults, change: impl FnOnce(&mut RenderOptions)) -> Option<(CardSite, Fetcher)> {
    let program = Server::Browser.shared()?;
    let options = CardSiteOptions { faults, ..CardSiteOptions::small(5) };
    let site = CardSite::start(options).await.expect("the site starts");
    let mut render = RenderOptions {
        program: Some(PathBuf::from(program)),
        wait: Duration::from_secs(20),
        ..RenderOptions::default()
    };
    change(&mut render);
    let options = FetchOptions {
        allow_private: true,
        system_proxy: false,
        backoff_base: Duration::from_millis(2),
        seed: Some(1),
        render,
        ..FetchOptions::default()
    };
    Some((site, Fetcher::new(options).expect("a fetcher")))
}

fn policy(attempts: u32) -> Policy {
    let plan = RenderPlan {
        wait_for: "table tbody tr, h6".into(),
        empty: "0-0 of 0".into(),
        pager: "[class*=TablePagination]".into(),
        next: "[class*=TablePagination] button:last-of-type".into(),
        max_pages: 10,
    };
    Policy { render: Some(plan), attempts: Some(attempts), ..Policy::default() }
}

async fn shown(fetcher: &Fetcher, url: &str, attempts: u32) -> Result<String, FetchError> {
    let request = model::Request::get(url.parse().expect("an address"));
    match fetcher.fetch(&request, &policy(attempts), None).await? {
        Fetched::Document(document) => Ok(String::from_utf8_lossy(&document.body).into_owned()),
        other => panic!("no document: {other:?}"),
    }
}

#[tokio::test]
async fn what_a_script_builds_is_shown_and_its_list_walked_to_the_end() {
    let Some((site, fetcher)) = site(CardFaults::default(), |_| {}).await else { return };
    let html = shown(&fetcher, &format!("{}/pop-report/Baseball/1989/Donruss", site.url()), 1).await;
    let html = html.expect("it is rendered");
    assert_eq!(
        html.matches("<tr class=\"MuiTableRow-root\">").count(),
        1 + 232 + 2,
        "each page has the totals"
    );
    assert!(html.contains("201-232 of 232"), "the pager of the last page");
    assert!(!html.contains("<script") && !html.contains("jss"), "what changes with each build is gone");
    // The same page twice is the same document, so that it counts as unchanged.
    let again = shown(&fetcher, &format!("{}/pop-report/Baseball/1989/Donruss", site.url()), 1).await;
    assert_eq!(again.expect("it is rendered"), html);
    // robots.txt; twice the page and two pages of its list; the script once.
    let requests = fetcher.counters().requests;
    assert_eq!(requests, 1 + 2 * 3 + 1, "pictures and styles are not asked for: {requests}");
}

#[tokio::test]
async fn a_page_whose_answers_fail_is_tried_again_and_never_taken_as_empty() {
    let faults = CardFaults { fail_percent: 35, ..CardFaults::default() };
    let Some((site, fetcher)) = site(faults, |_| {}).await else { return };
    let html = shown(&fetcher, &format!("{}/pop-report/Pokémon/1989", site.url()), 12).await;
    assert!(html.expect("it comes in the end").contains("TOTALS"));
    site.set_faults(CardFaults { fail_percent: 100, ..CardFaults::default() });
    let error = shown(&fetcher, &format!("{}/pop-report/Pokémon/1989", site.url()), 2).await;
    assert!(matches!(error, Err(FetchError::Status { attempts: 2, .. })), "{error:?}");
}

#[tokio::test]
async fn a_page_that_hangs_is_given_up_in_time_and_the_next_one_comes() {
    let faults = CardFaults { hang_percent: 100, ..CardFaults::default() };
    let made = site(faults, |render| render.wait = Duration::from_secs(2)).await;
    let Some((site, fetcher)) = made else { return };
    let url = format!("{}/pop-report/Baseball", site.url());
    let error = shown(&fetcher, &url, 1).await.expect_err("nothing is shown");
    assert!(error.to_string().contains("was shown in time"), "{error}");
    site.set_faults(CardFaults::default());
    assert!(shown(&fetcher, &url, 1).await.expect("it is rendered").contains("TOTALS"));
}

#[tokio::test]
async fn a_browser_that_dies_or_has_had_its_time_is_replaced() {
    let made = site(CardFaults::default(), |render| render.pages_per_browser = 3).await;
    let Some((site, fetcher)) = made else { return };
    let url = format!("{}/pop-report/Baseball", site.url());
    for _ in 0..7 {
        assert!(shown(&fetcher, &url, 1).await.expect("it is rendered").contains("TOTALS"));
    }
    let pool = fetcher.shared.renderer.pool.lock().await;
    let browser = pool.browser.clone().expect("one is there");
    drop(pool);
    assert!(browser.memory_mb().is_none_or(|used| used > 0));
    browser.kill();
    assert!(shown(&fetcher, &url, 3).await.expect("by another one").contains("TOTALS"));
}

#[tokio::test]
async fn what_a_page_asks_for_is_guarded_as_everything_is() {
    let Some((site, fetcher)) = site(CardFaults::default(), |_| {}).await else { return };
    let closed = FetchOptions { allow_private: false, ..FetchOptions::default() };
    let closed = Fetcher::new(closed).expect("a fetcher");
    let error = shown(&closed, &format!("{}/pop-report", site.url()), 1).await;
    assert!(matches!(error, Err(FetchError::Refused { .. })), "{error:?}");
    let error = shown(&fetcher, &format!("{}/account/me", site.url()), 1).await;
    assert!(matches!(error, Err(FetchError::Robots { .. })), "{error:?}");
}

#[tokio::test]
async fn without_a_browser_the_source_is_stopped_and_it_is_told_what_to_do() {
    let site = CardSite::start(CardSiteOptions::small(5)).await.expect("the site starts");
    let program = Some(PathBuf::from("/nowhere/chromium"));
    let render = RenderOptions { program, ..RenderOptions::default() };
    let options =
        FetchOptions { allow_private: true, system_proxy: false, render, ..FetchOptions::default() };
    let fetcher = Fetcher::new(options).expect("a fetcher");
    let error = shown(&fetcher, &format!("{}/pop-report", site.url()), 3).await.expect_err("no browser");
    assert!(error.stops_source() && error.to_string().contains("apt-get install"), "{error}");
}

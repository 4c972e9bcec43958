//! Whole upstreams with whole faults.

use sandbox::{Fault, Faults, Sandbox, SandboxOptions, Upstream};

use super::*;

async fn sandbox(faults: Faults) -> Sandbox {
    let now = "2026-11-22T12:00:00Z".parse().expect("an instant");
    let options = SandboxOptions { faults, ..SandboxOptions::new(3, now) };
    Sandbox::start(options).await.expect("a sandbox")
}

fn site(fault: Fault) -> Faults {
    Faults { site: fault, ..Faults::default() }
}

#[tokio::test]
async fn the_feed_changes_only_when_it_changes() {
    let sandbox = sandbox(Faults::default()).await;
    let (fetcher, request) = (fetcher(), get(&sandbox.calendar_url()));
    let first = document(fetcher.fetch(&request, &Policy::default(), None).await.expect("fetched"));
    let validators = Validators::of(&first);
    let again = fetcher.fetch(&request, &Policy::default(), validators.as_ref()).await;
    assert!(matches!(again, Ok(Fetched::NotModified { .. })));
    sandbox.mutate(100, 0);
    let changed = fetcher.fetch(&request, &Policy::default(), validators.as_ref()).await;
    assert_ne!(document(changed.expect("fetched")).body, first.body);
}

#[tokio::test]
async fn a_limping_api_is_read_to_its_end() {
    let api = Fault { fail_percent: 30, cut_percent: 10, too_many_every: 7, ..Fault::default() };
    let sandbox = sandbox(Faults { api, ..Faults::default() }).await;
    let auth = Auth::Bearer(sandbox.api_token().into());
    let policy = Policy { auth, attempts: Some(12), ..plain() };
    let (fetcher, mut names) = (fetcher(), Vec::new());
    for page in 1..=12 {
        let url = format!("{}?page={page}&per_page=10", sandbox.api_url());
        let text = body(&fetcher, &url, &policy).await.expect("a page");
        let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((&json["meta"]["pages"], &json["meta"]["total"]), (&12.into(), &120.into()));
        let events = json["events"].as_array().expect("events").iter();
        names.extend(events.map(|e| e["name"].as_str().expect("a name").to_owned()));
    }
    let truth = sandbox.truth().into_iter().filter(|event| event.upstream == Upstream::Api);
    assert_eq!(names, truth.map(|event| event.title).collect::<Vec<_>>());
    assert!(fetcher.counters().retries > 0 && sandbox.requests(Upstream::Api) > 12);
    let wrong = Policy { auth: Auth::Bearer("wrong".into()), ..plain() };
    sandbox.set_faults(Faults::default());
    let error = body(&fetcher, &sandbox.api_url(), &wrong).await.expect_err("an error");
    assert!(matches!(error, FetchError::Credentials { status: 401, .. }), "{error}");
}

#[tokio::test]
async fn a_bomb_is_refused_at_the_cap() {
    let sandbox = sandbox(site(Fault { bomb: true, ..Fault::default() })).await;
    let error = body(&fetcher(), &sandbox.site_url(), &Policy::default()).await.expect_err("an error");
    assert!(matches!(error, FetchError::TooLarge { cap_bytes: 33_554_432, .. }), "{error}");
    assert_eq!(sandbox.requests(Upstream::Site), 1, "not tried again");
}

#[tokio::test]
async fn each_switch_gives_its_error() {
    let check = async |fault: Fault, class: &str| {
        let sandbox = sandbox(site(fault)).await;
        let error = body(&fetcher(), &sandbox.site_url(), &Policy::default()).await.expect_err("an error");
        assert_eq!(error.class(), class, "{error}");
    };
    check(Fault { fail_percent: 100, ..Fault::default() }, "status").await;
    check(Fault { cut_percent: 100, ..Fault::default() }, "truncated").await;
    check(Fault { wrong_length: true, ..Fault::default() }, "truncated").await;
    check(Fault { redirect_loop: true, ..Fault::default() }, "redirect").await;
    check(Fault { redirect_private: true, ..Fault::default() }, "refused").await;
    check(Fault { too_many_every: 1, retry_after_secs: 900, ..Fault::default() }, "quota").await;
    check(Fault { quota_after: 1, too_many_every: 1, ..Fault::default() }, "status").await;
}

#[tokio::test]
async fn switches_can_be_thrown_while_it_runs() {
    let sandbox = sandbox(site(Fault { sign_in: true, ..Fault::default() })).await;
    let fetcher = fetcher();
    let text = body(&fetcher, &sandbox.site_url(), &Policy::default()).await.expect("a page");
    assert!(text.contains("Sign in"));
    sandbox.set_faults(Faults::default());
    let text = body(&fetcher, &sandbox.site_url(), &Policy::default()).await.expect("a page");
    assert!(text.contains("What's on") && text.matches("<li class").count() == 30);
}

/// What the readers make of a document: upstreams and readers were written apart from each other.
fn read(document: &Document) -> Vec<Listed> {
    let now: chrono::DateTime<chrono::Utc> = "2026-11-22T12:00:00Z".parse().expect("an instant");
    let window = model::Window::around(now.date_naive(), 31, 366);
    let options = crate::ReadOptions { window, timezone: None, now };
    let reading = crate::detect::read(document, &options).expect("a reading");
    let events = reading.records.iter().filter_map(|record| record.as_event());
    let listed = events.map(|event| {
        let start = event.start.value().expect("a start");
        Listed {
            title: event.title.value().expect("a title").clone(),
            instant: start.instant().map(|at| at.to_utc()),
            date: start.sort_key().0.expect("a date"),
            all_day: start.instant().is_none(),
            cancelled: event.status.value().is_some_and(|status| status == "cancelled"),
        }
    });
    listed.collect()
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Listed {
    title: String,
    instant: Option<chrono::DateTime<chrono::Utc>>,
    date: chrono::NaiveDate,
    all_day: bool,
    cancelled: bool,
}

fn truth(sandbox: &Sandbox, upstream: Upstream) -> Vec<Listed> {
    let events = sandbox.truth().into_iter().filter(|event| event.upstream == upstream);
    let listed = events.map(|event| Listed {
        title: event.title,
        instant: event.start,
        // an instant is compared as such: a calendar may state it in UTC
        date: event.start_date,
        all_day: event.all_day,
        cancelled: event.status == sandbox::Status::Cancelled,
    });
    listed.collect()
}

fn comparable(mut listed: Vec<Listed>) -> Vec<Listed> {
    for event in &mut listed {
        if let Some(at) = event.instant {
            event.date = at.date_naive();
        }
    }
    listed.sort();
    listed
}

#[tokio::test]
async fn calendar_and_pages_read_as_the_truth() {
    let sandbox = sandbox(Faults::default()).await;
    let fetcher = fetcher();
    let fetch = async |url: &str| {
        document(fetcher.fetch(&get(url), &Policy::default(), None).await.expect("fetched"))
    };
    let calendar = read(&fetch(&sandbox.calendar_url()).await);
    assert_eq!(comparable(calendar), comparable(truth(&sandbox, Upstream::Calendar)));
    let base: url::Url = sandbox.site_url().parse().expect("an address");
    let mut pages = Vec::new();
    for event in sandbox.truth().iter().filter(|event| event.upstream == Upstream::Site) {
        pages.extend(read(&fetch(base.join(&event.id).expect("a path").as_str()).await));
    }
    assert_eq!(comparable(pages), comparable(truth(&sandbox, Upstream::Site)));
}

#[tokio::test]
async fn a_dropped_sandbox_stops() {
    let sandbox = sandbox(Faults::default()).await;
    let (fetcher, url) = (fetcher(), sandbox.calendar_url());
    body(&fetcher, &url, &plain()).await.expect("a feed");
    drop(sandbox);
    let once = Policy { attempts: Some(1), ..plain() };
    for _ in 0..200 {
        match body(&fetcher, &url, &once).await {
            Err(FetchError::Connect { .. } | FetchError::BreakerOpen { .. }) => return,
            _ => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    }
    panic!("it still answers after a second");
}

/// Not a benchmark, only a guard against a cost per request that grows: `bench/` measures.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_from_loopback_are_not_slowed() {
    let now = "2026-11-22T12:00:00Z".parse().expect("an instant");
    let options = SandboxOptions { site_events: 2000, ..SandboxOptions::new(3, now) };
    let sandbox = Sandbox::start(options).await.expect("a sandbox");
    let fetcher = fetcher();
    let base: url::Url = sandbox.site_url().parse().expect("an address");
    let site = sandbox.truth().into_iter().filter(|event| event.upstream == Upstream::Site);
    let requests: Vec<Request> = site.map(|e| Request::get(base.join(&e.id).expect("a path"))).collect();
    let started = std::time::Instant::now();
    let policy = Policy::default();
    let fetched = futures::stream::StreamExt::buffer_unordered(
        futures::stream::iter(requests.iter().map(|request| fetcher.fetch(request, &policy, None))),
        64,
    );
    let all: Vec<_> = futures::stream::StreamExt::collect(fetched).await;
    assert!(all.iter().all(Result::is_ok));
    let per_second = all.len() as f64 / started.elapsed().as_secs_f64();
    eprintln!("{per_second:.0} pages per second");
    assert!(per_second > 200.0, "{per_second}");
}

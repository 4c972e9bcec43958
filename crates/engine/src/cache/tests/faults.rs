//! Redis killed and back, two followers at once: nothing lost, nothing doubled, and said once.

use std::sync::Mutex;
use std::time::Instant;

use testkit::redis::OwnRedis;

use super::kit::redis;
use super::*;

/// What was said, in order.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn follower(&self, desk: &Desk) -> Following<impl Fn(&str) + use<>> {
        let told = self.0.clone();
        Following::of(desk.days.clone(), move |line: &str| told.lock().unwrap().push(line.to_owned()))
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

async fn until_it_follows(following: &mut Following<impl Fn(&str)>) {
    let began = Instant::now();
    while !following.look(false).await {
        assert!(began.elapsed() < Duration::from_secs(60), "the cache never comes back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn work_goes_on_without_redis_and_is_caught_up_with() {
    let Some(mut server) = OwnRedis::start() else { return };
    let url = server.url();
    let mut desk = Desk::new(Box::new(move |store, _| Arc::new(redis(&url, "", store)))).await;
    let told = Told::default();
    let mut following = told.follower(&desk);
    desk.collect(vec![event("1", "One", evening("2026-03-10"))]).await;
    assert!(following.look(true).await);
    assert_eq!(told.take(), Vec::<String>::new());

    // It hangs: what it holds is still there when it goes on, and lacks what came meanwhile.
    server.kill();
    for title in ["Two", "Three", "Four"] {
        desk.collect(vec![event("1", title, evening("2026-03-11"))]).await;
        assert!(!following.look(false).await);
    }
    let (document, from) = desk.days.day(day("2026-03-11")).await.unwrap();
    assert!(from == From::Store && document.events == 1, "the store answers");
    assert!(desk.days.cache.counters().read().behind > 0);
    let lines = told.take();
    assert!(lines.len() == 1 && lines[0].starts_with("warning: the cache redis://127.0.0.1"), "{lines:?}");
    assert!(lines[0].contains("Work goes on without it"), "{lines:?}");

    server.start_again();
    until_it_follows(&mut following).await;
    let lines = told.take();
    assert!(
        lines.len() == 1 && lines[0].contains("is back after") && lines[0].contains("empty"),
        "{lines:?}"
    );
    assert_eq!(titles(&desk, "2026-03-10").await, Vec::<String>::new());
    assert_eq!(titles(&desk, "2026-03-11").await, ["Four"]);
    assert_eq!(desk.days.cache.counters().read().behind, 0);
    for of in days(desk.days.window()) {
        assert_eq!(desk.days.day(of).await.unwrap().1, From::Cache, "{of}");
    }
}

/// Redis that keeps its documents comes back with what it held when it went: older than the store.
#[tokio::test]
async fn a_redis_that_comes_back_with_what_it_had_is_caught_up_from_there() {
    let keeps = |_: &testkit::TempFolder, _| {
        ["--appendonly", "yes", "--appendfsync", "always"].map(str::to_owned).to_vec()
    };
    let Some(mut server) = OwnRedis::start_with(keeps) else { return };
    let url = server.url();
    let mut desk = Desk::new(Box::new(move |store, _| Arc::new(redis(&url, "", store)))).await;
    let told = Told::default();
    let mut following = told.follower(&desk);
    desk.collect(vec![event("1", "One", evening("2026-03-10")), event("2", "Two", evening("2026-03-20"))])
        .await;
    assert!(following.look(true).await);
    server.kill();
    desk.collect(vec![event("1", "Moved", evening("2026-03-12"))]).await;
    assert!(!following.look(false).await);
    server.start_again();
    until_it_follows(&mut following).await;
    let lines = told.take();
    assert!(lines[1].contains("1 change caught up, 2 days written"), "{lines:?}");
    assert_eq!(titles(&desk, "2026-03-10").await, Vec::<String>::new());
    assert_eq!(titles(&desk, "2026-03-12").await, ["Moved"]);
    assert_eq!(titles(&desk, "2026-03-20").await, ["Two"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_followers_and_readers_at_once_do_no_harm() {
    for cache in caches() {
        let mut desk = Desk::new(cache).await;
        desk.days.catch_up().await.unwrap();
        let done = Arc::new(std::sync::atomic::AtomicBool::new(false));
        let others = (0..4).map(|number| {
            let (days, done) = (desk.days.clone(), done.clone());
            tokio::spawn(async move {
                while !done.load(std::sync::atomic::Ordering::SeqCst) {
                    match number % 2 {
                        0 => _ = days.catch_up().await.unwrap(),
                        _ => _ = days.day(day("2026-03-10") + TimeDelta::days(number)).await.unwrap(),
                    }
                    tokio::task::yield_now().await;
                }
            })
        });
        let others: Vec<_> = others.collect();
        for step in 0..60 {
            let at = day("2026-03-10") + TimeDelta::days(step % 7);
            desk.collect(vec![event("1", &format!("Step {step}"), evening(&at.to_string()))]).await;
        }
        done.store(true, std::sync::atomic::Ordering::SeqCst);
        for other in others {
            other.await.unwrap();
        }
        desk.days.catch_up().await.unwrap();
        for offset in 0..7 {
            let at = (day("2026-03-10") + TimeDelta::days(offset)).to_string();
            let expected: &[&str] = if offset == 59 % 7 { &["Step 59"] } else { &[] };
            assert_eq!(titles(&desk, &at).await, expected, "{at}");
        }
    }
}

//! After any crawl, with any number of runners, under faults and kills, the store is the site's own record.

use std::time::Duration;

use sandbox::{CardFaults, CardSiteOptions};

use super::{Shop, runner_of};
use crate::call::until;

/// A site with every oddity, of some hundred pages.
fn shop(seed: u64) -> Shop {
    let size = CardSiteOptions { categories: 2, years: 1, sets: 2, cards: 3, ..CardSiteOptions::small(seed) };
    Shop::with(CardSiteOptions { rendered: true, faults: faults(), ..size })
}

/// Pages that fail, that show nothing, that show half of what there is; one that asks for a pause.
fn faults() -> CardFaults {
    CardFaults {
        latency: Duration::from_millis(10),
        fail_percent: 8,
        too_many_every: 300,
        empty_percent: 2,
        truncated_percent: 2,
        ..CardFaults::default()
    }
}

/// A crawl by so many runners, one of which dies in the middle; whatever it ends with.
fn crawl_and_kill(shop: &Shop, runners: usize, more: &[&str]) {
    let (url, before) = (shop.url(), shop.site.pages_served());
    let common = [&["--delay", "0", "--retry-backoff", "0.02", "--concurrency", "4"], more].concat();
    let midway = || until("it is under way", || shop.site.pages_served() > before + 80);
    if runners == 1 {
        let crawl = shop.desk.start(&Shop::args("run", &url, &common));
        midway();
        crawl.signal("KILL");
        drop(crawl);
        let resumed = shop.desk.call(&["run", "--resume", "last", "--allow-private", "--format", "json"]);
        assert!(matches!(resumed.code, 0 | 1 | 3), "{}{}", resumed.stdout, resumed.stderr);
        return;
    }
    let number = runners.to_string();
    let more = [&["--num-runners", &number, "--check-interval", "0.5"], &common[..]].concat();
    let fleet = shop.desk.start(&Shop::args("fleet", &url, &more));
    midway();
    let killed =
        std::process::Command::new("kill").args(["-KILL", &runner_of(&shop.desk).to_string()]).status();
    assert!(killed.expect("kill runs").success());
    let answer = fleet.end();
    assert!(matches!(answer.code, 0 | 1 | 3), "{}{}", answer.stdout, answer.stderr);
}

/// Crawled under faults and kills, then once without, which asks for what has failed: the store is the truth, then
/// and again after populations have grown and cards were withdrawn.
fn check_truth(seed: u64, runners: usize) {
    let shop = shop(seed);
    // The second time all pages are asked for, so that what was withdrawn is missed.
    for (round, more) in [&[][..], &["--set", "recrawl_days=0"][..]].into_iter().enumerate() {
        shop.site.set_faults(faults());
        crawl_and_kill(&shop, runners, more);
        shop.site.set_faults(CardFaults::default());
        let answer = shop.run(more);
        assert_eq!(answer.code, 0, "round {round}: {}{}", answer.stdout, answer.stderr);
        shop.check();
        shop.site.grow();
        shop.site.withdraw();
    }
}

#[test]
fn one_runner_that_is_killed_under_faults_ends_with_the_truth() {
    check_truth(3, 1);
}

#[test]
fn two_runners_of_which_one_is_killed_under_faults_end_with_the_truth() {
    check_truth(11, 2);
}

#[test]
fn four_runners_of_which_one_is_killed_under_faults_end_with_the_truth() {
    check_truth(29, 4);
}

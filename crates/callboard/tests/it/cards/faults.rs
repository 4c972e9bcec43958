//! What the replaced system did wrong, by its number in the list of its faults: those that a crawl shows. Those of
//! reading stand with the connector.

use std::collections::BTreeSet;
use std::time::Duration;

use sandbox::CardFaults;

use super::{Shop, new_rows, runner_of, text};
use crate::call::{Desk, until};

/// One year of one category: what most tests here crawl.
const SLICE: [&str; 4] = ["--categories", "Pokémon", "--year-filter", "1990"];

#[test]
fn fault_1_the_trail_of_a_run_is_kept() {
    let shop = Shop::open(CardFaults::default());
    let answer = shop.run(&[&SLICE[..], &["--levels", "set", "--runner-id", "shop-1"]].concat());
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let trail = shop.lines(&["audit", "--format", "ndjson"]);
    let done: Vec<String> = trail.iter().map(|row| text(row, "operation")).collect();
    for what in ["run.begin", "run.end"] {
        assert!(done.iter().any(|action| action == what), "{what}: {trail:?}");
    }
    assert!(trail.iter().any(|row| row.to_string().contains("shop-1")), "and who did it: {trail:?}");
}

#[test]
fn fault_2_a_dry_run_writes_nothing() {
    let shop = Shop::open(CardFaults::default());
    let answer = shop.run(&["--dry-run", "--categories", "Pokémon", "--levels", "set"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(!shop.desk.has_store());
    assert!(shop.site.pages_served() > 1, "it says what would change");
}

#[test]
fn fault_3_filters_and_start_from_are_honoured() {
    let shop = Shop::open(CardFaults::default());
    let first =
        ["--categories", "Baseball", "--year-filter", "1990", "--set-filter", "Topps*", "--levels", "card"];
    assert_eq!(shop.run(&first).code, 0);
    // Category, year, the sets of that name.
    let served = shop.site.pages_served();
    assert_eq!(served, 3, "only what was asked for");
    assert_eq!(shop.run(&["--start-from", "graderows", "--card-filter", "2"]).code, 0);
    let copies = shop.export("graded_card");
    assert!(!copies.is_empty() && copies.iter().all(|row| text(row, "card").contains("/2/")), "{copies:?}");
    let answer = shop.run(&["--start-from", "nowhere"]);
    assert!(
        answer.code != 0 && answer.stderr.contains("graderows") || answer.stdout.contains("graderows"),
        "{}",
        answer.stderr
    );
}

#[test]
fn fault_4_categories_are_accepted_as_flag_and_as_variable() {
    for by_flag in [true, false] {
        let shop = Shop::open(CardFaults::default());
        let levels = ["--levels", "year"];
        let answer = match by_flag {
            true => shop.run(&[&levels[..], &["--categories", "Marvel/DC,Pokémon"]].concat()),
            false => shop.run_with(&levels, &[("PIPELINE_CATEGORIES", "Marvel/DC,Pokémon")]),
        };
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let of: BTreeSet<String> = shop.export("card_year").iter().map(|row| text(row, "category")).collect();
        assert_eq!(of.into_iter().collect::<Vec<_>>(), ["Marvel/DC", "Pokémon"]);
        assert_eq!(shop.site.pages_served(), 2, "nothing else was asked for");
    }
}

#[test]
fn faults_5_and_27_failing_pages_are_tried_again_and_never_taken_as_empty() {
    let faults = CardFaults { fail_percent: 15, empty_percent: 3, ..CardFaults::default() };
    let shop = Shop::open(faults);
    let answer = shop.run(&["--max-retries", "12"]);
    // Pages that were empty where their parent counts something have failed: the run says so.
    assert!(matches!(answer.code, 0 | 3), "{}{}", answer.stdout, answer.stderr);
    shop.site.set_faults(CardFaults::default());
    if answer.code == 3 {
        let retried = shop.desk.call(&["retry", "last", "--allow-private", "--format", "json"]);
        assert_eq!(retried.code, 0, "{}{}", retried.stdout, retried.stderr);
    }
    shop.check();
}

#[test]
fn faults_7_8_and_9_many_runners_share_one_crawl_and_a_killed_one_loses_nothing() {
    let shop = Shop::open(CardFaults { latency: Duration::from_millis(20), ..CardFaults::default() });
    let url = shop.url();
    let more = ["--num-runners", "3", "--check-interval", "0.5", "--set", "delay=0", "--concurrency", "4"];
    let fleet = shop.desk.start(&Shop::args("fleet", &url, &more));
    until("some pages were crawled", || shop.site.pages_served() > 60);
    let victim = runner_of(&shop.desk);
    let killed = std::process::Command::new("kill").args(["-KILL", &victim.to_string()]).status();
    assert!(killed.expect("kill runs").success());
    let answer = fleet.end();
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    shop.check();
    let (_, run) = answer.object();
    assert_eq!(new_rows(&run, "graded_card"), shop.site.copies().len() as u64, "sums are told: {run}");
    let beyond = shop.site.pages_served() - shop.site.page_count();
    assert!(beyond <= 50, "only what the killed one had in hand was asked for again: {beyond}");
}

#[test]
fn fault_11_a_list_that_is_cut_makes_the_run_partial() {
    let shop = Shop::open(CardFaults { truncated_percent: 100, ..CardFaults::default() });
    let answer = shop.run(&["--levels", "year"]);
    assert_eq!(answer.code, 3, "{}{}", answer.stdout, answer.stderr);
    shop.site.set_faults(CardFaults::default());
    assert_eq!(shop.run(&["--levels", "year"]).code, 0);
    assert_eq!(shop.export("card_year").len(), shop.site.years().len());
}

#[test]
fn fault_15_each_level_is_joined_to_the_one_above() {
    let shop = Shop::open(CardFaults::default());
    let answer = shop.run(&SLICE);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    let keys = |kind: &str| -> BTreeSet<String> {
        shop.export(kind).iter().map(|row| text(row, "source_key")).collect()
    };
    let (years, sets, cards) = (keys("card_year"), keys("card_set"), keys("card"));
    let year = |row| format!("{}/{}", text(row, "category"), text(row, "year"));
    assert!(!sets.is_empty() && shop.export("card_set").iter().all(|row| years.contains(&year(row))));
    assert!(shop.export("card").iter().all(|row| sets.contains(&text(row, "card_set"))));
    let copies = shop.export("graded_card");
    assert!(!copies.is_empty() && copies.iter().all(|row| cards.contains(&text(row, "card"))));
}

#[test]
fn fault_19_a_crawl_that_was_killed_goes_on_where_it_was() {
    let shop = Shop::open(CardFaults { latency: Duration::from_millis(20), ..CardFaults::default() });
    let url = shop.url();
    let crawl = shop.desk.start(&Shop::args("run", &url, &["--set", "delay=0", "--concurrency", "4"]));
    until("some pages were crawled", || shop.site.pages_served() > 60);
    crawl.signal("KILL");
    drop(crawl);
    let resumed = shop.desk.call(&["run", "--resume", "last", "--allow-private", "--format", "json"]);
    assert_eq!(resumed.code, 0, "{}{}", resumed.stdout, resumed.stderr);
    shop.check();
    let beyond = shop.site.pages_served() - shop.site.page_count();
    assert!(beyond <= 50, "only what was in hand was asked for again: {beyond}");
}

#[test]
fn fault_20_what_a_whole_crawl_no_longer_lists_has_vanished() {
    let shop = Shop::open(CardFaults::default());
    assert_eq!(shop.run(&[]).code, 0);
    let before = shop.export("card").len();
    shop.site.withdraw();
    // Of a failing crawl nothing follows.
    shop.site.set_faults(CardFaults { fail_percent: 30, ..CardFaults::default() });
    assert_ne!(shop.run(&["--max-retries", "0"]).code, 0);
    assert_eq!(shop.export("card").len(), before);
    shop.site.set_faults(CardFaults::default());
    // A card without copies goes unnoticed while the counts of its set stay: all pages are asked for.
    let answer = shop.run(&["--set", "recrawl_days=0"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    assert!(shop.export("card").len() < before);
    shop.check();
}

#[test]
fn fault_21_totals_are_read_kept_and_counted() {
    let shop = Shop::open(CardFaults::default());
    let (code, run) = shop.run(&["--categories", "Marvel/DC", "Pokémon", "--levels", "card"]).object();
    assert_eq!(code, 0, "{run}");
    // Two categories, two years of each, three sets of each.
    assert_eq!((shop.export("card_totals").len(), new_rows(&run, "card_totals")), (18, 18), "{run}");
}

#[test]
fn fault_22_that_a_run_began_is_kept_even_if_it_never_ends() {
    let shop = Shop::open(CardFaults { latency: Duration::from_millis(20), ..CardFaults::default() });
    let url = shop.url();
    let crawl = shop.desk.start(&Shop::args("run", &url, &["--set", "delay=0"]));
    until("a page was asked for", || shop.site.pages_served() > 0);
    crawl.signal("KILL");
    drop(crawl);
    let trail = shop.lines(&["audit", "--format", "ndjson"]);
    let actions: Vec<String> = trail.iter().map(|row| text(row, "operation")).collect();
    assert!(actions.iter().any(|action| action == "run.begin"), "{trail:?}");
    assert!(!actions.iter().any(|action| action == "run.end"), "{trail:?}");
}

#[test]
fn fault_26_schedules_have_their_zone() {
    let desk = Desk::new();
    let env = [("PIPELINE_SCHEDULE", "0 2 * * 0"), ("PIPELINE_TIMEZONE", "America/Chicago")];
    let told = |args: &[&str]| {
        let answer = desk.start_with(args, &env).end();
        answer.stdout + &answer.stderr
    };
    let planned = told(&["schedule", "list", "--format", "json"]);
    assert!(planned.contains("tag") && planned.contains("America/Chicago"), "{planned}");
}

//! The flags and variables of the programs before: honoured, or accepted and told why they do nothing.

use sandbox::CardFaults;

use super::{Shop, text};
use crate::call::Desk;

fn times(text: &str, what: &str) -> usize {
    text.matches(what).count()
}

#[test]
fn flags_that_set_nothing_any_more_are_accepted_and_told_once() {
    let shop = Shop::open(CardFaults::default());
    let former = [
        "--sports",
        "Pokémon",
        "--rate-limit",
        "0",
        "--max-concurrent-requests",
        "4",
        "--max-concurrent-db-operations",
        "5",
        "--batch-size",
        "100",
        "--db-pool-size",
        "20",
        "--enable-caching",
        "--cache-ttl",
        "3600",
        "--disable-monitoring",
        "--python-path",
        "python3",
        "--levels",
        "year",
    ];
    let env = [("HEALTH_CHECK_INTERVAL", "300"), ("FASTMCP_PORT", "8000"), ("AUTH_TOKEN", "hush-hush")];
    let answer = shop.run_with(&former, &env);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    for name in [
        "--max-concurrent-db-operations",
        "--batch-size",
        "--enable-caching",
        "--cache-ttl",
        "--disable-monitoring",
        "--python-path",
        "HEALTH_CHECK_INTERVAL",
        "FASTMCP_PORT",
        "AUTH_TOKEN",
    ] {
        assert_eq!(times(&answer.stderr, &format!("{name} does nothing")), 1, "{name}: {}", answer.stderr);
    }
    assert!(!answer.stderr.contains("hush-hush"));
    // What has another name here does what it did.
    assert!(shop.export("card_year").iter().all(|row| text(row, "category") == "Pokémon"));
    assert_eq!(shop.site.pages_served(), 1);
}

#[test]
fn disabling_the_cache_asks_for_every_page_again() {
    let shop = Shop::open(CardFaults::default());
    let slice = ["--all-sports", "--levels", "set"];
    assert_eq!(shop.run(&slice).code, 0);
    let first = shop.site.pages_served();
    assert_eq!(shop.run(&[&slice[..], &["--disable-caching"]].concat()).code, 0);
    assert_eq!(shop.site.pages_served(), 2 * first);
}

#[test]
fn variables_of_the_pipeline_are_part_of_its_run() {
    let shop = Shop::open(CardFaults::default());
    let env = [("PIPELINE_CATEGORIES", "Pokémon"), ("PIPELINE_MAX_RETRIES", "1"), ("SCRAPE_TIMEOUT", "300")];
    let (code, run) = shop.run_with(&["--levels", "year", "--detach"], &env).object();
    assert_eq!((code, shop.site.pages_served()), (0, 0), "{run}");
    // The runner that takes it knows nothing of them.
    let id = text(&run, "id");
    let runner = shop.desk.call(&["runner", "--run", &id, "--allow-private"]);
    assert_eq!(runner.code, 0, "{}", runner.stderr);
    assert_eq!(shop.site.pages_served(), 1);
    assert!(shop.export("card_year").iter().all(|row| text(row, "category") == "Pokémon"));
}

#[test]
fn a_fleet_works_in_the_folder_that_it_is_given() {
    let desk = Desk::new();
    let pipeline = "name: here\nsteps:\n  - {name: wait, function: sleep, with: {seconds: 0}}\n";
    desk.folder.write("cards/pipelines/here.yaml", pipeline);
    let fleet = ["fleet", "here", "--num-runners", "1", "--format", "json", "--working-directory", "cards"];
    let (code, run) = desk.object(&fleet);
    assert_eq!((code, &run["outcome"]), (0, &"completed".into()), "{run}");
    assert!(!desk.folder.names().iter().any(|name| name.ends_with(".db")), "{:?}", desk.folder.names());
    let answer = desk.call(&[&fleet[..7], &["nowhere"]].concat());
    assert_eq!(answer.code, 2, "{}", answer.stderr);
    assert!(answer.stderr.contains("cannot work in nowhere"), "{}", answer.stderr);
}

#[test]
fn flags_that_mean_nothing_are_refused_and_grades_are_read_in_any_spelling() {
    let desk = Desk::new();
    for wrong in [["--delay=-1"], ["--delay=nan"], ["--retry-backoff=0"]] {
        let refused = desk.call(&["run", "tag", wrong[0]]);
        assert_eq!(refused.code, 2, "{wrong:?} {}", refused.stderr);
    }
    let refused = desk.call(&["tag", "cards", "--grade", "zzz"]);
    assert!(refused.code == 2 && refused.stderr.contains("1 to 10 in halves"), "{}", refused.stderr);
    let asked = desk.call(&["tag", "cards", "--grade", "8.5 NM MT+"]);
    assert!(!asked.stderr.contains("--grade"), "{}", asked.stderr);
}

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
    assert_eq!(shop.run(&[&slice[..], &["--recrawl-days", "30"]].concat()).code, 0);
    let kept = shop.site.pages_served();
    assert!(kept < 2 * first, "{kept} of {first}");
    for always in [&["--disable-caching"][..], &["--recrawl-days", "0"]] {
        let before = shop.site.pages_served();
        assert_eq!(shop.run(&[&slice[..], always].concat()).code, 0);
        assert_eq!(shop.site.pages_served() - before, first, "{always:?}");
    }
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
    for ignored in [
        ["categories", "--year", "1990"],
        ["years", "--set", "Topps"],
        ["sets", "--card", "7"],
        ["totals", "--grade", "10"],
    ] {
        let refused = desk.call(&[&["tag"], &ignored[..]].concat());
        assert!(refused.code == 2 && refused.stderr.contains(ignored[1]), "{ignored:?} {}", refused.stderr);
    }
    let refused = desk.call(&["tag", "cards", "--grade", "zzz"]);
    assert!(refused.code == 2 && refused.stderr.contains("1 to 10 in halves"), "{}", refused.stderr);
    let refused = desk.call(&["fleet", "tag", "--dry-run"]);
    assert!(
        refused.code == 2 && refused.stderr.contains("`callboard run tag --dry-run`"),
        "{}",
        refused.stderr
    );
    let asked = desk.call(&["tag", "cards", "--grade", "8.5 NM MT+"]);
    assert!(!asked.stderr.contains("--grade"), "{}", asked.stderr);
}

#[test]
fn values_that_cannot_be_are_refused_by_name_before_anything_is_written() {
    let desk = Desk::new();
    let told = |args: &[&str], env: &[(&str, &str)]| {
        let refused = desk.start_with(&[&["run", "tag"], args].concat(), env).end();
        assert_eq!(refused.code, 2, "{args:?} {env:?} {}{}", refused.stdout, refused.stderr);
        refused.stderr
    };
    for (args, expected) in [
        (["--start-from", "crad"], "did you mean \"card\"?"),
        (["--levels", "yaer"], "did you mean \"year\"?"),
        (["--year-filter", "89"], "year_filter"),
        (["--set", "max_retries=-1"], "max_retries"),
        (["--set", "recrawl_days=-1"], "recrawl_days"),
        (["--concurrency", "0"], "concurrency"),
    ] {
        let stderr = told(&args, &[]);
        assert!(stderr.contains(expected), "{args:?} {stderr}");
    }
    for (variable, value) in [
        ("PIPELINE_MAX_RETRIES", "-1"),
        ("PIPELINE_DELAY", "abc"),
        ("PIPELINE_RETRY_BACKOFF", "0"),
        ("PIPELINE_MAX_CONCURRENCY", "0"),
        ("PIPELINE_TIMEZONE", "Mars"),
        ("PIPELINE_SCHEDULE", "nonsense"),
    ] {
        let stderr = told(&["--levels", "category"], &[(variable, value)]);
        assert!(stderr.contains(variable) && !stderr.contains("tag:"), "{variable} {stderr}");
    }
    let names = desk.folder.names();
    assert!(!names.iter().any(|name| name.ends_with(".db")), "{names:?}");
}

#[test]
fn what_a_filter_asks_for_and_no_page_lists_is_told_with_the_nearest_name() {
    let shop = Shop::open(CardFaults::default());
    for (filter, levels, near) in [
        (["--categories", "Basebal"], "year", "did you mean \"Baseball\"?"),
        (["--year-filter", "1998"], "set", "did you mean"),
        (["--set-filter", "Donrus"], "card", "did you mean \"Donruss\"?"),
        (["--card-filter", "Gary Cartr"], "card", "did you mean \"Gary Carter\"?"),
    ] {
        let answer = shop.run(&[&filter[..], &["--levels", levels]].concat());
        let name = filter[0].trim_start_matches("--").replace('-', "_");
        assert_eq!(answer.code, 3, "{filter:?} {}{}", answer.stdout, answer.stderr);
        let (_, run) = answer.object();
        let told = run["collected"].to_string() + &run["steps"].to_string();
        assert!(told.contains(&name) && run.to_string().contains(&near.replace('"', "\\\"")), "{run}");
    }
    let begun = shop.run(&["--start-from", "card", "--set-filter", "Donrus"]);
    assert!(begun.code == 1 && begun.stdout.contains("did you mean"), "{}{}", begun.stdout, begun.stderr);
    // A category in other letters is the one that is known: not a second one.
    assert_eq!(shop.run(&["--categories", "baseball", "--levels", "year"]).code, 0);
    assert!(shop.export("card_year").iter().all(|row| text(row, "category") != "baseball"));
}

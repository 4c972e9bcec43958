//! Graded cards end to end: the store equals the site's own record, whatever fails, whoever dies, however
//! many work; delays hold; filters and levels are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use sandbox::{CardFaults, CardSite, CardSiteOptions, TruthCard, TruthCopy};
use serde_json::Value;
use testkit::servers::Server;

use crate::call::{Answer, Desk, until};

/// The site on threads of its own, and a folder to call the program in.
struct Shop {
    site: CardSite,
    _runtime: tokio::runtime::Runtime,
    desk: Desk,
}

impl Shop {
    /// Pages come rendered, so no browser is needed.
    fn open(faults: CardFaults) -> Shop {
        Shop::with(CardSiteOptions { rendered: true, faults, ..CardSiteOptions::small(9) })
    }

    fn with(options: CardSiteOptions) -> Shop {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let site = runtime.block_on(CardSite::start(options)).expect("the site starts");
        Shop { site, _runtime: runtime, desk: Desk::new() }
    }

    fn args<'a>(command: &'a str, url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let base =
            [command, "tag", "--allow-private", "--format", "json", "--set", url, "--set", "render=false"];
        [&base[..], more].concat()
    }

    fn url(&self) -> String {
        format!("url={}", self.site.url())
    }

    /// A run, at full speed unless told otherwise.
    fn run(&self, more: &[&str]) -> Answer {
        let fast = ["--set", "delay=0", "--retry-backoff", "0.02"];
        self.desk.call(&Shop::args("run", &self.url(), &[&fast[..], more].concat()))
    }

    fn tag(&self, question: &[&str]) -> Vec<Value> {
        let answer = self.desk.call(&[&["tag"], question, &["--format", "ndjson"]].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.stdout.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
    }

    fn export(&self, kind: &str) -> Vec<Value> {
        let answer = self.desk.call(&["export", kind, "--format", "ndjson", "--to", "-"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.stdout.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
    }

    /// Cards and copies of the store are those of the site, and every level counts the same.
    fn check(&self) {
        let found: BTreeSet<TruthCard> = self.export("card").iter().map(card).collect();
        let truth: BTreeSet<TruthCard> = self.site.cards().into_iter().collect();
        assert!(
            found == truth,
            "cards differ: {:?}",
            found.symmetric_difference(&truth).take(3).collect::<Vec<_>>()
        );
        let cards: BTreeMap<String, TruthCard> =
            self.export("card").iter().map(|row| (text(row, "source_key"), card(row))).collect();
        let found: BTreeSet<TruthCopy> =
            self.export("graded_card").iter().map(|row| copy(row, &cards)).collect();
        let truth: BTreeSet<TruthCopy> = self.site.copies().into_iter().collect();
        assert!(
            found == truth,
            "copies differ: {:?}",
            found.symmetric_difference(&truth).take(3).collect::<Vec<_>>()
        );
        let years = self.export("card_year");
        let of = |year: &Value, name: &str| year[name].as_u64().expect("a count");
        for truth in self.site.years() {
            let key =
                |row: &&Value| text(row, "category") == truth.category && text(row, "year") == truth.year;
            let row = years.iter().find(key).expect("the year is there");
            assert_eq!(
                (of(row, "sets"), of(row, "items"), of(row, "graded")),
                (truth.sets, truth.items, truth.graded)
            );
        }
        assert_eq!(self.export("card_set").len(), self.site.sets().len());
        let differing = self.tag(&["totals", "--differences"]);
        assert_eq!(differing, Vec::<Value>::new(), "the levels agree");
    }
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

fn card(row: &Value) -> TruthCard {
    let counts = row["populations"].as_object().into_iter().flatten();
    TruthCard {
        category: text(row, "category"),
        year: text(row, "year"),
        brand: text(row, "brand"),
        set: text(row, "set_name"),
        name: text(row, "name"),
        number: text(row, "number"),
        variation: text(row, "variation"),
        populations: counts.map(|(grade, count)| (grade.clone(), count.as_u64().expect("a count"))).collect(),
        total: row["total"].as_u64().expect("a count"),
    }
}

fn copy(row: &Value, cards: &BTreeMap<String, TruthCard>) -> TruthCopy {
    let card = cards.get(&text(row, "card")).unwrap_or_else(|| panic!("its card is there: {row}"));
    let completed = &row["completed"];
    TruthCopy {
        certificate: text(row, "certificate"),
        card: (card.name.clone(), card.number.clone(), card.variation.clone()),
        set: (card.category.clone(), card.year.clone(), card.brand.clone(), card.set.clone()),
        grade: text(row, "grade"),
        rank: row["rank"].as_u64().expect("a rank"),
        rank_by_grade: row["rank_by_grade"].as_u64().expect("a rank"),
        completed: text(completed, "date"),
    }
}

#[test]
fn a_crawl_holds_what_the_site_holds_and_a_second_one_only_what_grew() {
    let shop = Shop::open(CardFaults::default());
    let (code, first) = shop.run(&[]).object();
    assert_eq!(code, 0, "{first}");
    shop.check();
    assert_eq!(shop.site.pages_served(), shop.site.page_count(), "each page was asked for once");
    let (_, second) = shop.run(&[]).object();
    let records = &second["collected"]["records"];
    assert_eq!((&records["new"], &records["changed"]), (&0.into(), &0.into()), "{second}");
    shop.site.grow();
    assert_eq!(shop.run(&[]).code, 0);
    shop.check();
    // What moved is told from the change log.
    let moved = shop.tag(&["trend", "--limit", "1000"]);
    assert!(!moved.is_empty());
    let key = text(&moved[0], "key");
    let course = shop.desk.call(&["tag", "trend", &key, "--format", "json"]).object().1;
    let points = course["points"].as_array().expect("points");
    assert_eq!(points.len(), 2, "{course}");
    assert!(points[1]["total"].as_u64() > points[0]["total"].as_u64(), "{course}");
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
fn fault_11_a_list_that_is_cut_makes_the_run_partial() {
    let shop = Shop::open(CardFaults { truncated_percent: 100, ..CardFaults::default() });
    let answer = shop.run(&["--levels", "year"]);
    assert_eq!(answer.code, 3, "{}{}", answer.stdout, answer.stderr);
    shop.site.set_faults(CardFaults::default());
    assert_eq!(shop.run(&["--levels", "year"]).code, 0);
    assert_eq!(shop.export("card_year").len(), shop.site.years().len());
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
    let sums = &answer.object().1["collected"]["by_kind"];
    assert_eq!(sums["graded_card"]["new"].as_u64(), Some(shop.site.copies().len() as u64), "{sums}");
    let beyond = shop.site.pages_served() - shop.site.page_count();
    assert!(beyond <= 50, "only what the killed one had in hand was asked for again: {beyond}");
}

/// A process of a runner in the folder.
fn runner_of(desk: &Desk) -> u32 {
    let entries = std::fs::read_dir("/proc").expect("processes can be listed");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let mut ours = pids.filter(|pid| {
        let folder = std::fs::read_link(format!("/proc/{pid}/cwd"));
        let args = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        folder.is_ok_and(|folder| folder == desk.folder.path()) && args.contains("\0runner\0")
    });
    ours.next().expect("a runner")
}

#[test]
fn fault_6_a_delay_holds_for_all_runners_together() {
    let shop = Shop::open(CardFaults::default());
    let url = shop.url();
    let more = [
        "--num-runners",
        "3",
        "--delay",
        "0.1",
        "--categories",
        "Pokémon",
        "Baseball",
        "--levels",
        "set",
        "--concurrency",
        "4",
    ];
    let answer = shop.desk.call(&Shop::args("fleet", &url, &more));
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let mut arrivals = shop.site.arrivals();
    arrivals.sort_unstable();
    let least = arrivals.windows(2).map(|pair| pair[1] - pair[0]).min().expect("several pages");
    // Between the turn and the arrival lies the network of this machine.
    assert!(least >= Duration::from_millis(85), "two pages within {least:?}");
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
fn fault_2_a_dry_run_writes_nothing() {
    let shop = Shop::open(CardFaults::default());
    let answer = shop.run(&["--dry-run", "--categories", "Pokémon", "--levels", "set"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(!shop.desk.has_store());
    assert!(shop.site.pages_served() > 1, "it says what would change");
}

#[test]
fn fault_20_what_was_known_before_can_be_asked_for() {
    let shop = Shop::open(CardFaults::default());
    assert_eq!(shop.run(&["--levels", "card"]).code, 0);
    shop.site.grow();
    shop.site.grow();
    assert_eq!(shop.run(&["--levels", "card"]).code, 0);
    let moved = shop.tag(&["trend", "--limit", "1000"]);
    let grew = moved.iter().all(|one| one["after"].as_u64() > one["before"].as_u64());
    assert!(!moved.is_empty() && grew, "{moved:?}");
    let new = moved.iter().any(|one| !text(one, "new grades").is_empty());
    assert!(new, "some card has a grade for the first time");
}

#[test]
fn fault_23_questions_are_answered_from_what_the_crawl_keeps() {
    let shop = Shop::open(CardFaults::default());
    assert_eq!(shop.run(&[]).code, 0);
    let names: Vec<String> = shop.tag(&["categories"]).iter().map(|row| text(row, "category")).collect();
    assert_eq!(names, ["Baseball", "Marvel/DC", "Pokémon"]);
    let years = shop.tag(&["years", "--category", "Marvel/DC"]);
    assert_eq!(years.len(), 2);
    let copy = &shop.site.copies()[0];
    let cert = shop.desk.call(&["tag", "cert", &copy.certificate.to_lowercase()]);
    assert!(cert.stdout.contains(&copy.grade) && cert.stdout.contains(&copy.card.0), "{}", cert.stdout);
    let csv =
        shop.desk.call(&["tag", "cards", "--category", "Baseball", "--set", "Topps", "--format", "csv"]);
    assert!(
        csv.stdout.starts_with("category,year,brand,set_name,number,name,variation,total,10p,"),
        "{}",
        csv.stdout
    );
    let hits = shop.tag(&["search", "gary", "carter"]);
    assert!(hits.iter().all(|hit| text(hit, "name").contains("Gary Carter")) && !hits.is_empty(), "{hits:?}");
    let table = shop.desk.call(&["tag", "grades", "--category", "Baseball", "--card", "Gary Carter"]);
    assert!(table.stdout.contains('\u{2588}') && table.stdout.contains("CERTIFICATE"), "{}", table.stdout);
    let unknown = shop.desk.call(&["tag", "cert", "Z0000000"]);
    assert_eq!(unknown.code, 2, "{}", unknown.stderr);
}

#[test]
fn a_slice_is_crawled_through_a_real_browser() {
    let Some(browser) = Server::Browser.shared() else { return };
    let shop = Shop::with(CardSiteOptions { categories: 1, years: 1, sets: 2, ..CardSiteOptions::small(9) });
    let url = shop.url();
    let args = ["run", "tag", "--allow-private", "--format", "json", "--set", &url, "--set", "delay=0"];
    let more = ["--categories", "Baseball", "--card-filter", "Gary Carter", "Mario Lemieux"];
    let mut command = shop.desk.command(&[&args[..], &more].concat());
    let output = command.env("CALLBOARD_BROWSER", browser).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let found: BTreeSet<TruthCard> = shop.export("card").iter().map(card).collect();
    assert_eq!(found, shop.site.cards().into_iter().collect::<BTreeSet<_>>());
    let wanted = ["Gary Carter", "Mario Lemieux"];
    let truth = shop.site.copies().into_iter().filter(|copy| wanted.contains(&copy.card.0.as_str())).count();
    assert_eq!(shop.export("graded_card").len(), truth);
}

#[test]
fn saved_pages_stand_in_for_the_site() {
    let desk = Desk::new();
    let page = |path: &str, html: &str| {
        desk.folder.write(&format!("saved/my.taggrading.com/pop-report/{path}.html"), html)
    };
    let link = "<a href=\"https://my.taggrading.com/pop-report/Baseball/1989\">1989</a>";
    page(
        "Baseball",
        &format!(
            "<table class=MuiTable-root><thead><tr><th>Year<th>Sets<th>Items<th>Graded</thead>\
        <tbody><tr><td>{link}<td>28<td>300<td>592</tbody></table>"
        ),
    );
    let answer = desk.call(&["run", "tag", "--saved", "saved", "--format", "json"]);
    assert!(matches!(answer.code, 0 | 3), "{}{}", answer.stdout, answer.stderr);
    let years = desk.call(&["tag", "years", "--format", "ndjson"]);
    assert!(years.stdout.contains("\"graded\":592"), "{}{}", years.stdout, years.stderr);
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
fn faults_1_4_15_and_21_what_is_gathered_hangs_together_and_is_told() {
    let shop = Shop::open(CardFaults::default());
    let url = shop.url();
    let args = Shop::args("run", &url, &["--set", "delay=0"]);
    let mut command = shop.desk.command(&args);
    let output =
        command.env("PIPELINE_CATEGORIES", "Marvel/DC,Pokémon").output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let sets: BTreeSet<String> = shop.export("card_set").iter().map(|row| text(row, "source_key")).collect();
    let cards = shop.export("card");
    assert!(!cards.is_empty() && cards.iter().all(|row| sets.contains(&text(row, "card_set"))));
    assert!(cards.iter().all(|row| text(row, "category") != "Baseball"), "the categories that were given");
    let keys: BTreeSet<String> = cards.iter().map(|row| text(row, "source_key")).collect();
    assert!(shop.export("graded_card").iter().all(|row| keys.contains(&text(row, "card"))));
    // Two categories, two years of each, three sets of each.
    assert_eq!(shop.export("card_totals").len(), 2 + 4 + 12);
    let audit = shop.desk.call(&["audit", "--format", "ndjson"]).stdout;
    assert!(audit.contains("run.begin") && audit.contains("run.end"), "{audit}");
}

#[test]
fn faults_25_and_26_schedules_have_their_zone_and_passwords_are_not_shown() {
    let desk = Desk::new();
    let env = [
        ("PIPELINE_SCHEDULE", "0 2 * * 0"),
        ("PIPELINE_TIMEZONE", "America/Chicago"),
        ("POSTGRES_PASSWORD", "hush-hush"),
    ];
    let told = |args: &[&str]| {
        let answer = desk.start_with(args, &env).end();
        answer.stdout + &answer.stderr
    };
    let planned = told(&["schedule", "list", "--format", "json"]);
    assert!(planned.contains("tag") && planned.contains("America/Chicago"), "{planned}");
    assert!(!told(&["config", "show"]).contains("hush-hush"));
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

//! Faults that are about manners: pace, robots.txt, who asks, asking for what has not changed, secrets.

use std::time::{Duration, Instant};

use sandbox::{CardFaults, ListFault};

use super::{Shop, text};
use crate::call::Desk;

/// Between a turn and the arrival of its request lies this machine, which may be busy.
const ON_THE_WAY: Duration = Duration::from_millis(100);

/// However many ask: between any two pages of the site's own log lies the delay, as often as there are pages
/// between them.
fn check_gaps(arrivals: &[Instant], delay: Duration) {
    for (first, from) in arrivals.iter().enumerate() {
        for (last, to) in arrivals.iter().enumerate().skip(first + 1) {
            let (pages, least) = (last - first, delay * u32::try_from(last - first).expect("few"));
            let gap = *to - *from;
            assert!(gap + ON_THE_WAY >= least, "{pages} pages within {gap:?}, at {delay:?} each");
        }
    }
}

#[test]
fn fault_6_a_delay_holds_for_one_runner_and_for_all_together() {
    let delay = Duration::from_millis(200);
    for runners in ["1", "3"] {
        let shop = Shop::open(CardFaults::default());
        let url = shop.url();
        let more = ["--num-runners", runners, "--delay", "0.2", "--levels", "set", "--concurrency", "4"];
        let answer = shop.desk.call(&Shop::args("fleet", &url, &more));
        assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
        let mut arrivals = shop.site.arrivals();
        arrivals.sort_unstable();
        // The list, the categories, their years.
        assert_eq!(arrivals.len(), 1 + 3 + 6);
        check_gaps(&arrivals, delay);
    }
}

#[test]
fn fault_6_a_run_shares_its_delay_with_a_runner_beside_it() {
    let shop = Shop::open(CardFaults::default());
    let beside = shop.desk.start(&["runner", "--allow-private"]);
    let answer = shop.run(&["--delay", "0.2", "--levels", "set"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    drop(beside);
    let mut arrivals = shop.site.arrivals();
    arrivals.sort_unstable();
    check_gaps(&arrivals, Duration::from_millis(200));
}

#[test]
fn fault_25_a_password_is_not_shown_and_a_dead_server_not_replaced_in_silence() {
    let desk = Desk::new();
    let told = |args: &[&str]| {
        let mut command = desk.command(args);
        for name in ["DATABASE_URL", "CALLBOARD_NAMESPACE"] {
            command.env_remove(name);
        }
        let env = [
            ("POSTGRES_HOST", "127.0.0.1"),
            ("POSTGRES_PORT", "1"),
            ("POSTGRES_DB", "cards"),
            ("POSTGRES_PASSWORD", "hush-hush"),
        ];
        let output = command.envs(env).output().expect("the program starts");
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).expect("output is UTF-8"))
    };
    let (code, said) = told(&["config", "show"]);
    assert!(code == Some(0) && !said.contains("hush-hush"), "{said}");
    let (code, said) = told(&["tag", "years"]);
    assert_ne!(code, Some(0), "{said}");
    assert!(said.contains("127.0.0.1") && !said.contains("hush-hush"), "{said}");
    let (code, said) = told(&["run", "tag", "--levels", "category"]);
    assert!(code != Some(0) && !said.contains("hush-hush"), "{said}");
    let mut without_database = desk.command(&["runs"]);
    without_database.env_remove("DATABASE_URL").env_remove("CALLBOARD_NAMESPACE");
    let told = without_database.env("POSTGRES_HOST", "127.0.0.1").output().expect("the program starts");
    let said = String::from_utf8(told.stderr).expect("output is UTF-8");
    assert!(told.status.code() == Some(2) && said.contains("POSTGRES_DB"), "{said}");
    assert!(!desk.folder.names().iter().any(|name| name.ends_with(".db")), "{:?}", desk.folder.names());
}

#[test]
fn fault_28_robots_are_obeyed_it_says_who_asks_and_what_is_unchanged_is_not_asked_for() {
    let shop = Shop::open(CardFaults { closed: true, ..CardFaults::default() });
    let answer = shop.run(&[]);
    assert!(answer.code == 1 && answer.stdout.contains("robots"), "{}{}", answer.stdout, answer.stderr);
    assert_eq!(shop.site.pages_served(), 0, "a closed site is left alone");

    let shop = Shop::open(CardFaults::default());
    let contact = [("CALLBOARD_CONTACT", "https://collectors.example/bot")];
    assert_eq!(shop.run_with(&["--levels", "card"], &contact).code, 0);
    let agents = shop.site.agents();
    assert!(
        agents.iter().all(|agent| agent.starts_with("callboard/") && agent.contains("collectors.example")),
        "{agents:?}"
    );
    let first = shop.site.pages_served();
    assert_eq!(shop.run(&["--levels", "card"]).code, 0);
    // The list and the pages of its categories say that nothing below them has changed.
    assert_eq!(shop.site.pages_served() - first, 1 + 3);
}

#[test]
fn without_a_whole_list_of_categories_those_that_are_known_are_asked_for() {
    for (fault, why) in [
        (ListFault::Fails, "known before are asked for instead"),
        (ListFault::Empty, "holds no category"),
        (ListFault::Cut, "shows 2 of 3 categories"),
    ] {
        let shop = Shop::open(CardFaults { list: fault, ..CardFaults::default() });
        let answer = shop.run(&["--levels", "year", "--max-retries", "0"]);
        assert_eq!(answer.code, 3, "{}{}", answer.stdout, answer.stderr);
        assert!(answer.stdout.contains(why), "{fault:?}: {}", answer.stdout);
        assert_eq!(shop.export("card_year").len(), shop.site.years().len(), "{fault:?}");
        let mut names: Vec<String> =
            shop.export("card_category").iter().map(|row| text(row, "name")).collect();
        names.sort();
        assert_eq!(names, shop.site.categories(), "{fault:?}: what has no year is no category");
    }
}

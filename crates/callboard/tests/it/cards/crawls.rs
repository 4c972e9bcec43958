//! Crawls: what they gather, what a second one asks for, saved pages, certificates, a real browser.

use std::collections::BTreeSet;

use sandbox::{CardFaults, CardSiteOptions, TruthCard, TruthCertificate};
use testkit::servers::Server;

use super::kept::card;
use super::{Shop, text};
use crate::call::Desk;

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
fn a_crawl_with_other_filters_asks_for_no_page_that_is_known() {
    let shop = Shop::open(CardFaults::default());
    let asked = |more: &[&str]| {
        let before = shop.site.pages_served();
        let (code, run) = shop.run(more).object();
        assert_eq!(code, 0, "{run}");
        (shop.site.pages_served() - before, run)
    };
    asked(&[]);
    // The list and the pages of its categories say that nothing below them has changed.
    let (pages, narrow) = asked(&["--set-filter", "Topps*"]);
    assert_eq!(pages, 1 + 3, "{narrow}");
    assert_eq!(narrow["collected"]["documents"]["fetched"], 4, "what was at hand was not fetched: {narrow}");
    // What the narrow crawl brings, the wide one need not; and the other way round.
    shop.site.grow();
    let (narrow, _) = asked(&["--set-filter", "Topps*"]);
    let (rest, _) = asked(&[]);
    shop.check();
    shop.site.grow();
    let (all, _) = asked(&[]);
    assert!(narrow > 4 && rest < all, "{narrow} pages of Topps, then {rest}; {all} of all");
    assert_eq!(asked(&["--categories", "Baseball"]).0, 1, "the page of the category alone");
    shop.check();
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
fn saved_pages_of_sets_alone_answer_questions_and_name_what_can_be_asked_for() {
    let desk = Desk::new();
    let card = |number: u32| format!("<tr><td>{number}<td>Gary Carter<td>1<td>1</tr>");
    let page = format!(
        "<table class=MuiTable-root><thead><tr><th>#<th>Card<th>10<th>Total</thead><tbody>{}{}</tbody></table>",
        card(7),
        card(53)
    );
    desk.folder.write("saved/my.taggrading.com/pop-report/Baseball/1989/Donruss.html", &page);
    let answer = desk.call(&["run", "tag", "--saved", "saved", "--levels", "card", "--format", "json"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let cards = desk.call(&["tag", "cards", "--category", "baseball", "--format", "ndjson"]);
    assert_eq!((cards.code, cards.stdout.lines().count()), (0, 2), "{}{}", cards.stdout, cards.stderr);
    // Two of a name: by what is told of them they can be asked for.
    let several = desk.call(&["tag", "trend", "Carter"]);
    let key = "Baseball/1989/Donruss//Gary Carter/53/";
    assert!(several.code == 2 && several.stderr.contains(&format!("'{key}'")), "{}", several.stderr);
    let csv = desk.call(&["tag", "trend", key, "--format", "csv"]);
    assert!(csv.stdout.starts_with("key,day,grade,count,change,total\r\n"), "{}", csv.stdout);
    let one = desk.call(&["tag", "trend", key, "--grade", "10", "--format", "json"]).object().1;
    assert_eq!((&one["grade"], &one["points"][0]["count"]), (&"10".into(), &1.into()), "{one}");
}

#[test]
fn certificates_are_read_with_all_that_they_say() {
    // The ninth set is the first that is no base set.
    let size =
        CardSiteOptions { categories: 1, years: 1, sets: 9, rendered: true, ..CardSiteOptions::small(9) };
    let shop = Shop::with(size);
    let answer = shop.run(&["--set-filter", "Upper Deck", "Diamond Kings", "--levels", "certificate"]);
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    let copies = shop.export("graded_card");
    let mut found: Vec<TruthCertificate> = copies
        .iter()
        .map(|row| TruthCertificate {
            certificate: text(row, "certificate"),
            player: text(row, "player"),
            set: text(row, "set_title"),
            subset: text(row, "subset"),
            variation: text(row, "variation"),
            score: row["score"].as_u64().expect("a score"),
        })
        .collect();
    found.sort();
    let truth = shop.site.certificates();
    let of_slice = |truth: &&TruthCertificate| found.iter().any(|own| own.certificate == truth.certificate);
    let mut truth: Vec<TruthCertificate> = truth.iter().filter(of_slice).cloned().collect();
    truth.sort();
    assert_eq!(found, truth);
    assert!(found.iter().any(|one| !one.subset.is_empty() && !one.variation.is_empty()), "of all kinds");
    let picture =
        |row| text(row, "image_url").ends_with(&format!("/card-images/{}.jpg", text(row, "certificate")));
    assert!(copies.iter().all(picture), "each with its picture");
    // What the card's page said of it is kept beside.
    assert!(copies.iter().all(|row| !text(row, "grade").is_empty() && row["rank"].as_u64() > Some(0)));
}

//! Web pages and recorded answers from the command line: two captures, one after the other.

use testkit::recorded_files;

use crate::call::{Desk, event_counts};

fn captures(folder: &str, marker: &str) -> Vec<String> {
    let files = recorded_files(folder, &[".html", ".json"]);
    files
        .iter()
        .map(|path| path.to_string_lossy().into_owned())
        .filter(|path| path.contains(marker))
        .collect()
}

fn collect_in(desk: &Desk, flags: &[&str], files: &[String]) -> serde_json::Value {
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    desk.collect(&[flags, &files].concat())
}

#[test]
fn two_captures_of_venue_pages_show_what_changed() {
    let (first, second) = (
        captures("data/venue_html_recapture", "details-test-case__"),
        captures("data/venue_html_recapture", "details-test-case-run-2__"),
    );
    if first.is_empty() {
        return;
    }
    let desk = Desk::new();
    let before = collect_in(&desk, &[], &first);
    assert_eq!(event_counts(&before), [5, 0, 0, 0, 0], "{before}");
    let after = collect_in(&desk, &[], &second);
    let [new, changed, unchanged, _, vanished] = event_counts(&after);
    assert_eq!((new, changed + unchanged, vanished), (0, 5, 0), "{after}");
    assert_eq!(event_counts(&collect_in(&desk, &[], &second))[..3], [0, 0, 5]);
}

#[test]
fn two_captures_of_an_organizer_show_the_event_that_went() {
    let page = |number: u32, again: &str| {
        captures("data/eventbrite", &format!("_expand_venue_page{number}{again}.json"))
    };
    let (first, second) =
        ([page(1, ""), page(2, "")].concat(), [page(1, "_recapture"), page(2, "_recapture")].concat());
    if first.is_empty() {
        return;
    }
    let desk = Desk::new();
    let before = collect_in(&desk, &["--connector", "eventbrite"], &first);
    assert_eq!(event_counts(&before)[0], 73, "{before}");
    let after = collect_in(&desk, &["--connector", "eventbrite"], &second);
    let [new, _, _, _, vanished] = event_counts(&after);
    assert_eq!((new, vanished), (0, 1), "{after}");
}

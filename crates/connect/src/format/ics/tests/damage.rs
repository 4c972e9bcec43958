//! Damaged, empty and foreign documents: each with its outcome, none with a panic.

use super::*;
use crate::connector::ReadError;

fn body(text: &str) -> Result<Reading, ReadError> {
    read(&document(text), &options("2026-01-01", "2026-12-31"))
}

const EVENT: &str = "BEGIN:VEVENT\nUID:1\nDTSTART:20260601T190000Z\nEND:VEVENT\n";

#[test]
fn nothing_and_something_else() {
    assert_eq!(body("").err(), Some(ReadError::Empty));
    assert_eq!(body(" \r\n\n").err(), Some(ReadError::Empty));
    assert!(matches!(body("<!DOCTYPE html><html></html>"), Err(ReadError::Unrecognised(_))));
    assert!(matches!(body("bad request"), Err(ReadError::Unrecognised(_))));
}

#[test]
fn a_calendar_without_events_says_so() {
    let reading =
        calendar("X-WR-CALNAME:Club\\, nights\nBEGIN:VTODO\nUID:1\nEND:VTODO\nX-PUBLISHED-TTL:PT1H");
    assert!(reading.records.is_empty() && reading.complete);
    assert_eq!(
        notes(&reading),
        "the calendar is called \"Club, nights\"\n\
         the calendar holds no events\n\
         line 3: 1 component that are not events passed over (VTODO)\n\
         the calendar asks to be fetched every PT1H"
    );
}

#[test]
fn a_truncated_document_gives_what_is_whole() {
    let whole = format!("BEGIN:VCALENDAR\n{EVENT}BEGIN:VEVENT\nUID:2\nDTSTART:2026");
    let reading = body(&whole).expect("a calendar");
    assert_eq!(starts(&reading), ["1 2026-06-01T19:00:00+00:00"]);
    assert!(!reading.complete);
    let damage = reading.damaged.expect("damaged").to_string();
    assert_eq!(damage, "line 8: the document ends inside the VEVENT that begins on line 6");
    assert_eq!(reading.rejected[0].reason, "truncated");

    let between = body(&format!("BEGIN:VCALENDAR\n{EVENT}")).expect("a calendar");
    assert!(between.damaged.is_some() && !between.complete && between.rejected.is_empty());
    assert_eq!(events(&between).len(), 1);
}

#[test]
fn several_calendars_and_text_around_them() {
    let calendar = |uid: &str, zone: &str| {
        format!(
            "BEGIN:VCALENDAR\nX-WR-TIMEZONE:{zone}\nBEGIN:VEVENT\nUID:{uid}\nDTSTART:20260601T190000\nEND:VEVENT\nEND:VCALENDAR\n"
        )
    };
    let text =
        format!("Warning: x\n{}{}</html>", calendar("1", "Asia/Tokyo"), calendar("2", "Europe/Berlin"));
    let reading = body(&text).expect("a calendar");
    assert_eq!(starts(&reading), ["1 2026-06-01T19:00:00+09:00", "2 2026-06-01T19:00:00+02:00"]);
    assert!(reading.complete && reading.damaged.is_none());
    assert!(notes(&reading).contains("line 1: 2 lines that belong to no calendar"), "{}", notes(&reading));
}

#[test]
fn bare_events_are_read_but_are_not_a_whole_calendar() {
    let reading = body(EVENT).expect("events");
    assert_eq!(events(&reading).len(), 1);
    assert!(!reading.complete);
    assert!(notes(&reading).contains("BEGIN:VCALENDAR is missing"), "{}", notes(&reading));
}

#[test]
fn crossed_ends_lose_no_event() {
    let text =
        format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:0\nDTSTART:20260501T190000Z\n{EVENT}END:VCALENDAR\n");
    let reading = body(&text).expect("a calendar");
    assert_eq!(events(&reading).len(), 2);
    assert!(
        notes(&reading).contains("line 5: 1 place where BEGIN and END do not match"),
        "{}",
        notes(&reading)
    );
}

/// Rules, zones and lists made to keep a reader busy; the whole takes moments.
#[test]
fn malice_is_bounded() {
    let zone = "BEGIN:STANDARD\nDTSTART:00010101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
        RRULE:FREQ=SECONDLY\nRRULE:FREQ=YEARLY;COUNT=9999999\nEND:STANDARD\n";
    let zone = format!("BEGIN:VTIMEZONE\nTZID:Mad\n{}END:VTIMEZONE\n", zone.repeat(300));
    let event = |uid: usize| {
        let rules = "RRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30\nRRULE:FREQ=MINUTELY;COUNT=4000000000";
        vevent(&format!(
            "UID:{uid}\nDTSTART;TZID=Mad:19000101T000000\nDTEND;TZID=Mad:99001231T000000\n{rules}"
        ))
    };
    let all: Vec<String> = (0..2).map(event).collect();
    let reading = calendar(&format!("{zone}{}", all.join("\n")));
    let damaged = reading.damaged.unwrap();
    assert!(damaged.message.contains("2 repeating events cut short"), "{damaged}");
}

/// Numbers that are the same at every run.
fn seeded(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    usize::try_from(*state >> 33).expect("31 bits")
}

/// Other digits here and there, and two lines changed about: still nearly a calendar, so that the
/// damage reaches times, rules and zones.
fn scrambled(bytes: &[u8], state: &mut u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for byte in bytes.iter_mut().filter(|byte| byte.is_ascii_digit()) {
        if seeded(state).is_multiple_of(15) {
            *byte = b'0' + u8::try_from(seeded(state) % 10).expect("a digit");
        }
    }
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let (one, other) = (seeded(state) % lines.len(), seeded(state) % lines.len());
    lines.swap(one, other);
    lines.join(&b'\n')
}

#[test]
fn no_cut_no_flipped_byte_and_no_other_digit_panics() {
    const ROUNDS: usize = 8;
    let options = options("2018-01-01", "2021-12-31");
    let mut state = 11;
    for path in testkit::recorded_files("data/ics", &[".ics"]) {
        let bytes = std::fs::read(&path).expect("a recorded file");
        if bytes.len() > 50_000 {
            continue;
        }
        for _ in 0..ROUNDS {
            let cut = seeded(&mut state) % (bytes.len() + 1);
            drop(read(&document(&bytes[..cut]), &options));
            drop(read(&document(scrambled(&bytes, &mut state)), &options));
            let mut flipped = bytes.clone();
            for _ in 0..20 {
                let at = seeded(&mut state) % flipped.len();
                flipped[at] = u8::try_from(seeded(&mut state) % 256).expect("a byte");
            }
            drop(read(&document(flipped), &options));
        }
    }
}

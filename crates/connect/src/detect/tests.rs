//! Whole documents in, readings or errors out: recorded pages, wrong pages, damaged ones.

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use model::{Event, Found, Kind, Record, SourceName, Window};
use testkit::{recorded_bytes, recorded_files};
use url::Url;

use super::*;

fn options(timezone: Option<Tz>) -> ReadOptions {
    let day = NaiveDate::from_ymd_opt(2026, 1, 1).expect("date");
    ReadOptions { window: Window::around(day, 30, 365), timezone, now: DateTime::UNIX_EPOCH }
}

fn read_as_file(name: &str, body: &[u8]) -> Result<Reading, ReadError> {
    let url = Url::parse(&format!("file:///saved/{name}")).expect("url");
    read(&Document::from_bytes(name, url, body.to_vec()), &options(None))
}

fn recorded_reading(path: &str) -> Option<Reading> {
    let body = recorded_bytes(&format!("data/{path}"))?;
    Some(read_as_file("page", &body).unwrap_or_else(|error| panic!("{path}: {error}")))
}

fn count(reading: &Reading, kind: Kind) -> usize {
    reading.records.iter().filter(|record| record.kind() == kind).count()
}

fn events(reading: &Reading) -> Vec<&Event> {
    reading.records.iter().filter_map(Record::as_event).collect()
}

/// Every page of the expectations gives one event a distinct node, and nothing is lost.
#[test]
fn recorded_pages_give_their_events() {
    let check = |path: &str, expected: usize, source: Option<&str>| {
        let Some(reading) = recorded_reading(path) else { return };
        assert_eq!(count(&reading, Kind::Event), expected, "{path}");
        assert_eq!(reading.source.as_ref().map(SourceName::as_str), source, "{path}");
        assert!(!reading.complete, "{path}: a page shows some events, not all");
    };
    check("jsonld/outsavvy_c_event_16424_monthly_mix_mingle.html", 26, Some("www.outsavvy.com"));
    check("jsonld/dice_fm_venue_folklore.html", 17, Some("dice.fm"));
    check("jsonld/det_great_lakes_water_authority.html", 5, Some("www.glwater.org"));
    check("jsonld/songkick_elysianfields_1.html", 4, Some("www.songkick.com"));
    check("jsonld/wix_heartoftorbay_events.html", 1, Some("www.heartoftorbaycic.com"));
    check("eventbrite/page_omaha_municipal_bank_eventbrite_full.html", 1, Some("www.eventbrite.com"));
    check("eventbrite/page_organizer_48062165483.html", 24, Some("www.eventbrite.co.uk"));
    check("microdata/wicks_city_apc.html", 10, None);
    check("microdata/calagator_hcal_upcoming_v1.html", 1, None);
    check("microdata/calagator_hcal_two_identical_events.xml", 1, None);
    check("microdata/calagator_hcal_same_event_twice_with_different_venues.xml", 2, None);
    check("jsonld/extruct_edge_null_ld_mock.html", 0, None);
    check("jsonld/gfsc_studio_no_events.html", 0, Some("gfsc.studio"));
    check("jsonld/squarespace_events_page.html", 0, Some("www.vfdalston.com"));
}

/// These pages state each event in JSON-LD and in microdata.
#[test]
fn an_event_in_two_forms_is_one_record() {
    let Some(reading) = recorded_reading("jsonld/summ_alcohol_drug_mental_health.html") else { return };
    assert_eq!(count(&reading, Kind::Event), 6);
    assert!(events(&reading).iter().all(|event| event.status == "scheduled".into()));

    let Some(reading) = recorded_reading("jsonld/cook_landbank.html") else { return };
    let starts: Vec<_> = events(&reading).into_iter().filter_map(|event| event.start.value()).collect();
    assert_eq!(starts.len(), 9);
    assert_eq!(
        (starts[0].said.as_str(), starts[0].time.map(|t| t.to_string())),
        ("2019-9-18T10:00", Some("10:00:00".into()))
    );
    assert!(
        reading.notes.iter().any(|note| note.message.contains("3 JSON-LD block(s)")),
        "{:?}",
        reading.notes
    );
}

#[test]
fn an_eventbrite_page_states_prices_place_and_organizer() {
    let Some(reading) = recorded_reading("eventbrite/page_omaha_municipal_bank_eventbrite_full.html") else {
        return;
    };
    let event = events(&reading)[0].clone();
    assert_eq!(event.title, "Omaha Municipal Land Bank Board Meeting".into());
    assert_eq!((event.is_free, event.currency), (true.into(), "USD".into()));
    assert_eq!((event.availability, event.attendance), ("available".into(), "in_person".into()));
    assert_eq!((event.language, event.categories), ("en-US".into(), vec!["Social".to_owned()].into()));
    let venue = reading.records.iter().find_map(Record::as_venue).expect("a venue");
    assert_eq!((venue.city.clone(), venue.country.clone()), ("Omaha".into(), "US".into()));
    assert_eq!([Kind::Organizer, Kind::Offer].map(|kind| count(&reading, kind)), [1, 1]);
}

#[test]
fn titles_lose_their_double_encoding() {
    let Some(reading) = recorded_reading(
        "venue_html_recapture/www.spotgroningen.nl__details-test-case__programma__keb-mo.html",
    ) else {
        return;
    };
    assert_eq!(events(&reading)[0].title, "Keb\u{2019} Mo\u{2019}".into());
}

/// The fields in which two readings of one row differ.
fn differing(before: &Record, after: &Record) -> Vec<String> {
    let columns = before.kind().spec().columns.iter();
    let values = columns.zip(before.values().into_iter().zip(after.values()));
    values
        .filter(|(_, (b, a))| b != a)
        .map(|(column, _)| format!("{}.{}", before.kind().name(), column.name))
        .collect()
}

/// The page prints the moment it was made as the end of the sale, and as its start while a sale has
/// none: the only fields in which the captures, two days apart, differ.
#[test]
fn captures_of_one_page_differ_only_where_the_page_does() {
    let check = |name: &str, expected: &[&str]| {
        let capture = |run: &str| {
            recorded_reading(&format!(
                "venue_html_recapture/www.spotgroningen.nl__{run}__programma__{name}.html"
            ))
        };
        let (Some(first), Some(second)) = (capture("details-test-case"), capture("details-test-case-run-2"))
        else {
            return;
        };
        let keys =
            |reading: &Reading| reading.records.iter().map(|r| (r.kind(), r.key.clone())).collect::<Vec<_>>();
        assert_eq!(keys(&first), keys(&second), "{name}");
        let pairs = first.records.iter().zip(&second.records);
        let mut fields: Vec<String> = pairs.flat_map(|(before, after)| differing(before, after)).collect();
        fields.sort();
        fields.dedup();
        assert_eq!(fields, expected, "{name}");
    };
    let both = ["event.sales_end", "event.sales_start", "offer.sales_end", "offer.sales_start"];
    check("keb-mo", &both);
    check("herman-van-veen-11", &both);
    check("sarah-shook-the-disarmers", &both);
    check("swamp-dogg", &["event.sales_end", "offer.sales_end"]);
    check("noord-nederlands-toneel-75", &["event.sales_end", "offer.sales_end"]);
}

#[test]
fn what_stands_in_place_of_a_listing_is_named() {
    let check = |body: &str, expected: ReadError| {
        assert_eq!(read_as_file("x", body.as_bytes()).expect_err(body), expected);
    };
    check("", ReadError::Empty);
    check("  \n", ReadError::Empty);
    check("Bad Request", ReadError::SourceError("Bad Request".into()));
    check(
        "<title>Sign in - Google Accounts</title><form>",
        ReadError::SignIn("Sign in - Google Accounts".into()),
    );
    check(
        "<link rel=canonical href='https://accounts.google.com/v3/signin'><p>Welcome",
        ReadError::SignIn("accounts.google.com".into()),
    );
    check("<title>Members</title><input type=password>", ReadError::SignIn("Members".into()));
    check(
        "<html><head><title>Object moved</title></head><body><a href=\"https://new.test/cal\">here</a>",
        ReadError::Moved("https://new.test/cal".into()),
    );
    check(
        "<meta http-equiv=refresh content='0;url=https://new.test/'>",
        ReadError::Moved("https://new.test/".into()),
    );
    check("<title>404 Not Found</title><h1>Not Found</h1>", ReadError::SourceError("404 Not Found".into()));
    check("<title>Just a moment...</title>", ReadError::SourceError("Just a moment...".into()));
    check(
        r#"{"error": "NOT_FOUND", "error_description": "no such thing"}"#,
        ReadError::SourceError("NOT_FOUND: no such thing".into()),
    );
    check(
        r#"{"errors": [{"code": "DIS1004", "detail": "gone"}]}"#,
        ReadError::SourceError("DIS1004: gone".into()),
    );
    check(
        "<?xml version='1.0'?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>",
        ReadError::SourceError("Access Denied".into()),
    );
}

#[test]
fn recorded_wrong_answers() {
    let check = |path: &str, expected: ReadError| {
        let Some(body) = recorded_bytes(&format!("data/{path}")) else { return };
        assert_eq!(read_as_file("x", &body).expect_err(path), expected, "{path}");
    };
    check("ics/placecal_icloud_yellowbird_301.html", ReadError::Moved("an address it does not give".into()));
    check("ics/placecal_outlook365_400.html", ReadError::SourceError("Bad Request".into()));
    let Some(body) = recorded_bytes("data/other_apis/squarespace_bad_json.html") else { return };
    assert!(matches!(read_as_file("x", &body), Err(ReadError::Malformed { format: "JSON", line: 1, .. })));
}

/// Many pages carry a login form in a corner; only a page that is nothing else is a sign-in page.
#[test]
fn recorded_pages_are_not_taken_for_wrong_ones() {
    for file in recorded_files("data/city_scrapers", &[".html"]) {
        let body = std::fs::read(&file).expect("recorded page");
        match read_as_file("page", &body) {
            Ok(_) | Err(ReadError::Unrecognised(_) | ReadError::Malformed { .. }) => {}
            Err(error) => panic!("{}: {error}", file.display()),
        }
    }
}

#[test]
fn a_page_without_events_says_where_it_looked() {
    let reading = read_as_file("x", b"<title>Blogging in Leeds</title><p>No dates.").expect("a page");
    assert!(reading.records.is_empty());
    assert!(reading.notes[0].message.contains("connector new"), "{:?}", reading.notes);
}

#[test]
fn other_formats_are_named() {
    let message = |body: &str| read_as_file("x", body.as_bytes()).expect_err(body).to_string();
    assert!(message("<?xml version='1.0'?><venues/>").contains("<venues>"));
    assert!(message(r#"{"upcoming": [], "past": []}"#).contains("upcoming, past"));
    assert!(message(r#"[{"id": 1}]"#).contains("list of 1 items with the keys id"));
    assert!(message("id;title\n1;Gala").contains("begins with"));
    assert!(message("{\"a\": 1,").contains("malformed JSON at line 1"));
}

#[test]
fn bare_json_ld_is_read() {
    let reading =
        read_as_file("x", br#"{"@graph": [{"@type": "Event", "name": "Gala", "startDate": "2026-05-01"}]}"#)
            .expect("JSON-LD");
    assert_eq!(events(&reading)[0].title, "Gala".into());
    let Some(body) = recorded_bytes("data/jsonld/songkick_expected_elysianfields.json") else { return };
    let extracted: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
    let reading = read_as_file("x", extracted["json-ld"].to_string().as_bytes()).expect("JSON-LD");
    // Four concerts, and the band.
    assert_eq!(count(&reading, Kind::Event), 4);
    assert_eq!(events(&reading)[0].title, "Elysian Fields".into());
}

#[test]
fn the_configured_zone_applies_to_local_times() {
    let Some(body) = recorded_bytes("data/microdata/wicks_city_apc.html") else { return };
    let url = Url::parse("https://wichita.test/apc").expect("url");
    let mut document = Document::from_bytes("page", url, body);
    document.found = Found::Fetched;
    let reading = read(&document, &options(Some(Tz::America__Chicago))).expect("a page");
    let start = events(&reading)[0].start.value().cloned().expect("start");
    assert_eq!(start.instant().map(|t| t.to_rfc3339()).as_deref(), Some("2024-01-11T10:00:00-06:00"));
    assert_eq!(reading.source, None);
}

/// The same sequence on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % sides.max(1) as u64) as usize
    }
}

/// Recorded documents cut short and with bytes overwritten: any answer will do, a panic will not.
#[test]
fn damaged_documents_never_panic() {
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    for folder in ["data/jsonld", "data/microdata", "data/feeds"] {
        for file in recorded_files(folder, &[".html", ".xml"]) {
            let whole = std::fs::read(&file).expect("recorded document");
            if whole.len() > 150_000 {
                continue;
            }
            for _ in 0..4 {
                let mut body = whole[..dice.roll(whole.len() + 1)].to_vec();
                for _ in 0..dice.roll(20) {
                    let (length, value) = (body.len(), dice.roll(256) as u8);
                    if let Some(byte) = body.get_mut(dice.roll(length)) {
                        *byte = value;
                    }
                }
                let _ = read_as_file("damaged", &body);
            }
        }
    }
}

/// Nesting and repetition far beyond any real page: bounded stack, bounded time.
#[test]
fn hostile_documents_end() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(20_000), close.repeat(20_000));
    let item = "<item><title>x</title>";
    for body in [
        format!("<?xml version='1.0'?><rss>{item}{}</item></rss>", deep("<a>", "</a>")),
        format!("<div itemscope itemtype='http://schema.org/Event'>{}", deep("<div>", "</div>")),
        deep("<div itemscope itemprop=location itemtype='http://schema.org/Event'>", "</div>"),
        deep("<p class=vevent>", "</p>"),
        format!("<script type='application/ld+json'>{}</script>", deep("[", "]")),
        deep("[", "]"),
        deep("{\"a\":", "}"),
        format!("<title>{}", "<![CDATA[".repeat(20_000)),
    ] {
        let _ = read_as_file("hostile", body.as_bytes());
    }
}

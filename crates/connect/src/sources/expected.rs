//! Holds manifests of public-meeting pages against the facts recorded for them.
//!
//! `data/city_scrapers/EXPECTED.json` keeps what the projects that read these pages before us assert of
//! them. Their records are sorted now by page, now by date: an order under which all facts hold is
//! looked for. What they call tentative, confirmed or passed is scheduled here; a place called "TBD" or
//! nothing is no place.

use std::collections::VecDeque;

use chrono::{DateTime, Utc};
use model::{Document, Event, Kind, Reading, Record, Stated, When, Window};
use serde_json::Value;

use crate::connector::{Connector, Params, ReadOptions};
use crate::manifest::{Manifest, load};
use crate::sources::shipped;

/// What to hold a manifest against.
#[derive(Default)]
pub(crate) struct Check<'a> {
    /// Name of the shipped manifest.
    pub(crate) manifest: &'a str,
    /// Name of the facts in EXPECTED.json.
    pub(crate) spider: &'a str,
    /// The recorded files in the order of the manifest's requests, when it is not that of the facts:
    /// request name and file name.
    pub(crate) files: &'a [(&'a str, &'a str)],
    /// Lists of facts that belong to other documents than ours (`parsed_minutes_items`).
    pub(crate) without_lists: &'a [&'a str],
    /// Facts that do not hold, as `list[index].field`, with the reason; each needs one, and each must
    /// indeed not hold.
    pub(crate) except: &'a [(&'a str, &'a str)],
}

/// Holds the shipped `manifest` against the facts called `spider`.
pub(crate) fn check_expected(manifest: &str, spider: &str) {
    check(&Check { manifest, spider, ..Check::default() });
}

/// The same with more to say.
pub(crate) fn check(check: &Check<'_>) {
    let Some(bytes) = testkit::recorded_bytes("data/city_scrapers/EXPECTED.json") else { return };
    let all: Value = serde_json::from_slice(&bytes).expect("EXPECTED.json is JSON");
    let mut tests =
        all["tests"].as_array().expect("tests").iter().filter(|test| test["spider"] == check.spider);
    let facts = tests.next().unwrap_or_else(|| panic!("EXPECTED.json has no spider {}", check.spider));
    let yaml = shipped().iter().find(|shipped| shipped.name == check.manifest);
    let yaml = yaml.unwrap_or_else(|| panic!("no shipped manifest {}", check.manifest)).yaml;
    let manifest = load(check.manifest, yaml).unwrap_or_else(|faults| panic!("{faults:?}"));
    let read = read_all(check, &manifest, facts);
    let faults = hold(check, facts, &read);
    assert!(
        faults.is_empty(),
        "{} against {}:\n  {}\n{}",
        check.manifest,
        check.spider,
        faults.join("\n  "),
        read.shown()
    );
}

/// Everything the manifest reads from the recorded files of one test.
struct Read {
    events: Vec<Record>,
    venues: Vec<Record>,
    notes: Vec<String>,
    url: String,
    /// The last address of the facts: of the page of details, where there is one.
    last_url: String,
}

impl Read {
    fn shown(&self) -> String {
        let lines = self.events.iter().take(4).map(|event| format!("  {}", event.to_json()));
        format!(
            "{} events:\n{}\n{}",
            self.events.len(),
            lines.collect::<Vec<_>>().join("\n"),
            self.notes.join("\n")
        )
    }

    fn keep(&mut self, reading: Reading) {
        for record in reading.records {
            let list = match record.kind() {
                Kind::Event => &mut self.events,
                Kind::Venue => &mut self.venues,
                _ => continue,
            };
            match list.iter_mut().find(|known| known.key == record.key) {
                Some(known) => {
                    let mut newer = record;
                    newer.fill_from(known.clone());
                    *known = newer;
                }
                None => list.push(record),
            }
        }
        self.notes.extend(reading.rejected.iter().map(|r| format!("rejected {}: {}", r.reason, r.detail)));
        self.notes.extend(reading.notes.iter().map(|note| format!("note: {note}")));
    }
}

/// Reads the first file as the answer of the request that begins, and each request that follows with
/// the file that stands for its kind: the next one in the list, one a kind.
fn read_all(check: &Check<'_>, manifest: &Manifest, facts: &Value) -> Read {
    let options = options(facts);
    let files: Vec<&str> =
        facts["files"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let requests = manifest.spec().requests.names();
    let by_order =
        || requests.zip(files.iter().copied()).map(|(name, file)| (name.to_owned(), file.to_owned()));
    let files: Vec<(String, String)> = if check.files.is_empty() {
        by_order().collect()
    } else {
        check.files.iter().map(|(name, file)| ((*name).to_owned(), (*file).to_owned())).collect()
    };
    let mut open: VecDeque<Document> = VecDeque::new();
    let start_name = files.first().map(|(name, _)| name.clone()).unwrap_or_default();
    let start_url = start_url(manifest, &start_name, facts);
    for (_, file) in files.iter().filter(|(name, _)| *name == start_name) {
        open.push_back(document(file, &start_name, &start_url));
    }
    let last_url = facts["urls"].as_array().and_then(|urls| urls.last()?.as_str()).unwrap_or_default();
    let mut read = Read {
        events: Vec::new(),
        venues: Vec::new(),
        notes: Vec::new(),
        url: start_url.to_string(),
        last_url: last_url.to_owned(),
    };
    while let Some(document) = open.pop_front() {
        let step = document.request.step.clone();
        let reading = manifest
            .read(&document, &Params::default(), &options)
            .unwrap_or_else(|error| panic!("{} as {step}: {error}", document.name));
        for request in &reading.requests {
            let file = files.iter().find(|(name, _)| *name == request.step && *name != start_name);
            if let Some((_, file)) = file {
                let mut answer = self::document(file, &request.step, &request.url);
                answer.request = request.clone();
                open.push_back(answer);
            }
        }
        read.keep(reading);
    }
    read
}

fn start_url(manifest: &Manifest, name: &str, facts: &Value) -> url::Url {
    let own = manifest.spec().requests.get(name).and_then(|request| request.url.clone());
    let recorded = facts["urls"][0].as_str().map(str::to_owned);
    let urls = recorded.into_iter().chain(own).chain(manifest.spec().homepage.clone());
    urls.filter_map(|url| url.parse().ok()).next().expect("the manifest names its homepage")
}

fn document(file: &str, step: &str, url: &url::Url) -> Document {
    let bytes =
        testkit::recorded_bytes(&format!("data/city_scrapers/{file}")).expect("recorded with EXPECTED.json");
    let mut document = Document::from_bytes(file, url.clone(), bytes);
    document.request.step = step.to_owned();
    document
}

fn options(facts: &Value) -> ReadOptions {
    let frozen = facts["frozen_time"].as_str().unwrap_or("2020-01-01");
    let day = frozen.split('T').next().unwrap_or_default();
    let parts: Vec<u32> = day.split('-').filter_map(|part| part.parse().ok()).collect();
    let date =
        chrono::NaiveDate::from_ymd_opt(parts[0] as i32, parts[1], parts[2]).expect("frozen_time is a date");
    let now: DateTime<Utc> = date.and_hms_opt(12, 0, 0).expect("noon").and_utc();
    ReadOptions { window: Window::around(date, 3_660, 3_660), timezone: None, now }
}

/// The facts that do not hold under the order of events that suits most of them.
fn hold(check: &Check<'_>, facts: &Value, read: &Read) -> Vec<String> {
    let mut by_start: Vec<&Record> = read.events.iter().collect();
    let as_read = by_start.clone();
    by_start.sort_by_key(|record| record.as_event().and_then(|e| e.start.value().map(When::sort_key)));
    let reversed =
        |list: &[&'_ Record]| list.iter().rev().map(|record| record.key.clone()).collect::<Vec<_>>();
    let keys = |list: &[&Record]| list.iter().map(|record| record.key.clone()).collect::<Vec<_>>();
    let orders = [keys(&as_read), keys(&by_start), reversed(&as_read), reversed(&by_start)];
    let faults = orders.iter().map(|order| {
        let events: Vec<&Record> =
            order.iter().filter_map(|key| read.events.iter().find(|event| event.key == *key)).collect();
        faults_in(check, facts, &events, read)
    });
    faults.min_by_key(Vec::len).unwrap_or_default()
}

fn faults_in(check: &Check<'_>, facts: &Value, events: &[&Record], read: &Read) -> Vec<String> {
    let mut faults = Vec::new();
    for count in facts["counts"].as_array().into_iter().flatten() {
        let ours = matches!(count["expr"].as_str(), Some("parsed_items" | "items"));
        if ours && count["expected"] != events.len() && !is_excepted(check, "count") {
            faults.push(format!("count: expected {}, got {}", count["expected"], events.len()));
        }
    }
    for fact in facts["expected"].as_array().into_iter().flatten() {
        let list = fact["list"].as_str().unwrap_or_default();
        if check.without_lists.contains(&list) {
            continue;
        }
        let name = match fact["index"].as_i64() {
            Some(index) => format!("{list}[{index}].{}", fact["field"].as_str().unwrap_or_default()),
            None => format!("{list}.{}", fact["field"].as_str().unwrap_or_default()),
        };
        let fault = fault(fact, events, read);
        match (fault, is_excepted(check, &name)) {
            (Some(fault), false) => faults.push(format!("{name}: {fault}")),
            (None, true) => faults.push(format!("{name}: excepted, and yet it holds")),
            _ => {}
        }
    }
    faults
}

fn is_excepted(check: &Check<'_>, name: &str) -> bool {
    check.except.iter().any(|(excepted, _)| *excepted == name)
}

/// A fact without index holds for every event; but `parsed_item` is the one event whose page of details is
/// recorded (it stands in for those of all the others here): the one at the last address recorded.
fn fault(fact: &Value, events: &[&Record], read: &Read) -> Option<String> {
    // Deeper paths (one link's title) are part of facts that are compared whole.
    let depth = fact["path"].as_array().map_or(0, Vec::len) - usize::from(fact["index"].is_i64());
    if depth > 1 {
        return None;
    }
    let chosen: Vec<&&Record> = match fact["index"].as_i64() {
        None if fact["list"] == "parsed_item" => one_recorded(events, read).collect(),
        None => events.iter().collect(),
        Some(index) => {
            let at = if index < 0 { events.len() as i64 + index } else { index };
            usize::try_from(at).ok().and_then(|at| events.get(at)).into_iter().collect()
        }
    };
    if chosen.is_empty() {
        return Some("there is no such event".to_owned());
    }
    let field = fact["field"].as_str().unwrap_or_default();
    chosen.into_iter().find_map(|record| {
        let event = record.as_event()?;
        difference(field, &fact["expected"], event, read)
            .map(|got| format!("expected {}, got {got}", fact["expected"]))
    })
}

fn one_recorded<'e, 'r>(events: &'e [&'r Record], read: &Read) -> impl Iterator<Item = &'e &'r Record> {
    let is_there =
        |record: &&&Record| record.as_event().is_some_and(|event| event.url.value() == Some(&read.last_url));
    events.iter().find(is_there).or(events.first()).into_iter()
}

/// What the event says instead of `expected`; `None` when it says the same.
fn difference(field: &str, expected: &Value, event: &Event, read: &Read) -> Option<String> {
    match field {
        "title" => text(expected, &event.title),
        "description" => text(expected, &event.description),
        "time_notes" => text(expected, &event.time_notes),
        "start" => time(expected, event.start.value()),
        "end" => time(expected, event.end.value()),
        "all_day" => {
            let got = event.start.value().is_some_and(When::all_day);
            (expected.as_bool() != Some(got)).then(|| got.to_string())
        }
        "classification" => {
            let got = event.categories.value().and_then(|all| all.first().cloned()).unwrap_or_default();
            let none = expected == "Not classified" && got.is_empty();
            (!none && expected != got.as_str()).then_some(got)
        }
        "status" => {
            let got = event.status.value().map_or("scheduled", String::as_str);
            let off = matches!(got, "cancelled" | "postponed" | "rescheduled");
            ((expected == "cancelled") != off).then(|| got.to_owned())
        }
        "location" => location(expected, event, read),
        "links" => links(expected, event),
        "source" => {
            let own = event.url.value().cloned().unwrap_or_else(|| read.url.clone());
            let fits = expected == own.as_str() || expected == read.url.as_str();
            (!fits).then_some(own)
        }
        _ => None,
    }
}

fn squeezed(text: &str) -> String {
    crate::value::text::fold(text)
}

fn text(expected: &Value, got: &Stated<String>) -> Option<String> {
    let got = got.value().map(String::as_str).unwrap_or_default();
    let wanted = expected.as_str().unwrap_or_default();
    let same = squeezed(wanted) == squeezed(got)
        || squeezed(&crate::value::text::from_html(wanted)) == squeezed(got);
    (!same).then(|| format!("{got:?}"))
}

/// A day without a time is written as its midnight there.
fn time(expected: &Value, got: Option<&When>) -> Option<String> {
    let Some(got) = got else { return expected.as_str().map(|_| "none".to_owned()) };
    let shown = match (got.date, got.time) {
        (Some(date), Some(time)) => format!("{date}T{}", time.format("%H:%M:%S")),
        (Some(date), None) => format!("{date}T00:00:00"),
        _ => "none".to_owned(),
    };
    (expected.as_str() != Some(shown.as_str())).then_some(shown)
}

fn location(expected: &Value, event: &Event, read: &Read) -> Option<String> {
    let key = event.venue.value();
    let venue =
        read.venues.iter().find(|venue| Some(&venue.key) == key).map(Record::to_json).unwrap_or_default();
    let part = |name: &str| squeezed(venue[name].as_str().unwrap_or_default());
    let wanted = |name: &str| squeezed(expected[name].as_str().unwrap_or_default());
    let name_fits = part("name") == wanted("name") || (wanted("name") == "TBD" && part("name").is_empty());
    let whole = [part("street"), part("city"), part("region"), part("postal_code")].join(" ");
    let address_fits = part("address") == wanted("address") || words(&whole) == words(&wanted("address"));
    (!(name_fits && address_fits))
        .then(|| format!("{{name: {:?}, address: {:?}}}", part("name"), part("address")))
}

fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// The same links in whatever order.
fn links(expected: &Value, event: &Event) -> Option<String> {
    let pair = |link: &Value, url: &str| {
        let address = link[url].as_str().unwrap_or_default();
        let address = address.parse::<url::Url>().map_or_else(|_| address.to_owned(), |url| url.to_string());
        (squeezed(link["title"].as_str().unwrap_or_default()), address)
    };
    let list = |value: &Value, url: &str| {
        let mut pairs: Vec<_> = value.as_array().into_iter().flatten().map(|link| pair(link, url)).collect();
        pairs.sort();
        pairs
    };
    let got = list(event.links.value().unwrap_or(&Value::Null), "url");
    (got != list(expected, "href")).then(|| format!("{got:?}"))
}

/// The manifests of public-meeting sites, each with the facts of which every one holds.
const HELD: &[(&str, &str)] = &[
    ("ccta", "ccta"),
    ("det-land-bank", "det_land_bank"),
    ("il-board-of-examiners", "il_board_of_examiners"),
    ("cc-county-bos", "cc_county_bos"),
    ("wicks-sccab", "wicks_sccab"),
    ("chi-labor-retirement-fund", "chi_labor_retirement_fund"),
    ("chi-metro-pier-exposition", "chi_metro_pier_exposition"),
    ("chi-teacherpension", "chi_teacherpension"),
    ("south-coast-air-quality", "south_coast_air_quality_management"),
    ("cuyahoga-county", "cuya_audit"),
    ("cuyahoga-county", "cuya_board_control"),
    ("cuyahoga-county", "cuya_board_revision"),
    ("cuyahoga-county", "cuya_investment_advisory_committee"),
    ("chi-board-of-ethics", "chi_boardofethics"),
    ("cook-hospitals", "cook_hospitals"),
    ("oma-mud", "oma_mud"),
    ("il-liquor-control", "il_liquor_control"),
    ("wichita-calendar", "wicks_city_apc"),
    ("chi-ssa-73", "chi_ssa_73"),
    ("cuya-planning", "cuya_planning"),
    ("phila-departments", "phipa_csc"),
    ("summ-reworks", "summ_reworks"),
    ("san-diego-planning-groups", "sandie_planeboards"),
    ("tulsa-schools", "tulok_boed"),
    ("fre-kings-supervisors", "fre_kings_bos"),
    ("chi-development-fund", "chi_development_fund"),
    ("chi-ssa-26", "chi_ssa_26"),
    ("atl-cobb-county", "atl_cobb_county_boc"),
    ("detroit-city", "det_city_planning"),
    ("cuya-regional-sewer", "cuya_northeast_ohio_regional_sewer"),
    ("fre-lindsay-council", "fre_lindsay_city_council"),
];

#[test]
fn the_facts_of_every_public_meeting_site_hold() {
    HELD.iter().for_each(|(manifest, spider)| check_expected(manifest, spider));
}

#[test]
fn facts_of_some_records_alone_are_left_to_the_manifests_own_tests() {
    // Three lists of the facts are those of one committee each.
    let committees = ["bod", "ca", "epc"];
    check(&Check {
        manifest: "det-regional-transit",
        spider: "det_regional_transit_authority",
        without_lists: &committees,
        ..Check::default()
    });
    // `item` is what their test makes of a meeting of its own invention, without papers.
    check(&Check {
        manifest: "chula-vista",
        spider: "sandie_citychula",
        without_lists: &["item"],
        ..Check::default()
    });
}

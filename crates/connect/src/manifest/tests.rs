use super::*;
use model::{Kind, Window};

fn options() -> ReadOptions {
    let now: DateTime<Utc> = "2026-05-10T12:00:00Z".parse().unwrap();
    ReadOptions { window: Window::around(now.date_naive(), 30, 365), timezone: None, now }
}

fn manifest(yaml: &str) -> Manifest {
    load("m.yaml", yaml).unwrap_or_else(|faults| {
        panic!("{}", faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    })
}

/// Reads `body` as the answer to `request`, or to the one that begins.
fn read_as(manifest: &Manifest, request: Option<Request>, body: &str) -> Result<Reading, ReadError> {
    let url: Url = "https://api.example.org/events".parse().unwrap();
    let mut document = Document::from_bytes("answer", url.clone(), body.to_owned());
    if let Some(request) = request {
        document.url = request.url.clone();
        document.request = request;
    }
    manifest.read(&document, &Params::default(), &options())
}

fn start(manifest: &Manifest, params: &Params) -> Vec<Request> {
    manifest.start(params, None, options().now).unwrap()
}

fn urls(requests: &[Request]) -> Vec<String> {
    requests.iter().map(|request| request.url.to_string()).collect()
}

#[track_caller]
fn check_lint(yaml: &str, expected: &[&str]) {
    let found: Vec<String> = lint("m.yaml", yaml).iter().map(ToString::to_string).collect();
    for line in expected {
        assert!(
            found.iter().any(|finding| finding.starts_with(line)),
            "no `{line}` in:\n{}",
            found.join("\n")
        );
    }
    assert_eq!(found.len(), expected.len(), "{}", found.join("\n"));
}

#[test]
fn all_faults_of_shape_are_reported_at_their_place() {
    check_lint(
        "name: x\ntitel: y\nlimits: {per_second: fast}\nrequests:\n  list:\n    url: https://x.org\n    decoder: html\n    read:\n      - kind: evnt\n        fields: [a]\n",
        &[
            "m.yaml:2:1: error: unknown key `titel` (did you mean `title`?",
            "m.yaml:3:22: error: `per_second` must be a number, not the text `fast`",
            "m.yaml:7:5: error: unknown key `decoder` in `list` (did you mean `decode`?",
            "m.yaml:9:15: error: `kind` cannot be `evnt` (did you mean `event`?",
            "m.yaml:10:17: error: `fields` must be an object, not a list",
        ],
    );
    check_lint("name: x\n", &["m.yaml:1:1: error: there are no requests"]);
    check_lint("name: [x\n", &["m.yaml:"]);
    check_lint("", &["m.yaml:1:1: error: the manifest is empty"]);
}

#[test]
fn all_faults_of_meaning_are_reported_at_their_place() {
    check_lint(
        r#"name: x
timezone: America/New_Yrok
requests:
  list:
    url: "https://x.org/{{ params.cty }}"
    decode: html
    read:
      - each: "tr["
        let: {when: "{{ itm | text }}"}
        where: when.year > 2000 and
        fields:
          title: "{{ item | css('td') | txt }}"
          statu: td
          start: "{{ item | regex('(') }}"
        required: [titl]
        follow:
          - {request: detial}
  detail:
    url: "{{ context.url }}"
    read: [{fields: {title: h1}}]
"#,
        &[
            "m.yaml:2:11: error: `America/New_Yrok` is not a time zone (did you mean `America/New_York`?)",
            "m.yaml:5:35: error: there is no parameter `cty`",
            "m.yaml:8:15: error: `tr[` is not a selector",
            "m.yaml:9:25: error: there is no name `itm` (did you mean `item`?)",
            "m.yaml:10:16: error: not an expression",
            "m.yaml:12:41: error: there is no filter `txt` (did you mean `text`?)",
            "m.yaml:13:11: error: event has no field `statu` (did you mean `status`?)",
            "m.yaml:14:29: error: `(` is not a pattern",
            "m.yaml:15:20: error: event has no field `titl` (did you mean `title`?)",
            "m.yaml:17:23: error: there is no request `detial` (did you mean `detail`?)",
            "m.yaml:18:3: warning: nothing leads to the request `detail`",
        ],
    );
}

#[test]
fn secrets_stay_in_auth() {
    check_lint(
        "name: x\nparams: {key: {type: secret}}\nauth: {query: {name: k, value: \"{{ params.key }}\"}}\nrequests:\n  a: {url: \"https://x.org?k={{ params.key }}\", read: [{fields: {title: t}}]}\n",
        &["m.yaml:5:39: error: the secret `key` may be used in `auth` only"],
    );
    let manifest = manifest(
        "name: x\nparams: {key: {type: secret, required: true, env: X_KEY, help: from the site}}\nauth: {query: {name: k, value: \"{{ params.key }}\"}}\nrequests: {a: {url: 'https://x.org', read: [{fields: {title: t}}]}}\n",
    );
    let mut params = Params::default();
    let error = manifest.start(&params, None, options().now).unwrap_err().to_string();
    assert_eq!(error, "`x` needs the parameter `key` (or the environment variable X_KEY): from the site");
    params.secret.insert("key".to_owned(), SecretString::from("s3cret"));
    let Auth::Query { name, value } = manifest.policy(&params).auth else { panic!("query") };
    assert_eq!((name.as_str(), value.expose_secret()), ("k", "s3cret"));
    assert_eq!(urls(&start(&manifest, &params)), ["https://x.org/"]);
}

#[test]
fn the_starter_is_without_fault_and_the_schema_knows_every_section() {
    check_lint(&template("my-town"), &[]);
    let schema = schema();
    for section in ["name", "params", "auth", "limits", "errors", "terms", "recognise", "requests", "tests"] {
        assert!(schema["properties"].get(section).is_some(), "{section}");
    }
}

const LIST: &str =
    "name: x\ntimezone: Europe/Berlin\nrequests:\n  list:\n    url: https://api.example.org/events\n";
const READ: &str = "    read: [{each: 'events[*]', key: id, fields: {title: name}}]\n";

fn paged(paginate: &str) -> Manifest {
    manifest(&format!("{LIST}    paginate: {paginate}\n{READ}"))
}

/// The addresses asked for when the source answers so, page by page.
fn walk(manifest: &Manifest, answers: &[&str]) -> Vec<String> {
    let mut request = start(manifest, &Params::default()).remove(0);
    let mut asked = vec![request.url.to_string()];
    for answer in answers {
        let reading = read_as(manifest, Some(request), answer).unwrap();
        let Some(next) = reading.requests.into_iter().next() else { return asked };
        asked.push(next.url.to_string());
        request = serde_json::from_value(serde_json::to_value(&next).unwrap()).unwrap();
    }
    asked
}

const TWO: &str =
    r#"{"events": [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}], "total": 5, "pages": 2, "next": "n1"}"#;
const NONE: &str = r#"{"events": [], "total": 5, "pages": 2}"#;

#[test]
fn pages_are_turned_by_every_paginator() {
    let check = |paginate: &str, answers: &[&str], expected: &[&str]| {
        let asked: Vec<String> = walk(&paged(paginate), answers)
            .iter()
            .map(|url| url.trim_start_matches("https://api.example.org/events").to_owned())
            .collect();
        assert_eq!(asked, expected, "{paginate}");
    };
    check("{page: {param: p}}", &[TWO, TWO, NONE], &["?p=1", "?p=2", "?p=3"]);
    check("{page: {param: p, first: 0, pages: pages}}", &[TWO, TWO], &["?p=0", "?p=1"]);
    check("{page: {param: p, size_param: n, size: 3}}", &[TWO], &["?p=1&n=3"]);
    check(
        "{offset: {param: o, limit_param: l, limit: 2, total: total}}",
        &[TWO, TWO, TWO],
        &["?o=0&l=2", "?o=2&l=2", "?o=4&l=2"],
    );
    check("{offset: {param: o, limit: 2, cap: 4}}", &[TWO, TWO, TWO], &["?o=0", "?o=2"]);
    check("{cursor: {param: c, from: next}}", &[TWO, TWO], &["", "?c=n1"]);
    check("{cursor: {param: c, from: next, while: doc.total > 5}}", &[TWO], &[""]);
    check(
        "{next_link: {from: next}}",
        &[TWO, NONE],
        ["", "/../n1"].map(|p| if p.is_empty() { p } else { "https://api.example.org/n1" }).as_slice(),
    );
}

#[test]
fn the_link_header_leads_on() {
    let manifest = paged("{link_header: {}}");
    let request = start(&manifest, &Params::default()).remove(0);
    let mut document = Document::from_bytes("a", request.url.clone(), TWO.to_owned());
    document.request = request;
    document.headers = vec![("link".to_owned(), "</events?page=2>; rel=\"next\"".to_owned())];
    let reading = manifest.read(&document, &Params::default(), &options()).unwrap();
    assert_eq!(urls(&reading.requests), ["https://api.example.org/events?page=2"]);
}

#[test]
fn a_list_that_never_ends_is_cut_and_says_so() {
    let yaml =
        format!("{LIST}    max_pages: 2\n    complete: true\n    paginate: {{page: {{param: p}}}}\n{READ}");
    let manifest = manifest(&yaml);
    let first = start(&manifest, &Params::default()).remove(0);
    let second = read_as(&manifest, Some(first), TWO).unwrap().requests.remove(0);
    let reading = read_as(&manifest, Some(second), TWO).unwrap();
    assert!(reading.requests.is_empty() && !reading.complete);
    let damaged = reading.damaged.unwrap();
    assert!(damaged.message.contains("stopped after 2 pages"), "{damaged}");
}

#[test]
fn windows_are_halved_until_they_fit() {
    let manifest = manifest(&format!(
        "{LIST}    query: {{from: '{{{{ window.from }}}}', to: '{{{{ window.to }}}}T23:59:59Z'}}\n    paginate: {{windows: {{days_back: 1, days_ahead: 2, total: total, cap: 4, then: {{page: {{param: p, pages: pages}}}}}}}}\n{READ}"
    ));
    let first = start(&manifest, &Params::default());
    assert_eq!(
        urls(&first),
        ["https://api.example.org/events?from=2026-05-09&to=2026-05-12T23%3A59%3A59Z&p=1"]
    );
    let reading = read_as(&manifest, Some(first[0].clone()), TWO).unwrap();
    assert!(reading.records.is_empty());
    let halves = urls(&reading.requests);
    assert_eq!(halves.len(), 2);
    assert!(
        halves[0].contains("from=2026-05-09&to=2026-05-10")
            && halves[1].contains("from=2026-05-11&to=2026-05-12"),
        "{halves:?}"
    );
    let fits = TWO.replace("\"total\": 5", "\"total\": 3");
    let reading = read_as(&manifest, Some(reading.requests[0].clone()), &fits).unwrap();
    assert_eq!(reading.records.len(), 2);
    assert!(reading.requests[0].url.as_str().contains("to=2026-05-10T23%3A59%3A59Z&p=2"));
    let day = read_as(
        &manifest,
        Some(read_as(&manifest, Some(first[0].clone()), TWO).unwrap().requests[0].clone()),
        TWO,
    )
    .unwrap();
    let one_day = read_as(&manifest, Some(day.requests[0].clone()), TWO).unwrap();
    assert_eq!(one_day.records.len(), 2);
    assert!(one_day.notes[0].message.contains("2026-05-09 holds 5 listings"), "{:?}", one_day.notes);
}

#[test]
fn a_request_fans_out_over_a_list_and_posts_a_body() {
    let manifest = manifest(
        "name: x\nparams: {groups: {type: list}}\nrequests:\n  q:\n    for_each: '{{ params.groups }}'\n    url: 'https://x.org/{{ item | encode }}'\n    body: {json: {query: 'query($g: String!) { a }', variables: {g: '{{ item }}', after: '{{ page.cursor }}'}}}\n    paginate: {cursor: {from: page.end, while: doc.page.more}}\n    read: [{each: nodes, key: id, fields: {title: '{{ item.t ~ context.item }}'}}]\n",
    );
    let mut params = Params::default();
    params.plain.insert("groups".to_owned(), serde_json::json!("a b,c"));
    let requests = start(&manifest, &params);
    assert_eq!(urls(&requests), ["https://x.org/a%20b", "https://x.org/c"]);
    let body = requests[0].body.clone().unwrap();
    assert_eq!(body.text, r#"{"query":"query($g: String!) { a }","variables":{"g":"a b"}}"#);
    let answer = r#"{"nodes": [{"id": 1, "t": "T-"}], "page": {"end": "e1", "more": true}}"#;
    let reading = read_as(&manifest, Some(requests[0].clone()), answer).unwrap();
    assert_eq!(reading.records[0].to_json()["title"], "T-a b");
    assert!(reading.requests[0].body.clone().unwrap().text.contains(r#""after":"e1""#));
}

#[test]
fn records_inside_a_record_become_their_own() {
    let manifest = manifest(&format!(
        "{LIST}    read:\n      - each: events\n        key: id\n        fields:\n          title: name\n          start: at\n          venue: {{key: place.id, name: place.name, lat: place.lat}}\n          performers: {{each: acts, where: item.name, key: id, name: name}}\n          offers:\n            - {{each: prices, name: label, price: amount, currency: =EUR}}\n          categories: [=Music, genre]\n          extra: {{age: minimum_age}}\n"
    ));
    let body = r#"{"events": [{"id": 7, "name": "A", "at": "2026-06-01 20:00", "place": {"id": 3, "name": "Hall", "lat": "52.5"},
        "acts": [{"id": "x", "name": "X"}, {"id": "y", "name": ""}], "prices": [{"label": "Adult", "amount": "12,50 €"}], "minimum_age": 18},
        {"id": 8, "name": "B", "at": "TBA", "place": {"id": 3, "name": "Hall"}},
        {"id": 9, "name": "C", "at": "2026-06-02", "place": {}, "genre": "Jazz"}]}"#;
    let reading = read_as(&manifest, None, body).unwrap();
    let kinds: Vec<String> =
        reading.records.iter().map(|r| format!("{} {}", r.kind().name(), r.key)).collect();
    assert_eq!(kinds, ["venue 3", "performer x", "offer 7/adult", "event 7", "event 9"]);
    let json = reading.records[3].to_json();
    assert_eq!(json["start"]["at"], "2026-06-01T18:00:00Z");
    assert_eq!((&json["venue"], &json["performers"]), (&serde_json::json!("3"), &serde_json::json!(["x"])));
    assert_eq!(json["extra"], serde_json::json!({"age": 18}));
    assert_eq!(reading.records[2].to_json()["price"], 12.5);
    let last = reading.records[4].to_json();
    assert_eq!(last["categories"], serde_json::json!(["Music", "Jazz"]));
    assert!(last.get("venue").is_none() && last["start"]["clock"] == "unstated");
    assert_eq!(reading.rejected.len(), 1);
    assert_eq!(reading.rejected[0].reason, "bad_field");
    assert_eq!(reading.rejected[0].detail, "field `start`: no date found in `TBA`");
    assert_eq!(reading.rejected[0].said["id"], 8);
    assert_eq!(reading.rejected[0].key.as_deref(), Some("8"), "it can be found by its key");
}

#[test]
fn blank_is_unstated_unless_it_clears() {
    let yaml = |more: &str| {
        format!(
            "{LIST}    read: [{{each: events, key: id, fields: {{title: name, description: text}}{more}}}]\n"
        )
    };
    let body = r#"{"events": [{"id": 1, "name": "A", "text": ""}]}"#;
    let description = |manifest: &Manifest| {
        let reading = read_as(manifest, None, body).unwrap();
        reading.records.first().map(|record| record.to_json().get("description").cloned())
    };
    assert_eq!(description(&manifest(&yaml(""))), Some(None));
    assert_eq!(description(&manifest(&yaml(", clears: [description]"))), Some(Some(Json::Null)));
    let strict = manifest(&yaml(", required: [description]"));
    let reading = read_as(&strict, None, body).unwrap();
    assert_eq!((reading.records.len(), reading.rejected[0].reason.as_str()), (0, "missing_description"));
}

#[test]
fn drift_is_no_silent_zero() {
    let yaml = |more: &str| {
        format!(
            "name: x\nrequests: {{list: {{url: 'https://x.org', decode: html, read: [{{each: tr.event, {more} fields: {{title: td}}}}]}}}}\n"
        )
    };
    let page = "<table><tr><td>a</td></tr></table>";
    let reading = read_as(&manifest(&yaml("")), None, page).unwrap();
    assert_eq!(reading.notes[0].message, "`each: tr.event` found nothing");
    let error = read_as(&manifest(&yaml("expect: some,")), None, page).unwrap_err();
    assert!(matches!(&error, ReadError::Connector(f) if f.message.contains("found nothing")), "{error}");
    assert_eq!(read_as(&manifest(&yaml("")), None, "  ").unwrap_err(), ReadError::Empty);
}

#[test]
fn details_follow_with_what_the_list_knew() {
    let manifest = manifest(
        "name: x\nrequests:\n  list:\n    url: https://x.org/list\n    decode: html\n    read:\n      - each: li\n        fields: {title: a, start: b}\n        follow: [{request: detail, url: a@href, with: {key: '{{ key }}'}}]\n  detail:\n    decode: html\n    read: [{key: '{{ context.key }}', fields: {description: p}}]\n",
    );
    let request = start(&manifest, &Params::default()).remove(0);
    let page =
        "<li><a href='/e/1'>One</a><b>May 1, 2026 7 pm</b></li><li><a href=''>Two</a><b>May 2</b></li>";
    let reading = read_as(&manifest, Some(request), page).unwrap();
    assert_eq!(urls(&reading.requests), ["https://x.org/e/1", "https://x.org/list"]);
    assert_eq!((reading.requests[0].step.as_str(), reading.requests[0].depth), ("detail", 1));
    let detail = read_as(&manifest, Some(reading.requests[0].clone()), "<p>Long</p>").unwrap();
    assert_eq!(detail.records[0].key, "2026-05-01T19:00/one");
    assert_eq!(detail.records[0].to_json()["description"], "Long");
}

#[test]
fn other_formats_read_by_the_same_rule() {
    let csv = manifest(
        "name: x\nrequests: {a: {url: 'https://x.org', decode: csv, read: [{each: '.', fields: {title: Name, start: '{{ item.Date | date | at(item.Time) }}'}}]}}\n",
    );
    let reading = read_as(&csv, None, "Name;Date;Time\nA;3.4.2026;20 Uhr\nB;4.4.2026;\n").unwrap();
    assert_eq!(
        reading.records.iter().map(|r| r.key.as_str()).collect::<Vec<_>>(),
        ["2026-04-03T20:00/a", "2026-04-04/b"]
    );
    let xml = manifest(
        "name: x\nrequests: {a: {url: 'https://x.org', decode: xml, read: [{each: channel.item, key: guid, fields: {title: title, start: 'ev:startdate', url: 'link@href'}}]}}\n",
    );
    let body = "<rss xmlns:ev='urn:e'><channel><item><guid>1</guid><title>A</title><ev:startdate>2026-05-01T19:00:00Z</ev:startdate><link href='https://x.org/1'/></item></channel></rss>";
    let record = read_as(&xml, None, body).unwrap().records.remove(0);
    assert_eq!((record.kind(), record.key.as_str()), (Kind::Event, "1"));
    assert_eq!(record.to_json()["url"], "https://x.org/1");
    let text = manifest(
        "name: x\nrequests: {a: {url: 'https://x.org', decode: text, read: [{each: '{{ item | lines }}', where: 'item | date', fields: {title: '{{ item | after(\":\") }}', start: '{{ item | before(\":\") | date }}'}}]}}\n",
    );
    assert_eq!(
        read_as(&text, None, "Dates\nMay 1, 2026: Fair\nMay 2, 2026: Race\n").unwrap().records.len(),
        2
    );
}

#[test]
fn a_calendar_needs_no_rules() {
    let manifest = manifest(
        "name: x\ntimezone: Europe/Berlin\nrequests: {feed: {url: 'https://x.org/a.ics', decode: listing}}\n",
    );
    let body = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260501T000000Z\r\nDTSTART:20260601T200000\r\nSUMMARY:A\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let reading = read_as(&manifest, None, body).unwrap();
    assert_eq!(reading.records[0].to_json()["start"]["at"], "2026-06-01T18:00:00Z");
    check_lint(
        "name: x\nrequests: {f: {url: 'https://x.org', decode: listing, read: [{fields: {title: t}}]}}\n",
        &["m.yaml:2:15: error: `decode: listing` reads by itself"],
    );
}

/// Wraps a part of a manifest, named by its first comment, into a whole one.
fn whole(block: &str) -> String {
    let indented = |by: usize| {
        let pad = " ".repeat(by);
        block.lines().map(|line| format!("{pad}{line}\n")).collect::<String>()
    };
    let rest = "requests:\n  list: {url: 'https://x.org', read: [{fields: {title: t}}]}\n";
    match block.lines().next().unwrap_or_default() {
        "# in `fields`" => format!(
            "name: x\nrequests:\n  list:\n    url: https://x.org\n    read:\n      - each: a\n        fields:\n{}",
            indented(10)
        ),
        "# under `params`" => format!("name: x\nparams:\n{}{rest}", indented(2)),
        "# at the top level" => format!("name: x\n{block}{rest}"),
        "# under `tests`" => format!("name: x\n{rest}tests:\n{}", indented(2)),
        _ => block.to_owned(),
    }
}

#[test]
fn every_example_of_the_reference_is_without_fault() {
    let page = include_str!("../../../../docs/connectors.md");
    let blocks: Vec<&str> =
        page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert!(blocks.len() >= 7, "{}", blocks.len());
    for block in blocks {
        check_lint(&whole(block), &[]);
    }
}

#[test]
fn the_reference_names_every_key() {
    let page = include_str!("../../../../docs/connectors.md");
    let schema = schema();
    let mut missing = Vec::new();
    let definitions = schema["$defs"].as_object().into_iter().flatten().map(|(_, inner)| inner);
    for part in definitions.chain(std::iter::once(&schema)) {
        for key in part["properties"].as_object().into_iter().flatten().map(|(key, _)| key) {
            if !page.contains(key.as_str()) {
                missing.push(key.clone());
            }
        }
    }
    let stated = [Kind::Event, Kind::Venue, Kind::Performer, Kind::Organizer, Kind::Offer];
    for column in stated.iter().flat_map(|kind| kind.spec().columns) {
        if !page.contains(column.name) {
            missing.push(column.name.to_owned());
        }
    }
    assert_eq!(missing, Vec::<String>::new());
}

#[test]
fn the_walkthrough_of_the_reference_holds() {
    let page = include_str!("../../../../docs/connectors.md");
    let block = |fence: &str| page.split(fence).nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let (html, yaml) = (block("```html\n"), block("```yaml\n"));
    let open = |_: &str| Some(html.as_bytes().to_vec());
    let trials = run_tests(&manifest(yaml), &open);
    assert_eq!(trials.iter().map(|trial| &trial.outcome).collect::<Vec<_>>(), [&Outcome::Passed]);
}

#[test]
fn the_common_slips_of_yaml_get_advice() {
    let advice = |line: &str| {
        let yaml = format!(
            "name: x\nrequests:\n  list:\n    url: https://x.org\n    read:\n      - fields:\n{line}\n"
        );
        lint("m.yaml", &yaml).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    };
    let unquoted = advice("          title: {{ item.a }}");
    assert!(unquoted.starts_with("m.yaml:7:") && unquoted.contains("put quotes around"), "{unquoted}");
    let escaped = advice(r#"          title: "{{ item.a | regex('\d+') }}""#);
    assert!(escaped.starts_with("m.yaml:7:") && escaped.contains("use single quotes"), "{escaped}");
    assert_eq!(
        advice(
            r"          title: >-
            {{ item.a | regex('\d+') }}"
        ),
        ""
    );
    let tab = advice("\t\ttitle: a");
    assert!(tab.starts_with("m.yaml:"), "{tab}");
}

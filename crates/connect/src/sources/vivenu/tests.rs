//! Reading whole answers: every envelope, recorded webhooks, and what is asked next.

use model::Window;
use serde_json::json;
use url::Url;

use super::*;

fn params(part: &str) -> Params {
    let said = [("base_url", "https://vivenu.com/api"), ("event", "e1"), ("part", part)];
    said.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

fn now() -> DateTime<Utc> {
    said::parse("2026-05-02T12:00:00.000Z").unwrap_or_default()
}

fn read(part: &str, request: Option<Request>, body: &Value) -> Result<Reading, ReadError> {
    let url = Url::parse("https://vivenu.com/api/x").unwrap_or_else(|error| panic!("{error}"));
    let mut document = Document::from_bytes("x", url.clone(), body.to_string());
    document.request = request.unwrap_or_else(|| Request::get(url));
    let options =
        ReadOptions { window: Window::around(now().date_naive(), 1, 1), timezone: None, now: now() };
    Vivenu.read(&document, &params(part), &options)
}

fn first(part: &str, cursor: Option<&Value>) -> Request {
    let mut requests = Vivenu.start(&params(part), cursor, now()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}

fn asked(request: &Request) -> BTreeMap<String, String> {
    request.url.query_pairs().into_owned().collect()
}

fn ticket(key: &str, updated: &str) -> Value {
    json!({"_id": key, "eventId": "e1", "ticketTypeId": "o1", "ticketName": "HYROX MEN", "barcode": "b",
           "status": "VALID", "updatedAt": updated})
}

#[test]
fn fault_9_the_source_narrows_to_the_event_and_lists_every_status() {
    let tickets = asked(&first("tickets", None));
    assert_eq!((&*tickets["event"], &*tickets["top"], &*tickets["skip"]), ("e1", "1000", "0"));
    for status in ["VALID", "INVALID", "RESERVED", "DETAILSREQUIRED", "BLANK"] {
        assert!(tickets["status"].split(',').any(|one| one == status), "{status}");
    }
    assert_eq!(first("events", None).url.as_str(), "https://vivenu.com/api/events/e1");
    assert_eq!(asked(&first("transactions", None))["event"], "e1");
    assert_eq!(first("coupon_series", None).url.path(), "/api/coupon/series");
}

#[test]
fn fault_10_coupons_are_asked_for_whether_they_are_active_or_not() {
    let coupons = asked(&first("coupons", None));
    assert_eq!(coupons["eventId"], "e1");
    assert!(!coupons.contains_key("active"));
}

#[test]
fn fault_9_only_what_has_changed_is_asked_for_between_two_sweeps() {
    let cursor = json!({"began": "2026-05-02T00:00:00.000Z", "since": "2026-05-02T11:00:00.500Z"});
    let since =
        |part: &str, cursor: &Value| asked(&first(part, Some(cursor))).get("updatedAt[$gte]").cloned();
    assert_eq!(since("tickets", &cursor).as_deref(), Some("2026-05-02T10:55:00.500Z"));
    assert_eq!(since("coupons", &cursor), None);
    let old = json!({"began": "2026-05-01T11:59:00.000Z", "since": "2026-05-02T11:00:00.500Z"});
    assert_eq!(since("tickets", &old), None, "a sweep is due once a day");
}

#[test]
fn every_envelope_is_read() {
    let row = ticket("t1", "2026-05-01T00:00:00.000Z");
    for (body, total) in [
        (json!({"rows": [row], "total": 1}), Some(1)),
        (json!({"docs": [row], "total": 1}), Some(1)),
        (json!([row]), None),
    ] {
        let reading = read("tickets", Some(first("tickets", None)), &body);
        let reading = reading.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((reading.records.len(), reading.total, reading.requests.len()), (1, total, 0));
        assert_eq!(
            reading.cursor.as_ref().map(|cursor| &cursor["since"]),
            Some(&json!("2026-05-01T00:00:00.000Z"))
        );
    }
}

#[test]
fn further_pages_follow_from_the_first() {
    let rows: Vec<Value> =
        (0..1000).map(|number| ticket(&number.to_string(), "2026-05-01T00:00:00.000Z")).collect();
    let reading = read("tickets", Some(first("tickets", None)), &json!({"rows": rows, "total": 2100}));
    let reading = reading.unwrap_or_else(|error| panic!("{error}"));
    let skips: Vec<String> = reading.requests.iter().map(|request| asked(request)["skip"].clone()).collect();
    assert_eq!((reading.records.len(), skips), (1000, vec!["980".to_owned(), "1960".to_owned()]));
    let smaller =
        Vivenu.instead(&reading.requests[0]).unwrap_or_else(|| panic!("a page can be made smaller"));
    let said = asked(&smaller);
    assert_eq!((&*said["top"], &*said["skip"], &*said["event"]), ("500", "980", "e1"));
}

#[test]
fn what_cannot_be_made_smaller_is_asked_for_a_few_times() {
    let mut request = first("events", None);
    let mut seen = std::collections::BTreeSet::from([request.identity()]);
    while let Some(next) = Vivenu.instead(&request) {
        assert!(seen.insert(next.identity()), "{}", next.url);
        request = next;
    }
    assert_eq!(seen.len(), 5);
}

#[test]
fn a_row_without_a_key_is_set_aside_and_not_told_of() {
    let body = json!({"rows": [{"ticketName": "x", "email": "someone@example.org"}], "total": 1});
    let reading =
        read("tickets", Some(first("tickets", None)), &body).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((reading.records.len(), reading.rejected.len()), (0, 1));
    assert!(!format!("{:?}", reading.rejected).contains("example.org"));
}

#[test]
fn a_refusal_is_an_error_in_the_source_s_words() {
    let refused =
        read("tickets", None, &json!({"statusCode": 401, "error": "Unauthorized", "message": "bad key"}));
    assert_eq!(refused.err(), Some(ReadError::SourceError("401 Unauthorized: bad key".to_owned())));
}

/// The recorded ones; without the recordings there is nothing to check.
#[test]
fn recorded_webhooks_are_read() {
    for (file, name, price) in [
        ("webhook-example.json", json!("max mustermann"), 0.0),
        ("pos_webhook-example.json", Value::Null, 10.0),
    ] {
        let path = format!("data/vivenu/fm4991_vivenu-autocheckin/{file}");
        let Some(bytes) = testkit::recorded_bytes(&path) else { return };
        let body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let reading = read("tickets", None, &body).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(reading.records.len(), 1);
        let ticket = reading.records[0].to_json();
        assert_eq!((&ticket["status"], &ticket["price"]), (&json!("VALID"), &json!(price)));
        assert_eq!((&ticket["holder"], &ticket["history"][0]["type"]), (&name, &json!("ticket.created")));
    }
}

/// The API's own file names the object in `data`; a sender that leaves the name out means the same.
#[test]
fn a_webhook_whose_data_is_the_object_itself_is_read() {
    let check = |kind: &str, data: Value, expected: &[(Kind, &str)]| {
        let body = json!({"id": "w", "webhookId": "h", "type": kind, "data": data});
        let reading = read("tickets", None, &body).unwrap_or_else(|error| panic!("{error}"));
        let told: Vec<(Kind, &str)> =
            reading.records.iter().map(|record| (record.kind(), record.key.as_str())).collect();
        assert_eq!(told, expected, "{kind}");
    };
    let sold = ticket("t1", "2026-05-01T00:00:00.000Z");
    check("ticket.created", sold.clone(), &[(Kind::Ticket, "t1")]);
    check("ticket.updated", json!({"ticket": sold}), &[(Kind::Ticket, "t1")]);
    // What a purchase lists are not tickets with keys of their own.
    let bought =
        json!({"_id": "p1", "eventId": "e1", "status": "COMPLETE", "tickets": [{"_id": "x", "amount": 1}]});
    check("transaction.complete", bought, &[(Kind::Transaction, "p1")]);
    let scan = json!({"_id": "s1", "eventId": "e1", "ticketId": "t1", "type": "checkin"});
    check("scan.created", scan, &[(Kind::Scan, "s1")]);
    check("customer.created", json!({"_id": "c1", "name": "x"}), &[]);
}

#[test]
fn a_column_that_no_answer_is_read_into_is_no_column_to_map() {
    let start = |field: &str| {
        let mut asking = params("tickets");
        asking.insert("fields".to_owned(), json!([field]));
        Vivenu.start(&asking, None, now()).map(drop)
    };
    assert_eq!(start("nationality=citizenship"), Ok(()));
    let refused = start("nationalty=citizenship").unwrap_err();
    assert!(refused.contains("did you mean `nationality`?"), "{refused}");
}

#[test]
fn scans_of_other_events_are_passed_over() {
    let scan =
        |key: &str, event: &str| json!({"_id": key, "eventId": event, "ticketId": "t", "type": "checkin"});
    let body = json!({"docs": [scan("a", "e1"), scan("b", "e2")], "total": 2});
    let mut asking = params("scans");
    asking.insert("scans_url".to_owned(), json!("https://portier.vivenu.com/api/scans"));
    let mut requests = Vivenu.start(&asking, None, now()).unwrap_or_else(|error| panic!("{error}"));
    let request = requests.remove(0);
    let url = request.url.clone();
    let mut document = Document::from_bytes("x", url, body.to_string());
    document.request = request;
    let options =
        ReadOptions { window: Window::around(now().date_naive(), 1, 1), timezone: None, now: now() };
    let reading = Vivenu.read(&document, &asking, &options).unwrap_or_else(|error| panic!("{error}"));
    let keys: Vec<&str> = reading.records.iter().map(|record| record.key.as_str()).collect();
    assert_eq!(keys, ["a"]);
}

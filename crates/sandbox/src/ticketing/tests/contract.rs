//! Answers are what the API's owner says they are: each is held against the recorded OpenAPI file.

use jsonschema::Validator;
use serde_json::{Value, json};

use super::asking::{all, ask};
use super::seller;
use crate::ticketing::edits::mutate;

/// Fields that live tickets have and the file does not.
const SEEN_LIVE: [&str; 1] = ["expired"];

/// The file, with "may be null" said as JSON Schema says it. `None`, loudly, where it is absent.
fn contract() -> Option<Value> {
    let bytes = testkit::recorded_bytes("data/vivenu/openapi/vivenu-openapi-original.json")?;
    let mut file: Value = serde_json::from_slice(&bytes).expect("the file is JSON");
    nullable(&mut file);
    Some(file)
}

fn nullable(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(nullable),
        Value::Object(fields) => {
            if fields.get("nullable") == Some(&json!(true)) {
                if let Some(kind) = fields.get("type").cloned() {
                    fields.insert("type".into(), json!([kind, "null"]));
                }
                if let Some(Value::Array(values)) = fields.get_mut("enum") {
                    values.push(Value::Null);
                }
            }
            fields.values_mut().for_each(nullable);
        }
        _ => {}
    }
}

fn answer_of<'a>(file: &'a Value, path: &str, method: &str) -> &'a Value {
    &file["paths"][path][method]["responses"]["200"]["content"]["application/json"]["schema"]
}

fn validator(file: &Value, schema: &Value) -> Validator {
    let whole = json!({"allOf": [schema], "components": file["components"]});
    jsonschema::options().should_validate_formats(true).build(&whole).expect("the schema is sound")
}

fn check(validator: &Validator, answer: &Value) {
    let faults: Vec<String> = validator
        .iter_errors(answer)
        .take(3)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn lists_are_as_the_file_says() {
    let Some(file) = contract() else { return };
    let mut seller = seller();
    mutate(&mut seller, 33);
    for path in ["events", "tickets", "transactions", "coupon/rich", "coupon/series"] {
        let validator = validator(&file, answer_of(&file, &format!("/api/{path}"), "get"));
        for skip in ["0", "1000"] {
            check(&validator, &ask(&mut seller, path, &[("top", "1000"), ("skip", skip)]).expect("a page"));
        }
    }
    let id = seller.main_event().id.clone();
    let event = ask(&mut seller, &format!("events/{id}"), &[]).expect("the event");
    check(&validator(&file, answer_of(&file, "/api/events/{id}", "get")), &event);
}

/// An answer with nothing that the file knows would be valid too.
#[test]
fn rows_have_no_fields_that_the_file_does_not_know() {
    let Some(file) = contract() else { return };
    let mut seller = seller();
    for (path, resource) in [
        ("events", "EventResource"),
        ("tickets", "TicketResource"),
        ("transactions", "TransactionResource"),
        ("coupon/series", "CouponSeriesResource"),
    ] {
        let known = &file["components"]["schemas"][resource]["properties"];
        for row in all(&mut seller, path, &[], 1000).iter().take(1500) {
            let fields = row.as_object().expect("a row").keys();
            let strange: Vec<&String> = fields
                .filter(|field| known.get(*field).is_none() && !SEEN_LIVE.contains(&field.as_str()))
                .collect();
            assert!(strange.is_empty(), "{path}: {strange:?}");
        }
    }
}

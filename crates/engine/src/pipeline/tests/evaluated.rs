//! What expressions give when a run asks them.

use std::collections::BTreeMap;

use super::*;
use serde_json::{Value, json};

fn scope() -> Scope {
    let run = RunFacts {
        id: "r1".to_owned(),
        pipeline: "p".to_owned(),
        started_at: "2026-05-01T06:00:00Z".parse().unwrap(),
        date: "2026-05-01".parse().unwrap(),
    };
    let params = json!({"day": 3, "none": null, "list": [1, 2], "flag": true, "text": "a b"});
    let env = BTreeMap::from([("TOKEN".to_owned(), "s3cret".to_owned())]);
    let output = json!({"dates": ["a", "b"], "n": 2});
    Scope::new(&run, params.as_object().unwrap(), &env)
        .with_steps([("load", StepStatus::Completed, &output), ("off", StepStatus::Skipped, &Value::Null)])
}

fn eval(value: Value) -> Result<Value, String> {
    let mut faults = Vec::new();
    let templates = Templates::parse(&value, &mut |_, _, fault| faults.push(fault.message));
    assert_eq!(faults, Vec::<String>::new());
    templates.eval(&scope().with_item(&json!({"id": 7}), 4))
}

#[test]
fn a_text_that_is_one_expression_keeps_its_type() {
    let given = json!({
        "number": "{{ params.day }}", "list": " {{ params.list }} ", "text": "day {{ params.day }}, {{ params.flag }}",
        "deep": [{"x": "{{ steps.load.output.n + 1 }}"}], "plain": [1, null, "a"], "item": "{{ item.id }}/{{ index }}",
        "run": "{{ run.date }} {{ run.started_at }} {{ run.id }}", "env": "{{ env.TOKEN }}",
        "null": "{{ params.none }}", "gone": "<{{ params.none }}>", "json": "x={{ params.list }}",
        "status": "{{ steps['load'].status }}", "or": "{{ params.nope | default(5) }}", "else": "{{ params.nope | or_else(6) }}",
        "spaces": " {{ params.day }} days ",
    });
    let expected = json!({
        "number": 3, "list": [1, 2], "text": "day 3, true", "deep": [{"x": 3}], "plain": [1, null, "a"], "item": "7/4",
        "run": "2026-05-01 2026-05-01T06:00:00.000Z r1", "env": "s3cret", "null": null, "gone": "<>", "json": "x=[1,2]",
        "status": "completed", "or": 5, "else": 6, "spaces": " 3 days ",
    });
    assert_eq!(eval(given).unwrap(), expected);
}

#[test]
fn what_is_undefined_is_named() {
    for (text, expected) in [
        ("{{ params.nope }}", "`a`: `params.nope` is undefined"),
        ("x {{ params.nope }}", "`a`: `params.nope` is undefined"),
        ("x {{ params.nope | slug }}", "`params.nope | slug` is undefined"),
        ("{{ steps.load.output.nope.deeper }}", "`steps.load.output.nope` is undefined"),
        ("{{ steps.off.output.x }}", "is undefined"),
        ("{{ 'a' if params.nope else 'b' }}", "`params.nope` is undefined"),
        ("{{ 'a' if params.day == 4 }}", "is undefined"),
        ("{{ [params.nope] }}", "undefined"),
        ("{{ env.OTHER }}", "`env.OTHER` is undefined"),
    ] {
        let error = eval(json!({"a": text})).unwrap_err();
        assert!(error.contains(expected), "{text}: {error}");
    }
    assert_eq!(eval(json!("{{ params.nope is defined }}")).unwrap(), json!(false));
}

#[test]
fn conditions_leave_out_their_braces() {
    let holds = |text: &str| Condition::parse(text).unwrap().holds(&scope());
    assert_eq!(holds("params.day > 2 and steps.load.status == 'completed'"), Ok(true));
    assert_eq!(holds("{{ steps.off.status == 'completed' }}"), Ok(false));
    assert_eq!(holds("'x' in params.list"), Ok(false));
    assert!(
        holds("params.nope").unwrap_err().starts_with("condition `params.nope`: `params.nope` is undefined")
    );
}

fn elements(text: &str, cap: u64) -> Result<Elements, String> {
    ForEach::parse(text).unwrap().elements(&scope(), cap)
}

#[test]
fn a_list_is_walked_one_by_one() {
    let all = |text: &str| elements(text, 100).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    assert_eq!(all("steps.load.output.dates").unwrap(), [json!("a"), json!("b")]);
    assert_eq!(all("{{ params.list + [9] }}").unwrap(), [json!(1), json!(2), json!(9)]);
    assert_eq!(all("range(0, 10, 5)").unwrap(), [json!(0), json!(5)]);
    assert_eq!(all("params | items").unwrap().len(), 5);
    assert!(all("params.text").unwrap_err().contains("gives a string, not a list"));
    assert!(all("params").unwrap_err().contains("gives an object, not a list"));
    assert!(all("params.none").unwrap_err().contains("gives null, not a list"));
    assert!(all("params.nope").unwrap_err().contains("`params.nope` is undefined"));
    assert!(all("range(101)").unwrap_err().contains("101 elements, and 100 are the most"));
}

#[test]
fn a_million_numbers_are_no_list() {
    let mut elements = elements("range(1000000)", 2_000_000).unwrap();
    assert_eq!(elements.total(), Some(1_000_000));
    assert_eq!(elements.next(), Some(Ok(json!(0))));
    assert_eq!(elements.last(), Some(Ok(json!(999_999))));
    // As many as no memory holds, and at once.
    let beyond = super::evaluated::elements("range(1000000000000)", u64::MAX).unwrap();
    assert_eq!(beyond.skip_to(999_999_999_999).next(), Some(Ok(json!(999_999_999_999_u64))));
    for text in [
        "{{ range(1000000000000) | list | length }}",
        "{{ range(1000000000000) }}",
        "{{ range(1000000000000) | sum }}",
    ] {
        assert!(eval(json!(text)).is_err(), "{text}");
    }
}

#[test]
fn going_on_with_a_list_leaves_out_what_was_done() {
    let rest =
        |text: &str, done| elements(text, 10).unwrap().skip_to(done).map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(rest("range(5)", 3), [json!(3), json!(4)]);
    assert_eq!(rest("params.list", 1), [json!(2)]);
    assert_eq!(rest("params.list", 7), [Value::Null; 0]);
}

#[test]
fn what_is_computed_has_an_end() {
    for text in [
        "{{ 'x' * 100000000 }}",
        "{{ ['x' * 50000000, 'x' * 50000000] }}",
        "{{ range(100000) | list * 1000 }}",
    ] {
        assert!(eval(json!(text)).is_err(), "{text}");
    }
    let deep = format!("{{{{ {}1{} }}}}", "[".repeat(90), "]".repeat(90));
    let mut faults = 0;
    let templates = Templates::parse(&json!(deep), &mut |_, _, _| faults += 1);
    assert!(faults > 0 || templates.eval(&scope()).is_err());
}

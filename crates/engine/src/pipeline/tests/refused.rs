//! What is refused: each fault at its line and column, with what to do, and all of them at once.

use super::*;

/// The findings of a file, without its name.
fn found(text: &str) -> String {
    let findings = match load_with("p", text, &rules()) {
        Ok(loaded) => loaded.warnings,
        Err(findings) => findings,
    };
    lines(&findings).replace("p:", "")
}

/// The findings of a file that is these steps after `name` and two parameters.
fn in_steps(steps: &str) -> String {
    found(&format!("name: p\nparams: {{day: 1, key: {{secret: true}}}}\nsteps:\n{steps}"))
}

#[test]
fn every_fault_is_told_at_once() {
    let text = "nam: p
paralel_execution: true
max_parallel_steps: 0
steps:
  - name: load
    function: asc
    dependson: [x]
  - name: load
    function: ask
    depends_on: [laod]
    with: {txt: 1, limit: 700, format: xml}
    timeout: 5 parsecs
    max_retries: -1
    enabled: 'yes'
";
    let told = found(text);
    for expected in [
        "1:1: error: the pipeline needs `name`",
        "1:1: error: unknown key `nam` (did you mean `name`?",
        "2:1: error: unknown key `paralel_execution` (did you mean `parallel_execution`?",
        "3:21: error: `max_parallel_steps` must be between 1 and 1000, not 0",
        "7:5: error: unknown key `dependson` in `steps` (did you mean `depends_on`?",
        "13:18: error: `max_retries` must be between 0 and 100, not -1",
        "14:14: error: `enabled` must be true or false, not the text `yes`",
        // What the shape does not show is found in the same go.
        "6:15: error: there is no function `asc` (did you mean `ask`?)",
        "8:11: error: there are two steps `load`",
        "10:18: error: `load` depends on `laod`, and there is no such step",
        "11:11: error: `ask` needs `text`",
        "11:12: error: unknown key `txt` (did you mean `text`?",
        "11:27: error: `limit` must be between 1 and 100, not 700",
        "11:40: error: `format` cannot be `xml` (it is one of `csv`, `json`)",
        "12:14: error: `timeout`: `5 parsecs` is not a length of time",
    ] {
        assert!(told.contains(expected), "not told: {expected}\n{told}");
    }
}

#[test]
fn dependencies_exist_and_form_no_cycle() {
    assert_eq!(
        in_steps("  - {name: a, function: do, depends_on: [a]}\n"),
        "4:42: error: `a` depends on itself"
    );
    let cycle = "  - {name: a, function: do, depends_on: [c]}\n  - {name: b, function: do, depends_on: [a]}\n  \
                 - {name: c, function: do, depends_on: [b]}\n  - {name: d, function: do, depends_on: [c]}\n";
    assert_eq!(
        in_steps(cycle),
        "4:41: error: these steps wait for each other: a -> c -> b -> a (`a -> b` reads: a depends on b)"
    );
    let nested = "  - name: all\n    for_each: [1]\n    steps:\n      - {name: in, function: do}\n  \
                  - {name: out, function: do, depends_on: [in]}\n";
    assert!(in_steps(nested).contains("`all/in` is at another level"));
}

#[test]
fn a_step_does_one_thing() {
    let told = in_steps("  - name: a\n  - name: b\n    function: do\n    steps: [{name: c, function: do}]\n");
    assert!(told.contains("4:5: error: `a` does nothing: it needs `function`"), "{told}");
    assert!(told.contains("6:5: error: `b` has both `function` and `steps`"), "{told}");
    assert!(told.contains("7:5: error: `b` has `steps` without `for_each`"), "{told}");
    let told =
        in_steps("  - {name: a, function: do, max_concurrency: 3, tolerated_failure_percentage: 101}\n");
    assert!(told.contains("`max_concurrency` means nothing without `for_each`"), "{told}");
    assert!(told.contains("`tolerated_failure_percentage` must be between 0 and 100, not 101"), "{told}");
    let told = in_steps("  - {name: a, function: do, for_each: 7}\n");
    assert!(told.contains("4:39: error: `for_each` must be a list or a text, not the number 7"), "{told}");
    let told = in_steps("  - {name: a, function: do, for_each: 'one two'}\n");
    assert!(
        told.contains("error: not an expression") && told.contains("`for_each` is a list, or an expression"),
        "{told}"
    );
}

#[test]
fn expressions_name_what_is_there() {
    let check = |text: &str, expected: &str| {
        let told = in_steps(&format!(
            "  - {{name: a, function: do}}\n  - name: b\n    function: ask\n    with:\n      text: {text}\n  - {{name: c, function: do}}\n"
        ));
        assert_eq!(told, expected, "{text}");
    };
    check("'{{ params.day }} {{ steps.a.output.x }} {{ run.id }} {{ env.HOME }}'", "");
    check("'x {{ params.dya }}'", "8:19: error: there is no parameter `dya` (there are `day`, `key`)");
    check("'{{ steps.a.outptu }}'", "8:17: error: `steps.a` has no `outptu` (did you mean `output`?)");
    check(
        "'{{ steps.c.output }}'",
        "8:17: error: `c` need not have ended when this is asked (add `c` to `depends_on`)",
    );
    check("'{{ steps.x.output }}'", "8:17: error: there is no step `x` before this one (there are `a`)");
    check(
        "'{{ item.x }}'",
        "8:17: error: there is no `item` here (it is an element of the step's own `for_each`, or of one around it)",
    );
    check("'{{ run.idd }}'", "8:17: error: `run` has no `idd` (did you mean `id`?)");
    check("'{{ env }}'", "8:17: error: the environment is read by name only (write `env.NAME`)");
    check("'{{ env[params.day] }}'", "8:17: error: the environment is read by name only (write `env.NAME`)");
    check(
        "'{{ steps[params.day].output }}'",
        "8:17: error: a step is read by its name only (write `steps.NAME.output`, or `steps['NAME'].output`)",
    );
    check("'{{ stps.a }}'", "8:17: error: there is no name `stps` (did you mean `steps`?)");
    check("'{{ params.day | slgu }}'", "8:30: error: there is no filter `slgu` (did you mean `slug`?)");
    check(
        "'{{ params.day + }}'",
        "8:16: error: not an expression: syntax error: unexpected end of input, expected expression",
    );
    check(
        "'{% if a %}'",
        "8:14: error: statements (`{% … %}`) are not part of the language (write an expression: `{{ a if b else c }}`)",
    );
}

#[test]
fn in_a_parallel_pipeline_only_dependencies_have_ended() {
    let file = |depends: &str| {
        found(&format!(
            "name: p\nparallel_execution: true\nsteps:\n  - {{name: a, function: do}}\n  - {{name: b, function: do, depends_on: [a]}}\n  \
             - {{name: c, function: do, depends_on: [{depends}], condition: steps.a.output}}\n"
        ))
    };
    assert_eq!(file("b"), "");
    assert!(file("").contains("`a` need not have ended when this is asked (add `a` to `depends_on`)"));
}

#[test]
fn parameters_and_schedules() {
    let with = |head: &str| found(&format!("name: p\n{head}\nsteps: [{{name: a, function: do}}]\n"));
    assert_eq!(with("params: {a: {x: 1}, b: [1], c: null, d: {default: {x: 1}, description: x}}"), "");
    assert!(with("params: {a: {default: 1, secrit: true}}").contains(
        "2:26: error: unknown key `secrit` (did you mean `secret`? known here: `default`, `description`, `required`, \
         `secret`; a default that is an object stands under `default`)"
    ));
    assert!(with("params: {a-b: 1}").contains("2:10: error: `a-b` cannot be the name of a parameter"));
    assert!(
        with("params: {a: {default: x, secret: true}}")
            .contains("warning: the secret `a` stands in the file")
    );
    assert_eq!(with("schedule: '*/15 6-20 * * mon-fri'"), "");
    assert_eq!(with("schedule: '@daily'"), "");
    assert!(
        with("schedule: 'every day'")
            .contains("2:11: error: `every day` is not a schedule: \"every day\" has 2 fields")
    );
    assert!(
        with("schedule: {cron: '0 6 * *', timezone: Europe/Berlin}")
            .contains("2:18: error: `0 6 * *` is not")
    );
    assert!(
        with("schedule: {cron: '0 6 * * *', timezone: Europe/Berln}")
            .contains("2:41: error: \"Europe/Berln\" is not")
    );
    assert!(with("schedule: {corn: '0 6 * * *'}").contains("`schedule` needs `cron`"));
    assert!(with("overlap: cancel").contains("`overlap` cannot be `cancel` (did you mean `cancel_older`?"));
}

#[test]
fn older_words_are_explained() {
    assert!(
        in_steps("  - {name: a, function: do, kwargs: {x: 1}}\n")
            .contains("unknown key `kwargs` in `steps` (the word for it is `with`)")
    );
}

#[test]
fn names_are_told_apart_across_levels() {
    let told = in_steps(
        "  - {name: a, function: do}\n  - name: b\n    for_each: [1]\n    steps:\n      - {name: a, function: do}\n",
    );
    assert!(told.contains("8:16: error: `a` is also the name of a step outside of `b`"), "{told}");
    assert!(in_steps("  - {name: 'a b', function: do}\n").contains("`a b` cannot be the name of a step"));
}

#[test]
fn files_without_end_are_refused() {
    assert!(
        found(&format!("name: {}", "x".repeat(LARGEST_FILE_BYTES))).contains("bytes; 1048576 are the most")
    );
    let many: String = (0..=MOST_STEPS).map(|no| format!("  - {{name: s{no}, function: do}}\n")).collect();
    assert!(in_steps(&many).contains("1001 steps; 1000 are the most"));
    let most: String = (0..MOST_STEPS).map(|no| format!("  - {{name: s{no}, function: do}}\n")).collect();
    assert_eq!(in_steps(&most), "");
    let mut deep = "- {name: s, function: do}".to_owned();
    for level in 0..=DEEPEST_NESTING {
        deep = format!("- {{name: s{level}, for_each: [1], steps: [{}]}}", &deep[2..]);
    }
    assert!(in_steps(&format!("  {deep}\n")).contains("nested deeper than 4 levels"));
    let text = format!("name: p\nsteps: {}1{}\n", "[".repeat(500), "]".repeat(500));
    assert!(!found(&text).is_empty());
    assert_eq!(found(""), "1:1: error: the pipeline is empty (it needs at least `name` and `steps`)");
    assert!(found("name: p\nsteps: []\n").contains("2:8: error: a pipeline needs at least one step"));
    assert!(found("- a\n").contains("`the pipeline` must be an object"));
    for text in ["name: [", "\u{0}", "{", "a: &x [*x]", "!!binary x", "name: p\nsteps: {a: b}", "--- \n---\n"]
    {
        assert!(!found(text).is_empty(), "{text:?}");
    }
}

#[test]
fn no_more_is_told_than_anybody_reads() {
    let text = "{{ params.nope }} ".repeat(10_000);
    let told = in_steps(&format!("  - {{name: a, function: ask, with: {{text: '{text}'}}}}\n"));
    assert_eq!(told.lines().count(), MOST_FINDINGS + 1);
    assert!(told.ends_with("there is more; 500 findings are shown"));
}

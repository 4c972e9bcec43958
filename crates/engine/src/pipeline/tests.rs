//! The file from outside: what loads, what is refused and where, what expressions give.

mod drawn;
mod driving;
mod evaluated;
mod refused;

use super::*;
use crate::functions::FunctionSpec;
use schemars::JsonSchema;

/// What the test functions take.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(dead_code, reason = "only its schema is used")]
struct Query {
    /// What to ask.
    text: String,
    /// Rows at most.
    #[schemars(default, range(min = 1, max = 100))]
    limit: Option<u32>,
    /// How it is written.
    #[schemars(default)]
    format: Option<Written>,
}

#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case")]
#[expect(dead_code, reason = "only its schema is used")]
enum Written {
    Csv,
    Json,
}

#[derive(JsonSchema)]
struct Anything {}

static ASK: FunctionSpec = FunctionSpec {
    name: "ask",
    summary: "Asks.",
    example: "- name: a",
    schema: || schemars::schema_for!(Query),
    spreads: false,
};
static DO: FunctionSpec = FunctionSpec {
    name: "do",
    summary: "Does.",
    example: "- name: a",
    schema: || schemars::schema_for!(Anything),
    spreads: false,
};

fn rules() -> Rules {
    static BOTH: [&FunctionSpec; 2] = [&ASK, &DO];
    Rules { functions: &BOTH, ..Rules::default() }
}

fn loaded(text: &str) -> Loaded {
    load_with("p.yaml", text, &rules()).unwrap_or_else(|faults| panic!("{}", lines(&faults)))
}

fn lines(findings: &[model::Finding]) -> String {
    findings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_recorded_files_load_unchanged() {
    let mut counted = 0;
    for path in testkit::recorded_files("data/vivenu/kinglarce_sales-event-salamander", &[".yaml"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let loaded = load("pipeline.yaml", &text).unwrap_or_else(|faults| panic!("{}", lines(&faults)));
        assert_eq!(loaded.warnings, [], "every function that they call is there");
        assert_eq!(loaded.plan.steps[0].max_retries, 3);
        assert_eq!(loaded.plan.steps[1].timeout, Some(std::time::Duration::from_secs(1800)));
        counted += 1;
    }
    assert!(counted == 3 || testkit::recorded("data/vivenu").is_none());
}

#[test]
fn json_is_the_same_language() {
    let yaml = loaded("name: a\nparams: {n: 3}\nsteps:\n  - {name: x, function: do}\n");
    let json = loaded(
        "{\"name\": \"a\",\n\t\"params\": {\"n\": 3}, \"steps\": [{\"name\": \"x\", \"function\": \"do\"}]}",
    );
    assert_eq!(yaml.pipeline, json.pipeline);
    let again = serde_json::to_string(&yaml.pipeline).unwrap();
    assert_eq!(loaded(&again).pipeline, yaml.pipeline);
}

#[test]
fn empty_sections_are_none() {
    let text = "name: a\ndescription:\nparams:\nschedule:\noverlap:\nsteps:\n  - name: x\n    function: do\n    \
                with:\n    depends_on:\n    condition:\n    timeout:\n    for_each:\n    steps:\n    max_retries:\n";
    let loaded = loaded(text);
    assert_eq!(loaded.plan.steps.len(), 1);
    assert_eq!(loaded.plan.steps[0].max_retries, 3);
}

#[test]
fn nested_steps_are_numbered_where_they_stand() {
    let loaded = loaded(NESTED);
    let shown: Vec<String> =
        loaded.plan.steps.iter().map(|step| format!("{} {}", step.no, step.path)).collect();
    assert_eq!(shown, ["0 dates", "1 per_date", "2 per_date/extract", "3 per_date/load", "4 report"]);
    assert_eq!(loaded.plan.roots, [StepNo(0), StepNo(1), StepNo(4)]);
    assert_eq!(loaded.plan.nested(StepNo(1)), [StepNo(2), StepNo(3)]);
    assert_eq!(loaded.plan.steps[2].parent, Some(StepNo(1)));
    assert_eq!((loaded.plan.pending(StepNo(2)), loaded.plan.pending(StepNo(3))), (0, 1));
}

const NESTED: &str = "
name: calendar
params: {days: 30}
steps:
  - name: dates
    function: do
  - name: per_date
    for_each: steps.dates.output.dates
    depends_on: [dates]
    max_concurrency: 5
    tolerated_failure_percentage: 10
    steps:
      - name: extract
        function: ask
        with: {text: '{{ item }}', limit: '{{ params.days }}'}
      - name: load
        function: ask
        with: {text: 'load {{ steps.extract.output.key }} of {{ steps.dates.output.dates | length }}'}
  - name: report
    function: do
    condition: steps.per_date.status == 'completed'
";

#[test]
fn what_is_set_is_read_by_the_type_of_the_default() {
    let text = "name: a\nparams:\n  days: 30\n  rate: 0.5\n  dry: false\n  city: Oslo\n  tags: [a]\n  more: {default: {a: 1}}\n  \
                free:\n  key: {required: true, secret: true}\nsteps: [{name: x, function: do}]\n";
    let pipeline = loaded(text).pipeline;
    let set =
        |sets: &[&str]| pipeline.params_with(&sets.iter().map(|set| (*set).to_owned()).collect::<Vec<_>>());
    let values =
        set(&["key=007", "days=7", "dry=yes", "city=7", "tags=x, y", "free=[1]", "rate=2", "more={\"b\":2}"]);
    let expected =
        r#"{"days":7,"rate":2,"dry":true,"city":"7","tags":["x","y"],"more":{"b":2},"free":[1],"key":"007"}"#;
    assert_eq!(serde_json::Value::Object(values.unwrap()).to_string(), expected);
    assert_eq!(set(&[]).unwrap_err(), ["parameter `key` is needed: `--set key=VALUE`"]);
    assert_eq!(
        set(&["key=x", "dais=3"]).unwrap_err(),
        ["there is no parameter `dais`; did you mean `days`?"]
    );
    assert_eq!(set(&["key=x", "days=3.5"]).unwrap_err(), ["parameter `days`: `3.5` is not a whole number"]);
    assert_eq!(set(&["key=x", "dry=maybe", "days"]).unwrap_err().len(), 2);
}

#[test]
fn the_builder_follows_the_rules_of_files() {
    let step = || Step::call("a", "ask").with("text", "{{ params.n }}");
    let built = Pipeline::builder("b").param("n", 3).step(step()).build_with(&rules()).unwrap();
    assert_eq!(built.steps.len(), 1);
    let faults =
        Pipeline::builder("b").step(step()).step(Step::call("a", "asc")).build_with(&rules()).unwrap_err();
    assert_eq!(
        lines(&faults),
        "b: error: there are two steps `a` (give one another name)\n\
         b: error: there is no parameter `n` (declare it under `params`)\n\
         b: error: there is no function `asc` (did you mean `ask`?)"
    );
}

//! What is declared of functions holds.

use crate::functions::{all, parameters};

#[test]
fn every_example_is_a_step_that_lints_clean() {
    for spec in all() {
        let example: Vec<String> = spec.example.lines().map(|line| format!("  {line}")).collect();
        let yaml = format!("name: example\nsteps:\n{}\n", example.join("\n"));
        let loaded = crate::pipeline::load("example.yaml", &yaml);
        let loaded = loaded.unwrap_or_else(|faults| panic!("{}: {faults:#?}", spec.name));
        assert!(loaded.warnings.is_empty(), "{}: {:?}", spec.name, loaded.warnings);
        assert_eq!(loaded.plan.functions(), [spec.name]);
    }
}

/// What a parameter is when it is not given stands in the schema, for lint, help and reference alike.
#[test]
fn defaults_are_seen() {
    let default = |function: &str, name: &str| {
        let spec = crate::functions::find(function).unwrap();
        let found = parameters(&(spec.schema)()).into_iter().find(|parameter| parameter.name == name);
        found.unwrap().default.unwrap_or_default()
    };
    assert_eq!(default("shell", "output"), "lines");
    assert_eq!(default("http", "method"), "GET");
    assert_eq!(default("notify", "level"), "info");
    assert_eq!(default("export", "format"), "ndjson");
    assert_eq!(default("export", "kind"), "event");
}

#[test]
fn every_parameter_says_what_it_is() {
    for spec in all() {
        for parameter in parameters(&(spec.schema)()) {
            assert!(!parameter.description.is_empty(), "{}.{}", spec.name, parameter.name);
        }
    }
}

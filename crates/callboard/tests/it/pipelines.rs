//! Pipeline files from the command line, and that their reference says what the code does.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use engine::functions::parameters;
use engine::pipeline::{self, Pipeline};
use serde_json::Value;

use crate::call::Desk;

const FAULTY: &str = "name: p\nsteps:\n  - name: a\n    function: sleep\n    dependson: [b]\n";

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

/// Compares a generated file with what is written, or writes it where `UPDATE_DOCS` asks for it.
fn is_up_to_date(name: &str, generated: &str) {
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(docs(name), generated).expect("the page can be written");
    }
    let written = std::fs::read_to_string(docs(name)).unwrap_or_default();
    assert_eq!(written, generated, "docs/{name} is stale: UPDATE_DOCS=1 writes it");
}

/// The table of the keys that a part of the schema has.
fn keys(part: &str) -> String {
    let mut whole = pipeline::schema();
    let own = match part {
        "Pipeline" => whole.clone(),
        part => whole["$defs"][part].clone(),
    };
    whole["properties"] = own["properties"].clone();
    whole["required"] = own["required"].clone();
    let schema = schemars::Schema::try_from(whole).expect("a schema is an object");
    let mut table = String::from("| key | type | default | meaning |\n|---|---|---|---|\n");
    for one in parameters(&schema) {
        let default = match (one.required, one.default) {
            (true, _) => "needed".to_owned(),
            (false, Some(default)) => format!("`{default}`").replace('"', ""),
            (false, None) => String::new(),
        };
        let _ = writeln!(table, "| `{}` | {} | {default} | {} |", one.name, one.kind, one.description);
    }
    table
}

#[test]
fn the_schema_for_editors_is_up_to_date() {
    let schema = serde_json::to_string_pretty(&pipeline::schema()).expect("a schema is JSON");
    is_up_to_date("pipeline.schema.json", &(schema + "\n"));
}

#[test]
fn the_page_of_pipelines_is_up_to_date() {
    let written = std::fs::read_to_string(docs("pipelines.md")).expect("the page is there");
    let mut page = String::new();
    let mut rest = written.as_str();
    while let Some((before, after)) = rest.split_once("<!-- keys: ") {
        let (part, after) = after.split_once(" -->").expect("the marker ends");
        let (_, after) = after.split_once("<!-- end -->").expect("the part ends");
        let _ = write!(page, "{before}<!-- keys: {part} -->\n{}<!-- end -->", keys(part));
        rest = after;
    }
    is_up_to_date("pipelines.md", &(page + rest));
}

/// The YAML blocks of the page: whole pipelines, and single steps.
fn examples() -> Vec<String> {
    let page = std::fs::read_to_string(docs("pipelines.md")).expect("the page is there");
    let blocks = page.split("```yaml\n").skip(1).filter_map(|block| block.split("```").next());
    let whole = |block: &str| match block.starts_with("- name:") {
        true => format!("name: example\nsteps:\n{block}"),
        false => block.to_owned(),
    };
    blocks.map(whole).collect()
}

#[test]
fn every_example_of_the_page_can_be_run() {
    let examples = examples();
    assert!(examples.len() >= 6);
    for example in examples {
        let loaded = pipeline::load("docs/pipelines.md", &example);
        let faults = loaded.err().unwrap_or_default();
        assert!(
            faults.is_empty(),
            "{}\n{example}",
            faults.iter().map(|f| format!("{f}\n")).collect::<String>()
        );
    }
}

#[test]
fn the_page_shows_every_key() {
    let examples = examples().join("\n");
    let step = |key: &str| !matches!(key, "retry_count");
    for part in ["Step", "ScheduleSpec"] {
        let schema = pipeline::schema();
        for key in
            schema["$defs"][part]["properties"].as_object().expect("keys").keys().filter(|key| step(key))
        {
            assert!(examples.contains(&format!("{key}:")), "no example shows `{key}`");
        }
    }
}

#[test]
fn the_schema_and_the_lint_agree_on_what_is_required() {
    let schema = pipeline::schema();
    assert_eq!(schema["required"], serde_json::json!(["name", "steps"]));
    let least = pipeline::load("p", "name: p\nsteps: [{name: a, function: sleep}]").expect("it can be run");
    assert_eq!(
        least.pipeline,
        Pipeline { steps: least.pipeline.steps.clone(), name: "p".to_owned(), ..Pipeline::default() }
    );
}

#[test]
fn check_tells_every_fault_and_its_exit_code_whether_there_is_one() {
    let desk = Desk::new();
    desk.folder.write("faulty.yaml", FAULTY);
    desk.folder.write("right.yaml", "name: p\nparams: {n: {required: true, default: 1}}\nsteps: [{name: a, function: sleep, with: {seconds: '{{ params.n }}'}}]\n");
    let answer = desk.call(&["check", "faulty.yaml", "gone.yaml"]);
    assert_eq!(answer.code, 1);
    let lines: Vec<&str> = answer.stdout.lines().filter(|line| line.contains("error")).collect();
    assert!(lines[0].starts_with("faulty.yaml:5:5: error: unknown key `dependson`"), "{}", answer.stdout);
    assert!(
        lines[0].contains("did you mean `depends_on`?")
            && lines[1].starts_with("gone.yaml: error: cannot read")
    );
    assert!(answer.stderr.contains("2 files checked, 2 faults"), "{}", answer.stderr);

    let answer = desk.call(&["check", "right.yaml", "--format", "json"]);
    assert_eq!(answer.code, 0, "warnings are no faults: {}", answer.stderr);
    let said: Value = serde_json::from_str(&answer.stdout).expect("one JSON value");
    assert_eq!(
        (&said[0]["ok"], &said[0]["findings"][0]["severity"]),
        (&Value::Bool(true), &"warning".into())
    );
    assert_eq!(desk.call(&["check"]).code, 2);
    assert_eq!(
        serde_json::from_str::<Value>(&desk.call(&["check", "--schema"]).stdout).ok(),
        Some(pipeline::schema())
    );
}

#[test]
fn graph_draws_or_says_what_keeps_it_from_it() {
    let desk = Desk::new();
    desk.folder.write("faulty.yaml", FAULTY);
    desk.folder.write(
        "right.yaml",
        "name: p\nsteps:\n  - {name: a, function: sleep}\n  - {name: b, function: sleep}\n",
    );
    let answer = desk.call(&["graph", "right.yaml"]);
    assert!(answer.code == 0 && answer.stdout.contains("● a   sleep\n▽ b   sleep\n"), "{}", answer.stdout);
    assert!(desk.call(&["graph", "right.yaml", "--format", "mermaid"]).stdout.starts_with("flowchart TD"));
    assert_eq!(desk.call(&["graph", "right.yaml", "--out", "right.svg"]).code, 0);
    let drawn = std::fs::read_to_string(desk.folder.path().join("right.svg")).expect("it is written");
    assert!(drawn.starts_with("<svg "));
    let answer = desk.call(&["graph", "faulty.yaml"]);
    assert!(answer.code == 1 && answer.stdout.is_empty() && answer.stderr.contains("faulty.yaml:5:5: error"));
}

#[test]
fn functions_are_listed_from_their_own_types() {
    let desk = Desk::new();
    let answer = desk.call(&["functions", "--format", "json"]);
    let said: Value = serde_json::from_str(&answer.stdout).expect("one JSON value");
    assert_eq!(said.as_array().map(Vec::len), Some(engine::functions::all().len()));
    let answer = desk.call(&["functions", "nosuch"]);
    assert!(answer.code == 2 && answer.stderr.contains("there is no function `nosuch`"), "{}", answer.stderr);
}

/// An example that its own function refuses would be a bad start.
#[test]
fn every_function_has_an_example_that_can_be_run() {
    for function in engine::functions::all() {
        let example: String = function.example.trim().lines().map(|line| format!("  {line}\n")).collect();
        // The parameters that examples speak of.
        let params = "{city: Oslo, token: {required: true, secret: true}}";
        let file = format!("name: example\nparams: {params}\nsteps:\n{example}");
        let faults = pipeline::load(function.name, &file).err().unwrap_or_default();
        assert!(faults.is_empty(), "{}\n{file}", faults.iter().map(|f| format!("{f}\n")).collect::<String>());
        assert!(file.contains(&format!("function: {}", function.name)), "{file}");
    }
}

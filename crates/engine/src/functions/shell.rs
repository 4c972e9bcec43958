//! `shell`: runs a command. What it prints is the output of the step, or records: the door for plugins
//! in any language.
//!
//! The protocol: one JSON value a line on standard output. An object `{"record": {…}}` is a record, its
//! members `kind` (`event` unless said), `key`, and the columns of that kind; a column that is left out
//! is not stated, null states that there is none, times are texts like `2026-12-01T20:00:00+01:00`. What
//! is no record is output. With `output: records` each line is a record, with or without that wrapping.
//! What is printed is landed unchanged before it is read, and records pass the same gate as everything
//! else. An exit code other than 0 is a failure, and nothing of what was printed is kept.

mod landed;
mod lines;
mod process;

use std::process::Stdio;

use bytes::Bytes;
use futures::future::BoxFuture;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::process::Command;

use super::{Answer, Call, Failure, Function, FunctionSpec};
use lines::Lines;

pub(super) static SPEC: FunctionSpec = FunctionSpec {
    name: "shell",
    summary: "Runs a command; the JSON lines that it prints are output, or records that are kept.",
    example: "- name: plugin\n  function: shell\n  with:\n    command: [python3, listings.py]\n    env: {DAY: \"{{ run.date }}\"}\n    output: records\n    source: town-hall\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// Longest standard output.
const STDOUT_BYTES_MAX: usize = 32 << 20;

/// Parameters of `shell`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// A text that `sh -c` runs, or a list of program and arguments. Hand values over in `env` or a list:
    /// a template in a text becomes part of the command.
    command: CommandSpec,
    /// Variables of its environment. Beside them it sees PATH, HOME and LANG, and CALLBOARD_RUN,
    /// CALLBOARD_STEP and CALLBOARD_DB, nothing else.
    #[serde(default)]
    env: Map<String, Value>,
    /// The folder it runs in, relative to the pipeline's; that one unless given.
    cwd: Option<String>,
    /// What it reads on standard input: a text as it is, anything else as JSON.
    #[serde(default)]
    stdin: Value,
    /// What its standard output is.
    #[serde(default)]
    output: Output,
    /// The source that its records are kept under; the name of the step unless given.
    source: Option<String>,
}

/// What to run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum CommandSpec {
    /// By `sh -c`.
    Text(String),
    /// Program and arguments.
    List(Vec<String>),
}

/// `lines`: JSON values, one a line, records among them; a line that is no JSON is a text. `json`: one
/// JSON value. `text`: a text. `records`: records, one a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Output {
    #[default]
    Lines,
    Json,
    Text,
    Records,
}

pub(super) struct Shell;

impl Function for Shell {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let (program, arguments) = program(&params.command)?;
            if call.run.manner.dry_run {
                let shown = call.run.masker.mask(&shown(&params.command));
                return Ok(Answer::done(
                    json!({"dry_run": format!("would run: {shown}"), "lines": [], "count": 0}),
                ));
            }
            let mut command = Command::new(&program);
            command.args(arguments).current_dir(folder(call, params.cwd.as_deref())?);
            set_environment(&mut command, call, &params.env);
            command.stdin(if params.stdin.is_null() { Stdio::null() } else { Stdio::piped() });
            let stdout = process::run(command, &program, input(&params.stdin), STDOUT_BYTES_MAX).await?;
            answer(call, &params, stdout).await
        })
    }
}

fn program(command: &CommandSpec) -> Result<(String, Vec<String>), Failure> {
    match command {
        CommandSpec::Text(text) if text.trim().is_empty() => Err(Failure::input("command: it is empty")),
        CommandSpec::Text(text) => Ok(("sh".to_owned(), vec!["-c".to_owned(), text.clone()])),
        CommandSpec::List(list) => match list.split_first() {
            Some((program, arguments)) if !program.is_empty() => Ok((program.clone(), arguments.to_vec())),
            _ => Err(Failure::input("command: the list names no program")),
        },
    }
}

fn shown(command: &CommandSpec) -> String {
    match command {
        CommandSpec::Text(text) => text.clone(),
        CommandSpec::List(list) => json!(list).to_string(),
    }
}

fn folder(call: &Call, named: Option<&str>) -> Result<std::path::PathBuf, Failure> {
    let folder = call.world.folder.join(named.unwrap_or("."));
    match folder.is_dir() {
        true => Ok(folder),
        false => Err(Failure::input(format!("cwd: {} is no folder", named.unwrap_or(".")))),
    }
}

fn set_environment(command: &mut Command, call: &Call, named: &Map<String, Value>) {
    command.env_clear();
    for name in ["PATH", "HOME", "LANG"] {
        if let Some(value) = (call.world.env)(name) {
            command.env(name, value);
        }
    }
    command.env("CALLBOARD_RUN", call.run.id.to_string());
    command.env("CALLBOARD_STEP", &call.path);
    let address = call.world.store.address();
    command.env("CALLBOARD_DB", address.written());
    if let Some(namespace) = address.namespace() {
        command.env("CALLBOARD_NAMESPACE", namespace);
    }
    for (name, value) in named.iter().filter(|(_, value)| !value.is_null()) {
        command.env(name, text_of(value));
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn input(stdin: &Value) -> Option<Vec<u8>> {
    (!stdin.is_null()).then(|| text_of(stdin).into_bytes())
}

/// What the output means for the step.
async fn answer(call: &Call, params: &Params, stdout: Vec<u8>) -> Result<Answer, Failure> {
    match params.output {
        Output::Text => {
            Ok(Answer::done(Value::from(String::from_utf8_lossy(&stdout).trim_end_matches('\n'))))
        }
        Output::Json => {
            let value: Result<Value, _> = serde_json::from_slice(&stdout);
            let wrong =
                |error| Failure::lasting("output", format!("what the command printed is no JSON: {error}"));
            value.map(Answer::done).map_err(wrong)
        }
        Output::Lines | Output::Records => {
            let all_records = params.output == Output::Records;
            let source = params.source.as_deref().unwrap_or(&call.path).to_owned();
            let (reading, kept) = (call.clone(), landed::identity(call));
            let stdout = Bytes::from(stdout);
            let printed = stdout.clone();
            // Reading is work for a thread of its own: there may be many lines.
            let read = tokio::task::spawn_blocking(move || {
                let mut lines = Lines::read(&printed, all_records);
                let values = std::mem::take(&mut lines.values);
                (values, landed::document(&reading, &kept, &source, printed.len(), lines))
            });
            let (values, mut document) =
                read.await.map_err(|_| Failure::fault("the reader of a command died"))?;
            if let Some(document) = &mut document {
                document.body = Some(call.world.store.landing().put(&stdout).await?);
            }
            Ok(landed::answer(values, document))
        }
    }
}

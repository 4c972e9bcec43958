//! `sql`: asks the store, and keeps what follows from it in tables of the user's own.

use std::time::Duration;

use futures::future::BoxFuture;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::{Script, ScriptLimits, ScriptOutcome, ScriptParams, StoreError};

use super::{Answer, Call, Failure, Function, FunctionSpec, place};

pub(super) static SPEC: FunctionSpec = FunctionSpec {
    name: "sql",
    summary: "Runs SQL in the store, as one transaction: it may read everything, and write tables of your \
              own, whose names begin with `own_`.",
    example: "- name: busiest\n  function: sql\n  with:\n    query: SELECT venue, count(*) AS events FROM event_listings \
              WHERE start_date >= :day GROUP BY venue\n    params: {day: \"{{ run.date }}\"}\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// Longest text of a file.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Parameters of `sql`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// The statements, `;` between them. Values belong into `params`: a template here becomes SQL. Where
    /// they write they may take 10 seconds, as nobody else can write meanwhile.
    query: Option<String>,
    /// A file that holds them instead, relative to the pipeline's folder.
    file: Option<String>,
    /// Values by name, for `:name` in the text, or a list of them, for `?`. They are bound, never pasted.
    #[serde(default)]
    params: Bound,
    /// Rows of the last statement that become the output, at most; 1000 unless said, and then the step is
    /// partial when there are more.
    #[schemars(range(min = 0, max = 100_000))]
    rows: Option<usize>,
}

/// Values for the parameters of a text.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
enum Bound {
    /// By name.
    Named(Map<String, Value>),
    /// One after the other.
    Listed(Vec<Value>),
}

impl Default for Bound {
    fn default() -> Bound {
        Bound::Named(Map::new())
    }
}

pub(super) struct Sql;

impl Function for Sql {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let limits = limits(call, params.rows);
            let asked = params.rows.is_some();
            let script = Script { text: text(call, &params).await?, params: bound(params.params), limits };
            if call.run.manner.dry_run
                && !call.world.store.script_reads_only(&script.text).map_err(failure)?
            {
                let outcome = ScriptOutcome::default();
                let would = format!("would run: {}", script.text.trim());
                return Ok(Answer::done(output(outcome, Some(would))));
            }
            let outcome = call.world.store.run_script(script).await.map_err(failure)?;
            let partial = (outcome.more && !asked)
                .then(|| format!("there are more than {} rows; `rows` asks for more", limits.rows));
            Ok(Answer { partial, ..Answer::done(output(outcome, None)) })
        })
    }
}

async fn text(call: &Call, params: &Params) -> Result<String, Failure> {
    match (&params.query, &params.file) {
        (Some(query), None) => Ok(query.clone()),
        (None, Some(file)) => place::read(call, "file", file, FILE_BYTES_MAX).await,
        _ => Err(Failure::input("give either query or file")),
    }
}

fn bound(params: Bound) -> ScriptParams {
    match params {
        Bound::Named(values) => ScriptParams::Named(values),
        Bound::Listed(values) => ScriptParams::Listed(values),
    }
}

/// A step's own time limit lets it read for longer; writing keeps others from writing, whoever asks.
fn limits(call: &Call, rows: Option<usize>) -> ScriptLimits {
    let usual = ScriptLimits::default();
    let timeout = call.run.plan.step(call.step).and_then(|step| step.timeout);
    ScriptLimits {
        rows: rows.unwrap_or(usual.rows),
        bytes: call.world.bounds.output_bytes,
        reading: timeout.map_or(usual.reading, |timeout| timeout.max(Duration::from_secs(1))),
        ..usual
    }
}

fn failure(error: StoreError) -> Failure {
    match error {
        StoreError::Question(why) => Failure::lasting("sql", why),
        other => other.into(),
    }
}

fn output(outcome: ScriptOutcome, dry_run: Option<String>) -> Value {
    let mut output = json!({
        "count": outcome.rows.len(),
        "columns": outcome.columns,
        "changed": outcome.changed,
        "truncated": outcome.more,
        "rows": outcome.rows,
    });
    if let Some(would) = dry_run {
        output["dry_run"] = Value::String(would);
    }
    output
}

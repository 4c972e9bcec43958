//! `notify`: tells somebody. For now a line in the log; the output says what was told.

use futures::future::BoxFuture;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Answer, Call, Failure, Function, FunctionSpec};

pub(super) static SPEC: FunctionSpec = FunctionSpec {
    name: "notify",
    summary: "Writes a message into the log. Secrets in it are masked.",
    example: "- name: tell\n  function: notify\n  with:\n    message: \"{{ run.pipeline }} is up to date\"\n    fields: {day: \"{{ run.date }}\"}\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// Where messages can go.
const CHANNELS: [&str; 1] = ["log"];

/// Parameters of `notify`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// What to say.
    message: String,
    /// How grave it is.
    #[serde(default)]
    level: Level,
    /// What belongs to it, by name.
    #[serde(default)]
    fields: Map<String, Value>,
    /// Where it goes; `log` is what there is.
    #[serde(default = "log")]
    channel: String,
}

/// How grave a message is: for the record, worth a look, or somebody must act.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Level {
    #[default]
    Info,
    Warn,
    Error,
}

fn log() -> String {
    CHANNELS[0].to_owned()
}

pub(super) struct Notify;

impl Function for Notify {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            if !CHANNELS.contains(&params.channel.as_str()) {
                let there = CHANNELS.join(", ");
                return Err(Failure::input(format!(
                    "channel: there is no {:?}; there is {there}",
                    params.channel
                )));
            }
            let message = call.run.masker.mask(&params.message);
            let fields = call.run.masker.mask_json(&Value::Object(params.fields));
            let told = !call.run.manner.dry_run;
            if told {
                tell(call, params.level, &message, &fields);
            }
            let level = params.level.name();
            Ok(Answer::done(json!({
                "channel": params.channel, "level": level, "message": message, "fields": fields, "told": told,
            })))
        })
    }
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

fn tell(call: &Call, level: Level, message: &str, fields: &Value) {
    let (run, step) = (call.run.id, call.path.as_str());
    match level {
        Level::Info => tracing::info!(run.id = %run, step.name = step, %fields, "{message}"),
        Level::Warn => tracing::warn!(run.id = %run, step.name = step, %fields, "{message}"),
        Level::Error => tracing::error!(run.id = %run, step.name = step, %fields, "{message}"),
    }
}

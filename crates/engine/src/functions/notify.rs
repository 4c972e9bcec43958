//! `notify`: tells somebody: a line in the log, or a message in Slack; the output says what was told.

pub mod slack;

use futures::future::BoxFuture;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Answer, Call, Failure, Function, FunctionSpec};

pub(super) static SPEC: FunctionSpec = FunctionSpec {
    name: "notify",
    summary: "Writes a message into the log, or posts it to Slack. Secrets in it are masked.",
    example: "- name: tell\n  function: notify\n  with:\n    message: \"{{ run.pipeline }} is up to date\"\n    fields: {day: \"{{ run.date }}\"}\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// Where messages go unless something else is said.
const LOG: &str = "log";
/// Messages to the channel that Slack's webhook was made for.
const SLACK: &str = "slack";

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
    /// Where it goes: `log`, `slack`, or a channel of Slack like `#sales`, which needs a token
    /// (`SLACK_API_TOKEN`). For `slack` the address of a webhook is enough (`SLACK_WEBHOOK_URL`).
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
    LOG.to_owned()
}

pub(super) struct Notify;

impl Function for Notify {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let to_slack = to_slack(&params.channel)?;
            let message = call.run.masker.mask(&params.message);
            let fields = call.run.masker.mask_json(&Value::Object(params.fields));
            let told = !call.run.manner.dry_run;
            match to_slack {
                _ if !told => {}
                true => post(call, &params.channel, &message, &fields).await?,
                false => tell(call, params.level, &message, &fields),
            }
            let level = params.level.name();
            Ok(Answer::done(json!({
                "channel": params.channel, "level": level, "message": message, "fields": fields, "told": told,
            })))
        })
    }
}

/// Whether a channel is one of Slack's; the error says which there are.
fn to_slack(channel: &str) -> Result<bool, Failure> {
    match channel {
        LOG => Ok(false),
        SLACK => Ok(true),
        named if named.starts_with('#') && named.len() > 1 => Ok(true),
        other => Err(Failure::input(format!(
            "channel: there is no {other:?}; there is log, slack, and any channel of Slack like #sales"
        ))),
    }
}

async fn post(call: &Call, channel: &str, message: &str, fields: &Value) -> Result<(), Failure> {
    let fetcher = call.world.fetcher.as_ref().ok_or_else(|| Failure::input("nothing is sent from here"))?;
    let mut text = message.to_owned();
    for (name, value) in fields.as_object().into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text += &format!("\n{name}: {value}");
    }
    // Longer ones Slack would cut without a word.
    let text: String = text.chars().take(TEXT_MAX).collect();
    slack::Door::find(call.world.env, channel)?.send(fetcher, &json!({"text": text})).await
}

/// Signs of a plain message.
const TEXT_MAX: usize = 39_000;

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

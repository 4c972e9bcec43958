//! `sleep`: waits. For pacing, and for trying out a pipeline.

use std::time::Duration;

use futures::future::BoxFuture;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Call, Failure, Function, FunctionSpec};

pub(super) static SPEC: FunctionSpec = FunctionSpec {
    name: "sleep",
    summary: "Waits for a time, and does nothing else.",
    example: "- name: breathe\n  function: sleep\n  with: {seconds: 1.5}\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// Parameters of `sleep`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// How long, in seconds; 0 does not wait at all.
    #[serde(default)]
    #[schemars(range(min = 0, max = 86400))]
    seconds: f64,
}

pub(super) struct Sleep;

impl Function for Sleep {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let seconds = call.params::<Params>()?.seconds;
            let wait = Duration::try_from_secs_f64(seconds)
                .map_err(|_| Failure::input(format!("seconds: {seconds} is no time to wait")))?;
            if wait.is_zero() {
                return Ok(Answer::default());
            }
            tokio::time::sleep(wait).await;
            Ok(Answer::done(json!({"seconds": seconds})))
        })
    }
}

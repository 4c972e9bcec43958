//! What the runner makes of functions that misbehave.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;

use super::kit::Kit;
use crate::functions::{Answer, Call, Failure, Function, FunctionSpec};

/// Dies each time it is called.
struct Dies;

static DIES: FunctionSpec = FunctionSpec {
    name: "sleep",
    summary: "Dies.",
    example: "",
    schema: || schemars::schema_for!(serde_json::Map<String, Value>),
    spreads: false,
};

impl Function for Dies {
    fn spec(&self) -> &'static FunctionSpec {
        &DIES
    }

    fn call<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async { panic!("as it was told") })
    }
}

/// Its dependents must not wait for ever, and its run must end.
#[tokio::test]
async fn a_function_that_dies_fails_its_step_and_nothing_else() {
    let kit =
        Kit::new().await.changed(|world| world.functions = world.functions.clone().with(Arc::new(Dies)));
    let ran = kit
        .run(
            "name: test\nparallel_execution: true\nstop_on_failure: false\nsteps:\n  \
             - {name: one, function: sleep}\n  - {name: two, function: notify, depends_on: [one], with: {message: x}}\n  \
             - {name: three, function: notify, with: {message: x}}\n",
        )
        .await;
    let told: Vec<String> =
        ran.detail.steps.iter().map(|step| format!("{} {}", step.path, step.status)).collect();
    assert_eq!(told, ["one failed", "two skipped", "three completed"]);
    assert_eq!(ran.outcome(), "partial");
    assert!(ran.reason().contains("an item died"), "{}", ran.reason());
}

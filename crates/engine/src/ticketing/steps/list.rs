//! `ticketing_regions`: the names of the regions, for a later step to go over.

use futures::future::BoxFuture;
use schemars::schema_for;
use serde_json::json;

use super::Params;
use crate::functions::{Answer, Call, Failure, Function, FunctionSpec};

pub(crate) static SPEC: FunctionSpec = FunctionSpec {
    name: "ticketing_regions",
    summary: "Gives the names of the configured regions of ticketing, for a later step to go over.",
    example: "- name: which\n  function: ticketing_regions\n",
    schema: || schema_for!(Params),
    spreads: false,
};

pub(crate) struct List;

impl Function for List {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let names: Vec<String> =
                params.regions.regions(call)?.into_iter().map(|config| config.region.name).collect();
            Ok(Answer::done(json!({"count": names.len(), "regions": names})))
        })
    }
}

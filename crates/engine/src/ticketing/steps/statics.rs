//! `static_data_ingestion`: what is known beforehand of each region is read and checked, before anything is
//! fetched.

use futures::future::BoxFuture;
use schemars::schema_for;
use serde_json::json;

use super::{Params, each, ground};
use crate::functions::{Answer, Call, Failure, Function, FunctionSpec};

pub(crate) static SPEC: FunctionSpec = FunctionSpec {
    name: "static_data_ingestion",
    summary: "Checks what is known beforehand of the configured regions: capacities, price tier, codes handed out, \
              countries, rules for names.",
    example: "- name: static\n  function: static_data_ingestion\n  with: {regions: [hong-kong, taiwan]}\n",
    schema: || schema_for!(Params),
    spreads: false,
};

pub(crate) struct Statics;

impl Function for Statics {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let regions = params.regions.regions(call)?;
            each(regions, move |config| async move {
                let region = &config.region;
                let ground = ground(call, region)?;
                let files: Vec<String> = ground.files.iter().map(|path| path.display().to_string()).collect();
                Ok(json!({
                    "max_capacity": region.max_capacity,
                    "start_wave": region.start_wave,
                    "price_tier": region.price_tier.map(|tier| tier.to_string()),
                    "price_trigger": region.price_trigger,
                    "locality": region.locality,
                    "capacities": ground.capacities.count(),
                    "tracked_codes": ground.tracked.count(),
                    "countries": ground.countries.count(),
                    "files": files,
                }))
            })
            .await
        })
    }
}

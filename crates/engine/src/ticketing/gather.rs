//! Gathering the records of regions: each list of each region is an origin of its own, with a cursor, a
//! sweep and a bound of its own, so that one that fails leaves all others whole.

use std::sync::Arc;

use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde_json::Map;

use super::names::Names;
use super::{CONNECTOR, Region, RegionConfig};
use crate::collect::function::{Collect, Origins};
use crate::functions::{Call, Failure, FunctionSpec};
use crate::run::{Wanted, World};

pub(crate) static TICKETS: FunctionSpec = FunctionSpec {
    name: "events_tickets_ingestion",
    summary: "Gathers events, tickets and purchases of the configured regions: what has changed, and everything once a day.",
    example: "- name: tickets\n  function: events_tickets_ingestion\n  with: {regions: [hong-kong, taiwan]}\n",
    schema: || schema_for!(Params),
    spreads: true,
};

pub(crate) static COUPONS: FunctionSpec = FunctionSpec {
    name: "coupon_ingestion",
    summary: "Gathers coupon series and coupons of the configured regions, used-up and inactive ones too.",
    example: "- name: coupons\n  function: coupon_ingestion\n  with: {regions: hong-kong}\n",
    schema: || schema_for!(Params),
    spreads: true,
};

pub(crate) static CHECK_INS: FunctionSpec = FunctionSpec {
    name: "check_in_ingestion",
    summary: "Gathers check-ins of the configured regions, wherever it is known where they are listed.",
    example: "- name: check_ins\n  function: check_in_ingestion\n  with: {regions: hong-kong}\n",
    schema: || schema_for!(Params),
    spreads: true,
};

/// Parameters of gathering.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Names of regions; all that are configured unless said.
    #[serde(default)]
    regions: Names,
    /// Lists to gather instead of the usual ones: `events`, `tickets`, `transactions`, `coupon_series`,
    /// `coupons`, `scans`.
    #[serde(default)]
    parts: Vec<String>,
    /// Ask for everything, not for what has changed alone.
    #[serde(default)]
    full: bool,
    /// Share of known rows that may vanish in one sweep; 1 accepts any.
    #[schemars(range(min = 0, max = 1))]
    max_shrink: Option<f64>,
}

pub(crate) fn tickets() -> Collect {
    Collect::of(&TICKETS, |call| origins(call, &["events", "tickets", "transactions"]))
}

pub(crate) fn coupons() -> Collect {
    Collect::of(&COUPONS, |call| origins(call, &["coupon_series", "coupons"]))
}

pub(crate) fn check_ins() -> Collect {
    Collect::of(&CHECK_INS, |call| origins(call, &[SCANS]))
}

/// The list of check-ins.
const SCANS: &str = "scans";

/// One origin for each list of each region; none where nothing is to be fetched: what was gathered is there.
fn origins(call: &Call, usual: &[&str]) -> Result<Origins, Failure> {
    let params: Params = call.params()?;
    let catalog = &call.world.catalog;
    let mut options = catalog.collect_options().map_err(Failure::input)?;
    options.max_shrink = params.max_shrink.unwrap_or(options.max_shrink);
    if call.run.manner.skip_fetch {
        return Ok((Vec::new(), options));
    }
    let named = !params.parts.is_empty();
    let parts: Vec<&str> = match named {
        true => params.parts.iter().map(String::as_str).collect(),
        false => usual.to_vec(),
    };
    let mut origins = Vec::new();
    for region in params.regions.regions(call)? {
        // A key is not shown to an address that nobody named for it.
        let asked = |part: &str| named || part != SCANS || region.region.lists_scans();
        for part in parts.iter().filter(|part| asked(part)) {
            let wanted = wanted(&region.region, part, params.full);
            origins.extend(catalog.origins(&wanted).map_err(Failure::input)?.into_iter().map(Arc::new));
        }
    }
    Ok((origins, options))
}

fn wanted(region: &Region, part: &str, full: bool) -> Wanted {
    let mut params = Map::new();
    params.insert("region".to_owned(), region.name.as_str().into());
    params.insert("part".to_owned(), part.into());
    if full {
        params.insert("full".to_owned(), true.into());
    }
    Wanted { connector: Some(CONNECTOR.to_owned()), params, ..Wanted::default() }
}

/// The configured regions of these names; all of them where none is named.
pub fn regions(world: &World, names: &[String]) -> Result<Vec<RegionConfig>, Failure> {
    world.catalog.regions().and_then(|all| chosen(all, names)).map_err(Failure::input)
}

/// Those of these names, each once; all where none is named. An error says which there are.
pub fn chosen(all: Vec<RegionConfig>, names: &[String]) -> Result<Vec<RegionConfig>, String> {
    if all.is_empty() {
        return Err("no region is configured: set EVENT_CONFIGS__REGION__token and \
                    EVENT_CONFIGS__REGION__event_id, or `regions:` in callboard.yaml"
            .to_owned());
    }
    if names.is_empty() {
        return Ok(all);
    }
    let known = || all.iter().map(|one| one.region.name.as_str());
    let mut chosen: Vec<RegionConfig> = Vec::new();
    for name in names.iter().map(|name| Region::name_of(name)) {
        let Some(one) = all.iter().find(|one| one.region.name == name) else {
            let near = model::nearest(&name, known()).map(|near| format!("did you mean {near}? "));
            let (near, there) = (near.unwrap_or_default(), known().collect::<Vec<_>>().join(", "));
            return Err(format!("there is no region {name}; {near}there is {there}"));
        };
        if !chosen.iter().any(|chosen| chosen.region.name == name) {
            chosen.push(one.clone());
        }
    }
    Ok(chosen)
}

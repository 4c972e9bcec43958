//! `gender_fix_ingestion`: answers that are others than the ticket's group is for, and with `apply` their
//! correction at the source. Each correction is an item of its own: a run that was stopped goes on where it
//! was, and what failed is listed, tried again or dropped like any other item.

use futures::future::BoxFuture;
use model::Kind;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Store;

use super::{Names, each, ground, revealed};
use crate::functions::{Answer, Call, Child, Children, Failure, Function, FunctionSpec};
use crate::ticketing::rows::Ticket;
use crate::ticketing::{FieldChange, Region, RegionConfig, change_field, gender, telling};

pub(crate) static SPEC: FunctionSpec = FunctionSpec {
    name: "gender_fix_ingestion",
    summary: "Finds athletes' tickets whose answered gender is missing or another one than the ticket is for; with \
              `apply` it is corrected at the source, one answer of a ticket read afresh.",
    example: "- name: genders\n  function: gender_fix_ingestion\n  with: {regions: hong-kong, apply: false}\n",
    schema: || schema_for!(Params),
    spreads: true,
};

/// Parameters of `gender_fix_ingestion`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Names of regions; all that are configured unless said.
    #[serde(default)]
    regions: Names,
    /// Send the corrections. False: only say what would be sent.
    #[serde(default)]
    apply: bool,
    /// Correct so many at most.
    #[serde(default = "most")]
    #[schemars(range(min = 1, max = 100_000))]
    most: usize,
}

fn most() -> usize {
    10_000
}

/// Changes that the output lists; the report on the ticketing status has all of them.
const LISTED: usize = 200;
/// Corrections under way at once.
const AT_ONCE: u32 = 3;

/// One correction, as an item keeps it. The key of the ticket leads to everything else again.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Correction {
    region: String,
    change: FieldChange,
}

pub(crate) struct GenderFix;

impl Function for GenderFix {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let regions = params.regions.regions(call)?;
            if params.apply && !call.run.manner.dry_run && !call.run.manner.skip_fetch {
                return spread(call, &params, regions).await;
            }
            let store = &revealed(call, &["extra_fields"]).await?;
            each(regions, move |config| async move { told(&changes(call, store, &config.region).await?) })
                .await
        })
    }

    fn child<'a>(&'a self, call: &'a Call, child: Child) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let Correction { region, change } = serde_json::from_value(child.input)
                .map_err(|error| Failure::fault(format!("a correction cannot be read: {error}")))?;
            let config = crate::ticketing::regions(&call.world, &[region])?;
            let config =
                config.first().ok_or_else(|| Failure::input("the region is not configured any more"))?;
            match change_field(&call.world, config, &change, false).await {
                Ok(changed) => Ok(Answer::done(json!({"ticket": change.ticket, "changed": changed}))),
                Err(error) => Err(Failure::passing("correction", error)),
            }
        })
    }

    fn finish<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let children = call.world.store.children(call.item).await?;
            let (all, failed) = (children.total, children.failed);
            let output = json!({"corrections": all, "made": all - failed, "failed": failed, "left_out": children.left_out});
            let partial = (failed > 0 || children.left_out > 0).then(|| {
                format!("{failed} of {all} corrections failed, {} were beyond `most`", children.left_out)
            });
            Ok(Answer { partial, ..Answer::done(output) })
        })
    }
}

/// What is found in a region.
struct Found {
    check: gender::GenderCheck,
    changes: Vec<FieldChange>,
}

fn told(found: &Found) -> Result<Value, Failure> {
    let check = &found.check;
    let listed: Vec<Value> = found
        .changes
        .iter()
        .take(LISTED)
        .map(|change| json!({"ticket": change.ticket, "from": change.expected, "to": change.value}))
        .collect();
    Ok(json!({
        "matching": check.matching, "open": check.open, "missing": check.missing, "different": check.different,
        "changes": found.changes.len(), "listed": listed,
        "dry_run": "nothing was sent: set apply: true to send the changes",
    }))
}

async fn spread(call: &Call, params: &Params, regions: Vec<RegionConfig>) -> Result<Answer, Failure> {
    let store = revealed(call, &["extra_fields"]).await?;
    let mut inputs = Vec::new();
    for config in regions {
        for change in changes(call, &store, &config.region).await?.changes {
            let correction = Correction { region: config.region.name.clone(), change };
            let input =
                serde_json::to_value(correction).map_err(|error| Failure::fault(error.to_string()))?;
            inputs.push((i64::try_from(inputs.len()).unwrap_or(i64::MAX), input));
        }
    }
    if inputs.is_empty() {
        return Ok(Answer::done(json!({"corrections": 0, "made": 0, "failed": 0, "left_out": 0})));
    }
    Ok(Answer::spread(Children { inputs, cap: AT_ONCE, most: Some(params.most as u64) }))
}

/// What is to be changed: what was answered comes from the whole of the answers, as it was written.
async fn changes(call: &Call, store: &Store, region: &Region) -> Result<Found, Failure> {
    let ground = ground(call, region)?;
    let board = telling::board(store, region, &ground, None).await?;
    let athletes: Vec<&Ticket> = board.sold().filter(|ticket| ticket.name.category.is_athlete()).collect();
    let check = gender::check(&athletes);
    if check.faults.is_empty() {
        return Ok(Found { check, changes: Vec::new() });
    }
    let field = region.fields.get(gender::FIELD).map_or(gender::FIELD, String::as_str);
    let said = answers(store, region, field).await?;
    let options = &board.event.gender_options;
    let change = |fault: &gender::GenderFault| {
        let said = said.get(&fault.ticket).map(String::as_str);
        FieldChange { field: field.to_owned(), ..gender::change(fault, said, options, &ground.rules) }
    };
    Ok(Found { changes: check.faults.iter().map(change).collect(), check })
}

/// What was answered, by ticket.
async fn answers(
    store: &Store,
    region: &Region,
    field: &str,
) -> Result<std::collections::HashMap<String, String>, Failure> {
    let columns: [store::Picking<'_>; 1] = [(Kind::Ticket, &["extra_fields"])];
    let rows = store.picked(&region.source(), &columns, None).await?;
    let said = rows.into_iter().flatten().filter_map(|row| {
        let answer = row.values.first()?.get(field)?.as_str()?.to_owned();
        Some((row.key, answer)).filter(|(_, answer)| !answer.trim().is_empty())
    });
    Ok(said.collect())
}

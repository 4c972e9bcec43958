//! `gender_fix_ingestion`: answers that are others than the ticket's group is for, and with `apply` their
//! correction at the source. Each region is looked at by an item of its own, and so is each correction: a run
//! that was stopped goes on where it was, and what failed is listed, tried again or dropped like any other.

use std::collections::HashMap;

use futures::future::BoxFuture;
use model::Kind;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use store::{ItemState, ParentCount, PickedRow, Picking, Store};

use super::{Names, ground, revealed};
use crate::functions::{Answer, Call, Child, Children, Failure, Function, FunctionSpec};
use crate::ticketing::gender::Remedy;
use crate::ticketing::load::Looks;
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

/// What an item does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
enum Task {
    /// Find what is to be corrected in a region.
    Look {
        /// The region.
        look: String,
    },
    /// Correct one answer. The key of the ticket leads to everything else again.
    Correct {
        /// The region.
        region: String,
        /// The correction.
        change: FieldChange,
    },
}

/// What of a board is looked at.
const LOOKS: Looks = Looks { kinds: &[Kind::Ticket], tickets: &["gender"] };

pub(crate) struct GenderFix;

impl Function for GenderFix {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let regions = params.regions.regions(call)?;
            let most = Some((params.most + regions.len()) as u64);
            let looks = regions.into_iter().map(|config| Task::Look { look: config.region.name });
            let inputs = (0_i64..).zip(looks).map(|(key, task)| Ok((key, input(&task)?)));
            let inputs = inputs.collect::<Result<Vec<_>, Failure>>()?;
            Ok(Answer::spread(Children { inputs, cap: AT_ONCE, most }))
        })
    }

    fn child<'a>(&'a self, call: &'a Call, child: Child) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let task = serde_json::from_value(child.input)
                .map_err(|error| Failure::fault(format!("a correction cannot be read: {error}")))?;
            match task {
                Task::Look { look } => self.look(call, child.key, region(call, look)?).await,
                Task::Correct { region: name, change } => correct(call, &region(call, name)?, &change).await,
            }
        })
    }

    fn finish<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let regions = params.regions.regions(call)?;
            let looks = call.world.store.outputs(call.item, call.step, regions.len()).await?;
            let children = call.world.store.children(call.item).await?;
            finished(&regions, looks, &children)
        })
    }
}

impl GenderFix {
    /// What is found, and with `apply` the corrections to follow.
    async fn look(&self, call: &Call, key: i64, config: RegionConfig) -> Result<Answer, Failure> {
        let params: Params = call.params()?;
        let store = revealed(call, &["extra_fields"]).await?;
        let found = changes(call, &store, &config.region).await?;
        let manner = &call.run.manner;
        let applies = params.apply && !manner.dry_run && !manner.skip_fetch;
        let mut answer = Answer::done(told(&found, applies));
        if !applies {
            return Ok(answer);
        }
        // The keys of a region's corrections follow from it, so that a second look finds them there.
        for (next, change) in ((key + 1) * KEYS_OF_REGION..).zip(found.changes) {
            let region = config.region.name.clone();
            answer.follow.push((next, input(&Task::Correct { region, change })?));
        }
        Ok(answer)
    }
}

/// More corrections than a region can have.
const KEYS_OF_REGION: i64 = 10_000_000;

fn input(task: &Task) -> Result<Value, Failure> {
    serde_json::to_value(task).map_err(|error| Failure::fault(error.to_string()))
}

fn region(call: &Call, name: String) -> Result<RegionConfig, Failure> {
    let found = crate::ticketing::regions(&call.world, &[name])?.into_iter().next();
    found.ok_or_else(|| Failure::input("the region is not configured any more"))
}

async fn correct(call: &Call, config: &RegionConfig, change: &FieldChange) -> Result<Answer, Failure> {
    match change_field(&call.world, config, change, false).await {
        Ok(changed) => Ok(Answer::done(json!({"ticket": change.ticket, "changed": changed}))),
        Err(error) => Err(Failure::passing("correction", error)),
    }
}

/// What all of it came to.
fn finished(
    regions: &[RegionConfig],
    looks: Vec<(i64, ItemState, Value)>,
    children: &ParentCount,
) -> Result<Answer, Failure> {
    let looked: Map<String, Value> = regions
        .iter()
        .zip(looks)
        .filter(|(_, (_, state, _))| *state == ItemState::Done)
        .map(|(config, (_, _, output))| (config.region.name.clone(), output))
        .collect();
    let unlooked = (regions.len() - looked.len()) as u64;
    if looked.is_empty() && unlooked > 0 {
        return Err(Failure::lasting("regions", "no region could be looked at; `callboard dead` says why"));
    }
    let corrections = children.total.saturating_sub(regions.len() as u64);
    let failed = children.failed.saturating_sub(unlooked);
    let output = json!({
        "regions": looked, "corrections": corrections, "made": corrections.saturating_sub(failed),
        "failed": failed, "left_out": children.left_out,
    });
    let partial = (unlooked + failed + children.left_out > 0).then(|| {
        format!(
            "{unlooked} regions could not be looked at, {failed} of {corrections} corrections failed, {} were \
             beyond `most`",
            children.left_out
        )
    });
    Ok(Answer { partial, ..Answer::done(output) })
}

/// What is found in a region.
struct Found {
    check: gender::GenderCheck,
    changes: Vec<FieldChange>,
    /// Tickets with an answer that is not understood: it stays.
    not_understood: Vec<String>,
    /// Tickets for which the form offers no fitting answer.
    not_offered: Vec<String>,
}

fn told(found: &Found, applies: bool) -> Value {
    let check = &found.check;
    let listed: Vec<Value> = found
        .changes
        .iter()
        .take(LISTED)
        .map(|change| json!({"ticket": change.ticket, "from": change.expected, "to": change.value}))
        .collect();
    let (not_understood, not_offered) = (&found.not_understood, &found.not_offered);
    let mut told = json!({
        "matching": check.matching, "open": check.open, "different": check.different,
        "missing": check.missing - not_understood.len() as u64, "not_understood": not_understood.len(),
        "not_offered": not_offered.len(), "changes": found.changes.len(), "listed": listed,
        "left_as_they_are": not_understood.iter().chain(not_offered).take(LISTED).collect::<Vec<_>>(),
    });
    if !applies {
        told["dry_run"] = Value::from("nothing was sent: set apply: true to send the changes");
    }
    told
}

/// What is to be changed: what was answered comes from the whole of the answers, as it was written.
async fn changes(call: &Call, store: &Store, region: &Region) -> Result<Found, Failure> {
    let ground = ground(call, region)?;
    let board = telling::board(store, region, &ground, LOOKS).await?;
    let athletes: Vec<&Ticket> = board.sold().filter(|ticket| ticket.name.category.is_athlete()).collect();
    let check = gender::check(&athletes);
    let mut found = Found { check, changes: Vec::new(), not_understood: Vec::new(), not_offered: Vec::new() };
    let faults = &found.check.faults;
    if faults.is_empty() {
        return Ok(found);
    }
    let field = region.fields.get(gender::FIELD).map_or(gender::FIELD, String::as_str);
    let tickets: Vec<&str> = faults.iter().map(|fault| fault.ticket.as_str()).collect();
    let said = answers(store, region, field, &tickets).await?;
    let options = board.event.options.get(&field.to_lowercase()).map_or(&[][..], Vec::as_slice);
    for fault in faults {
        let said = said.get(&fault.ticket).map(String::as_str);
        match gender::remedy(fault, said, options, &ground.rules) {
            Remedy::Change(change) => found.changes.push(FieldChange { field: field.to_owned(), ..change }),
            Remedy::NotUnderstood => found.not_understood.push(fault.ticket.clone()),
            Remedy::NotOffered => found.not_offered.push(fault.ticket.clone()),
        }
    }
    Ok(found)
}

/// What was answered, by ticket, on these tickets.
async fn answers(
    store: &Store,
    region: &Region,
    field: &str,
    tickets: &[&str],
) -> Result<HashMap<String, String>, Failure> {
    let mut said = HashMap::new();
    let take = |row: PickedRow| {
        let answer = row.values.first().and_then(|answers| answers.get(field)?.as_str());
        if let Some(answer) = answer.filter(|answer| !answer.trim().is_empty()) {
            said.insert(row.key, answer.to_owned());
        }
    };
    let picked = [Picking { keys: Some(tickets), ..Picking::of(Kind::Ticket, &["extra_fields"]) }];
    store.pick(&region.source(), &picked, None, take).await?;
    Ok(said)
}

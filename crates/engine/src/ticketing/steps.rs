//! The steps of pipelines that count: for every region that is asked for, one after the other; a region
//! that fails leaves the others whole, and the step is partial and says which.

mod ages;
mod analytics;
mod gender;
mod list;
mod report;
mod statics;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
mod tests;

use std::future::Future;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::{AuditEntry, Store, StoreError};

use super::ground::{self, Ground};
use super::names::Names;
use super::{Region, RegionConfig};
use crate::functions::{Answer, Call, Failure};

pub(crate) use ages::{Ages, SPEC as AGES};
pub(crate) use analytics::{Analytics, SPEC as ANALYTICS};
pub(crate) use gender::{GenderFix, SPEC as GENDER};
pub(crate) use list::{List, SPEC as LIST};
pub(crate) use report::{SPEC as REPORT, TellReport};
pub(crate) use statics::{SPEC as STATICS, Statics};

/// Parameters that every one of these steps takes.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Names of regions; all that are configured unless said.
    #[serde(default)]
    regions: Names,
}

/// The files that a region's numbers are told against.
fn ground(call: &Call, region: &Region) -> Result<Ground, Failure> {
    let folder = call.world.folder.join(call.world.catalog.ticketing_files());
    ground::read(&folder, region).map_err(|faults| Failure::input(faults.join("\n")))
}

/// Does the same for each region; the output is by region.
async fn each<F, T>(regions: Vec<RegionConfig>, one: F) -> Result<Answer, Failure>
where
    F: Fn(RegionConfig) -> T,
    T: Future<Output = Result<Value, Failure>>,
{
    let count = regions.len();
    let (mut output, mut failed) = (Map::new(), Vec::new());
    for region in regions {
        let name = region.region.name.clone();
        match one(region).await {
            Ok(told) => drop(output.insert(name, told)),
            Err(failure) => failed.push((name, failure)),
        }
    }
    if failed.len() == count
        && let Some((_, failure)) = failed.pop()
    {
        return Err(failure);
    }
    let partial = (!failed.is_empty()).then(|| {
        let each = failed.iter().map(|(name, failure)| format!("region {name}: {}", failure.fault.error));
        each.collect::<Vec<_>>().join("; ")
    });
    Ok(Answer { partial, ..Answer::done(json!({"regions": output})) })
}

/// The store with birth dates to count ages from, which is noted. Where they are never shown, ages are not
/// known.
async fn revealed(call: &Call, columns: &[&str]) -> Result<Store, Failure> {
    let entry = AuditEntry::new((call.world.clock)(), "pipeline", "personal.read", "completed");
    let entry = entry.about("ticket").within(call.run.id, Some(&call.path)).with(json!({"columns": columns}));
    match call.world.store.reveal(entry).await {
        Err(StoreError::Question(_)) => Ok(call.world.store.clone()),
        revealed => Ok(revealed?),
    }
}

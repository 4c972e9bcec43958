//! Runs as users name them: an id, the beginning of one, or `last`.

use anyhow::Result;
use model::RunId;
use store::{RunLine, RunsQuery, Store};

use crate::output::usage;

/// The one run that `asked` means.
pub async fn run(store: &Store, asked: &str) -> Result<RunId> {
    if let Ok(id) = asked.parse() {
        return match store.run_state(id).await? {
            Some(_) => Ok(id),
            None => Err(usage(format!("there is no run {id}; `callboard runs` lists them"))),
        };
    }
    let last = asked == "last";
    let id_begins = (!last).then(|| asked.to_ascii_lowercase());
    let limit = if last { 1 } else { 6 };
    let found = store.run_list(&RunsQuery { id_begins, limit, ..RunsQuery::default() }).await?;
    match found.as_slice() {
        [one] => Ok(one.id),
        [] if last => Err(usage("there is no run yet; `callboard run` begins one")),
        [] => Err(usage(format!("no run begins with {asked:?}; `callboard runs` lists them"))),
        several => Err(usage(format!("{asked:?} fits several runs: {}", ids(several)))),
    }
}

/// The same where no run need be named.
pub async fn run_if(store: &Store, asked: Option<&str>) -> Result<Option<RunId>> {
    match asked {
        Some(asked) => Ok(Some(run(store, asked).await?)),
        None => Ok(None),
    }
}

fn ids(runs: &[RunLine]) -> String {
    runs.iter().map(|run| run.id.to_string()).collect::<Vec<_>>().join(", ")
}

/// Enough of an id to tell it from all that began in another millisecond.
const SHORT: usize = 13;

/// The id as short as the runs of a list allow.
pub fn short(id: RunId, among: &[RunId]) -> String {
    let id = id.to_string();
    let others: Vec<String> = among.iter().map(ToString::to_string).filter(|other| *other != id).collect();
    let unique = |length: &usize| others.iter().all(|other| !other.starts_with(&id[..*length]));
    let length = (SHORT..=id.len()).find(unique).unwrap_or(id.len());
    id[..length].to_owned()
}

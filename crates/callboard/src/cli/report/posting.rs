//! Reports as messages in Slack.

use anyhow::{Result, anyhow};
use connect::fetch::Fetcher;
use engine::functions::Failure;
use engine::functions::notify::slack::Door;
use engine::ticketing::report::Report;
use engine::ticketing::reports::channel_of;
use engine::ticketing::{Region, slack};
use store::Store;

use crate::config::Config;
use crate::fetching;
use crate::output::say;
use crate::world::env;

/// Posts each report to `channel`, and says how many could not be: one that fails is told, and does not keep the
/// others. Where it is the only one, that is the error.
pub async fn post(
    config: &Config,
    store: &Store,
    channel: &str,
    told: &[(&Region, Report)],
) -> Result<usize> {
    let (fetcher, limits) = fetching::fetcher_on(config, store, &fetching::process_name(), false)?;
    let mut faults = Vec::new();
    for (region, report) in told {
        if let Err(error) = send(&fetcher, channel_of(channel, region, report), report).await {
            faults.push((region, error));
        }
    }
    fetching::give_back(limits).await;
    if let ([_], Some((_, only))) = (told, faults.first()) {
        return Err(anyhow!("{only:#}"));
    }
    for (region, error) in &faults {
        say(&format!("region {}: not posted: {error:#}", region.name));
    }
    Ok(faults.len())
}

async fn send(fetcher: &Fetcher, channel: &str, report: &Report) -> Result<()> {
    let failed = |failure: Failure| anyhow!("{}", failure.fault.error);
    let door = Door::find(env, channel).map_err(failed)?;
    for message in slack::messages(report) {
        door.send(fetcher, &message).await.map_err(failed)?;
    }
    say(&format!("{}: told in {}", report.heading(), door.name()));
    Ok(())
}

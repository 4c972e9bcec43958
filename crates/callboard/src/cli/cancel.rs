//! `callboard cancel`: stops a run, and says what that stopped.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use model::RunId;
use serde_json::json;
use store::{RunState, Store};

use crate::config::Config;
use crate::figures::counted;
use crate::noted::Doing;
use crate::output::{print, say};
use crate::world::open_existing;
use crate::{clock, which};

const EXAMPLES: &str = "\
Examples:
  callboard cancel last
  callboard cancel 019ab3c4-7d1e --reason \"the source is down\"";

/// Stop a run: nothing more of it is begun, and what runners have in hand is stopped.
///
/// What was committed stays. `callboard retry` goes on with it later.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Cancel {
    /// The run: its id, the beginning of it, or `last`
    #[arg(value_name = "ID|last")]
    run: String,
    /// Why, for whoever reads the list of runs
    #[arg(long, value_name = "TEXT", default_value = "cancelled by hand")]
    reason: String,
}

/// How long runners are waited for to let go.
const WAIT: Duration = Duration::from_secs(10);

impl Cancel {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let run = which::run(&store, &self.run).await?;
        let doing = Doing::begin(&store, "run.cancel").within(run).with(json!({"reason": self.reason}));
        let code = match doing.end_if(store.cancel(run, clock(), &self.reason).await, Option::is_some).await?
        {
            None => {
                say(&format!("run {run} had ended already; nothing was stopped"));
                ExitCode::from(1)
            }
            Some(stopped) => {
                let items = counted(stopped.items, "item");
                print(&format!("run {run}: stopped {items} that had not ended"))?;
                if stopped.in_hand == 0 {
                    print("; nothing was in hand\n")?;
                } else {
                    print(&format!(", {} in hand\n", stopped.in_hand))?;
                    wait(&store, run).await?;
                }
                ExitCode::SUCCESS
            }
        };
        store.close().await;
        Ok(code)
    }
}

/// Runners hear of it within a second or two; one that is dead, not before it is missed.
async fn wait(store: &Store, run: RunId) -> Result<()> {
    let began = Instant::now();
    while began.elapsed() < WAIT {
        if store.run_state(run).await? == Some(RunState::Ended) {
            return Ok(print("what was in hand is stopped; the run has ended\n")?);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for held in store.in_hand(run).await? {
        let items = counted(held.items, "item");
        say(&format!("{} (process {} on {}) still has {items} in hand", held.name, held.pid, held.host));
    }
    say(
        "the run ends when they let go; those of a runner that died are taken from it in half a minute at most, by any other",
    );
    Ok(())
}

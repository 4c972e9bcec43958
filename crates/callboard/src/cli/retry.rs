//! `callboard retry`: does again what failed or never ran of a run, the same way as at first.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use engine::pipeline::Pipeline;
use engine::run::{Definition, RunContext, redrive};
use serde_json::{Map, json};
use store::{ItemId, RunState};

use super::Flags;
use crate::attending::{Attended, others_are_alive, report_of};
use crate::config::Config;
use crate::figures::counted;
use crate::noted::Doing;
use crate::output::{Format, say, usage};
use crate::world::{keeps_delay, open_existing, runner_options, world_for};
use crate::{library, report, which};

const EXAMPLES: &str = "\
Examples:
  callboard retry last                    everything that failed or never ran
  callboard retry last --item 512         one item, and what was skipped for its sake stays as it is
  callboard retry last --detach           leave it to the runners that are there

What is done again is what the pipeline said when the run began, also where its file says something else by now:
`callboard run` begins anew with that. A secret parameter is looked up as CALLBOARD_PARAM_NAME in the environment or .env.";

/// Do again what failed or never ran of a run. What is done stays done; any number of times.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Retry {
    /// The run: its id, the beginning of it, or `last`
    #[arg(value_name = "ID|last")]
    run: String,
    /// Only this item; may be given several times
    #[arg(long, value_name = "N")]
    item: Vec<i64>,
    /// Items under way at once [default: 16]
    #[arg(long, value_name = "N")]
    concurrency: Option<String>,
    /// Fetch from private and loopback addresses too
    #[arg(long)]
    allow_private: bool,
    /// Leave it to other runners
    #[arg(long)]
    detach: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Retry {
    /// The settings that this call's flags give.
    pub fn flags(&self) -> Flags {
        let private = self.allow_private.then(|| "true".to_owned());
        vec![("concurrency", self.concurrency.clone()), ("allow_private", private)]
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let run = which::run(&store, &self.run).await?;
        let only: Vec<ItemId> = self.item.iter().map(|item| ItemId(*item)).collect();
        let detail = store.run(run).await?.ok_or_else(|| usage(format!("there is no run {run}")))?;
        let definition = Definition::of(&detail)?;
        if detail.state == RunState::Cancelling {
            return Err(usage(format!("run {run} is being cancelled: retry it once that is over")));
        }
        let world = match self.detach {
            true => None,
            false => {
                let shared = keeps_delay(&definition.pipeline, &definition.params);
                let world = world_for(config, store.clone(), &definition.plan()?, shared)?;
                // What cannot be gone on with here is left as it is.
                RunContext::load(&detail, &Map::new(), &world)?;
                Some(world)
            }
        };
        let doing = Doing::begin(&store, "run.retry").within(run).with(json!({"items": self.item}));
        let redriven = redrive(&store, run, (!only.is_empty()).then_some(only.as_slice())).await;
        let brought = doing.end(redriven).await?;
        if brought.items == 0 && detail.state == RunState::Paused {
            return Err(usage(format!(
                "nothing of run {run} failed, and it is paused: `callboard continue {run}` lets it go on"
            )));
        }
        if brought.items == 0 && detail.state == RunState::Ended {
            say("nothing to do again: nothing failed, and nothing was left out for the sake of another");
            let told = report_of(&store, run).await?;
            report::show(&told, self.format)?;
            return Ok(ExitCode::from(report::exit_code(&told)));
        }
        say(&format!("{} to do again", counted(brought.items, "item")));
        if let Some(file) = changed_since(config, &definition.pipeline) {
            say(&format!(
                "{file} has been changed since: they are done as it was then; `callboard run {file}` begins anew"
            ));
        }
        let code = match world {
            None => {
                if !others_are_alive(&store).await {
                    say("no runner is alive: `callboard runner` or `callboard serve` takes it");
                }
                ExitCode::SUCCESS
            }
            Some(world) => {
                let options = runner_options(config, None)?;
                Attended { world, run, secrets: Map::new(), options }.until_ended(self.format).await?
            }
        };
        store.close().await;
        Ok(code)
    }
}

/// The file of a pipeline in the folder of pipelines, or of its name in the working folder, where that says
/// something else by now.
fn changed_since(config: &Config, pipeline: &Pipeline) -> Option<String> {
    let names = std::iter::once(pipeline.name.clone()).chain(library::file_names(&pipeline.name));
    let mut found = names.filter_map(|name| library::find(&library::folder(config), &name).ok());
    let found = found.find(|found| Path::new(&found.file).is_file())?;
    let (now, then) = (serde_json::to_value(&found.loaded.pipeline), serde_json::to_value(pipeline));
    (now.ok()? != then.ok()?).then_some(found.file)
}

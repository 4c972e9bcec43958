//! `callboard dead`: items that ended badly, with their input, the reason, and every attempt.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use engine::run::{redrive, shown_input};
use model::RunId;
use serde_json::{Value, json};
use store::{DeadItem, DeadQuery, ItemId, Store, WorkQueue as _};

use crate::config::Config;
use crate::figures::{counted, cut};
use crate::noted::Doing;
use crate::output::{Format, print, print_json, say, table, usage};
use crate::which;
use crate::world::open_existing;

const EXAMPLES: &str = "\
Examples:
  callboard dead                          the newest, of all runs
  callboard dead --run last
  callboard dead show 512                 its input, reason and every attempt
  callboard dead redrive 512 513          do them again; runners take them
  callboard dead redrive --run last       all of a run
  callboard dead drop 514                 settle with it: it is not listed any more";

/// List items that ended badly; show one, do it again, or drop it.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Dead {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Subcommand)]
enum Command {
    /// List them, newest first
    List(List),
    /// Show one: input, reason, every attempt
    Show {
        /// The item
        item: i64,
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Do them again: `callboard runner`, or `callboard run --resume`, takes them
    Redrive(These),
    /// Settle with them: they stay as they are, but are no longer listed nor done again
    Drop(These),
}

#[derive(Args)]
struct List {
    /// Only those of this run: its id, the beginning of it, or `last`
    #[arg(long, value_name = "ID|last")]
    run: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "50")]
    limit: usize,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Args)]
struct These {
    /// The items
    #[arg(value_name = "ITEM", required_unless_present = "run")]
    items: Vec<i64>,
    /// All of this run
    #[arg(long, value_name = "ID|last", conflicts_with = "items")]
    run: Option<String>,
}

impl Dead {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let ended = match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(&store).await,
            Command::Show { item, format } => show(&store, item, format).await,
            Command::Redrive(these) => these.redrive(&store).await,
            Command::Drop(these) => these.drop(&store).await,
        };
        store.close().await;
        ended.map(|()| ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(self, store: &Store) -> Result<()> {
        let run = which::run_if(store, self.run.as_deref()).await?;
        let dead = store.dead(DeadQuery { run, item: None, limit: self.limit }).await?;
        match self.format {
            Format::Table if dead.is_empty() => say("no item ended badly"),
            Format::Table => {
                let mut rows = table(&["ITEM", "RUN", "STEP", "STATE", "TRIES", "INPUT", "REASON"]);
                let ids: Vec<RunId> = dead.iter().map(|item| item.run).collect();
                for item in &dead {
                    rows.add_row([
                        item.item.0.to_string(),
                        which::short(item.run, &ids),
                        item.step.clone(),
                        item.state.name().to_owned(),
                        item.attempts.len().to_string(),
                        cut(&item.input.as_ref().map(shown_input).unwrap_or_default(), 60),
                        cut(item.error.as_deref().unwrap_or_default(), 120),
                    ]);
                }
                print(&format!("{rows}\n"))?;
            }
            Format::Json => print_json(&dead.iter().map(dead_json).collect::<Vec<_>>(), self.format)?,
            Format::Ndjson => dead.iter().try_for_each(|item| print_json(&dead_json(item), self.format))?,
        }
        Ok(())
    }
}

async fn show(store: &Store, item: i64, format: Format) -> Result<()> {
    let dead = one(store, item).await?;
    if format != Format::Table {
        return print_json(&dead_json(&dead), format);
    }
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let mut page = format!("item {}: {} in {} of run {}\n", item, dead.state.name(), dead.step, dead.run);
    page += &format!("reason ({}): {}\n", text(&dead.class), text(&dead.error));
    if let Some(input) = &dead.input {
        page += &format!("input: {}\n", serde_json::to_string_pretty(input)?);
    }
    let mut rows = table(&["TRY", "RUNNER", "ENDED", "OUTCOME", "CLASS", "WHY"]);
    for attempt in &dead.attempts {
        rows.add_row([
            attempt.attempt.to_string(),
            text(&attempt.runner),
            attempt.ended_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            attempt.outcome.clone(),
            text(&attempt.class),
            text(&attempt.error),
        ]);
    }
    page += &format!("{rows}\nagain: callboard dead redrive {item}   settle: callboard dead drop {item}\n");
    Ok(print(&page)?)
}

impl These {
    /// The items by run.
    async fn found(&self, store: &Store) -> Result<Vec<DeadItem>> {
        if let Some(run) = which::run_if(store, self.run.as_deref()).await? {
            return Ok(store.dead(DeadQuery { run: Some(run), item: None, limit: usize::MAX }).await?);
        }
        let mut found = Vec::new();
        for item in &self.items {
            found.push(one(store, *item).await?);
        }
        Ok(found)
    }

    async fn redrive(self, store: &Store) -> Result<()> {
        let found = self.found(store).await?;
        let mut runs: Vec<RunId> = found.iter().map(|item| item.run).collect();
        runs.sort();
        runs.dedup();
        let mut brought = 0;
        for run in &runs {
            let items: Vec<ItemId> =
                found.iter().filter(|item| item.run == *run).map(|item| item.item).collect();
            let doing = Doing::begin(store, "item.redrive").about(several(&items)).within(*run);
            brought += doing.end(redrive(store, *run, Some(&items)).await).await?.items;
        }
        print(&format!("{} to do again\n", counted(brought, "item")))?;
        for run in runs {
            say(&format!("`callboard run --resume {run}` does them here, any runner elsewhere"));
        }
        Ok(())
    }

    async fn drop(self, store: &Store) -> Result<()> {
        let items: Vec<ItemId> = self.found(store).await?.iter().map(|item| item.item).collect();
        let doing = Doing::begin(store, "item.drop").about(several(&items));
        let dropped = doing.end(store.drop_dead(&items).await).await?;
        Ok(print(&format!("{} dropped\n", counted(dropped, "item")))?)
    }
}

/// The items by number; of many, the first ones.
fn several(items: &[ItemId]) -> String {
    const SHOWN: usize = 20;
    let shown: Vec<String> = items.iter().take(SHOWN).map(|item| item.0.to_string()).collect();
    let more = items.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("item {}{more}", shown.join(" "))
}

async fn one(store: &Store, item: i64) -> Result<DeadItem> {
    let found = store.dead(DeadQuery { run: None, item: Some(ItemId(item)), limit: 1 }).await?;
    let none = || usage(format!("no item {item} ended badly; `callboard dead` lists those that did"));
    found.into_iter().next().ok_or_else(none)
}

fn dead_json(item: &DeadItem) -> Value {
    // Values always serialise.
    json!(item)
}

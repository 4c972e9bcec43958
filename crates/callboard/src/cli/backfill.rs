//! `callboard backfill`: one run of a pipeline for each window of a stretch of time. Which windows were
//! run is asked from the store, so that a backfill that was stopped is gone on with by calling it again.

mod history;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use chrono_tz::Tz;
use clap::{Args, ValueEnum};
use engine::backfill::{Reprocess, Unit, Window, WindowState, lower_bound, to_run, upper_bound, windows};
use engine::run::{Manner, RunReport, RunnerOptions, Starting, Stop, World, secrets, start};
use model::RunId;
use serde_json::{Map, Value, json};
use store::{Begun, Overlap, Store};
use tokio::sync::watch;

use super::Flags;
use super::run::command;
use crate::attending::Attended;
use crate::config::Config;
use crate::figures::{counted, span};
use crate::library::{self, Found};
use crate::noted::{Doing, who};
use crate::output::{Format, print, print_json, say, usage};
use crate::stopping;
use crate::world::{env, open, open_if_there, runner_options, world_for};
use history::{History, grid, shown};

const EXAMPLES: &str = "\
Examples:
  callboard backfill nightly --from 2026-11-01 --to 2026-11-30
  callboard backfill nightly --from 2026-01-01 --to 2026-12-31 --every month --reverse
  callboard backfill nightly --from 2026-11-01 --to 2026-11-30 --reprocess failed
  callboard backfill nightly --from 2026-11-01 --to 2026-11-30 --show

Each run has `run.date`, the day its window begins, and, where the pipeline declares them, the parameters
`from` (included) and `to` (excluded).";

/// Run a pipeline once for each window of a stretch of time.
///
/// Windows that were completed are left alone; one that was interrupted is gone on with.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Backfill {
    /// The pipeline: a name in the folder of pipelines, or a file
    #[arg(value_name = "NAME|FILE")]
    pipeline: String,
    /// The first day or instant
    #[arg(long, value_name = "WHEN")]
    from: String,
    /// The last day, included, or the instant before which it ends
    #[arg(long, value_name = "WHEN")]
    to: String,
    /// How long a window is: hour, day, week, month, year, or like P3D, PT6H
    #[arg(long, value_name = "UNIT", default_value = "day")]
    every: String,
    /// The newest window first
    #[arg(long)]
    reverse: bool,
    /// Which windows that were run before are run again
    #[arg(long, value_enum, default_value = "none")]
    reprocess: Again,
    /// Zone of the days [default: the setting `timezone`, else UTC]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// List the windows that would be run, and run none
    #[arg(long)]
    dry_run: bool,
    /// Show how the windows fared so far, and run none
    #[arg(long, conflicts_with_all = ["dry_run", "reverse", "reprocess"])]
    show: bool,
    /// Value for a parameter; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// Items under way at once [default: 16]
    #[arg(long, value_name = "N")]
    concurrency: Option<String>,
    /// Fetch from private and loopback addresses too
    #[arg(long)]
    allow_private: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// Which windows are run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Again {
    /// None
    None,
    /// Those that did not complete
    Failed,
    /// All
    All,
}

impl Backfill {
    /// The settings that this call's flags give.
    pub fn flags(&self) -> Flags {
        let private = self.allow_private.then(|| "true".to_owned());
        let zone = self.timezone.clone();
        vec![("concurrency", self.concurrency.clone()), ("allow_private", private), ("timezone", zone)]
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let zone = config.timezone()?.unwrap_or(Tz::UTC);
        let windows = self.windows(zone)?;
        let found = library::find(&library::folder(config), &self.pipeline)?;
        let params = secrets::params(&found.loaded.pipeline, &self.set, env)?;
        let asked = Asked { found, params, zone };
        let writes = !self.show && !self.dry_run;
        let store = match writes {
            true => open(config).await?,
            false => match open_if_there(config).await? {
                Some(store) => store,
                None => Store::in_memory().await?,
            },
        };
        let history = asked.history(&store).await?;
        let (code, history) = if self.show {
            (ExitCode::SUCCESS, history)
        } else if self.dry_run {
            self.list(&self.chosen(&windows, &history), &history, zone)?;
            store.close().await;
            return Ok(ExitCode::SUCCESS);
        } else {
            let doing = Doing::begin(&store, "backfill").about(&asked.found.loaded.pipeline.name);
            let doing = doing.with(json!({"from": self.from, "to": self.to, "every": self.every}));
            let worked = self.work(config, &store, &asked, &windows, history).await;
            let standing = doing.end_as(worked, Standing::outcome).await?;
            (ExitCode::from(standing.code()), standing.history)
        };
        self.tell(&store, &asked, &windows, &history).await?;
        store.close().await;
        Ok(code)
    }

    fn windows(&self, zone: Tz) -> Result<Vec<Window>> {
        let unit: Unit = self.every.parse().map_err(usage)?;
        let from = lower_bound(&self.from, zone).map_err(usage)?;
        let to = upper_bound(&self.to, zone).map_err(usage)?;
        windows(from, to, unit, zone).map_err(usage)
    }

    /// The windows to run, in order: those never run, those to be run again, those that were interrupted.
    fn chosen(&self, windows: &[Window], history: &History) -> Vec<Window> {
        let again = match self.reprocess {
            Again::None => Reprocess::None,
            Again::Failed => Reprocess::Failed,
            Again::All => Reprocess::All,
        };
        let states = history.states();
        let mut chosen = to_run(windows, &states, again, false);
        chosen.extend(windows.iter().filter(|window| states.get(window) == Some(&WindowState::Running)));
        chosen.sort();
        if self.reverse {
            chosen.reverse();
        }
        chosen
    }

    fn list(&self, chosen: &[Window], history: &History, zone: Tz) -> Result<()> {
        let mut text = String::new();
        for window in chosen {
            let why = match history.run_of(window) {
                Some((_, WindowState::Running)) => "gone on with",
                Some(_) => "again",
                None => "new",
            };
            text += &format!("{}  {}  {why}\n", shown(window.from, zone), shown(window.to, zone));
        }
        print(&text)?;
        say(&format!("{} would be run; nothing was written", counted(chosen.len() as u64, "window")));
        Ok(())
    }

    async fn work(
        &self,
        config: &Config,
        store: &Store,
        asked: &Asked,
        windows: &[Window],
        mut history: History,
    ) -> Result<Standing> {
        let stop = stopping::listen();
        let world = world_for(config, store.clone(), &asked.found.loaded.plan, false)?;
        let options = runner_options(config, None)?;
        let chosen = self.chosen(windows, &history);
        say(&format!("{} of {} to run", chosen.len(), counted(windows.len() as u64, "window")));
        // What was known of a window when it was chosen.
        let chosen: Vec<_> = chosen.into_iter().map(|window| (window, history.run_of(&window))).collect();
        for (window, known) in chosen {
            let label = window.label(asked.zone);
            while *stop.borrow() == Stop::No {
                // Another backfill may be at the same windows.
                history.look_again(store, &asked.found.loaded.pipeline.name).await?;
                let run = match (history.run_of(&window), known) {
                    (Some((run, WindowState::Running)), _) => run,
                    (now, known) if now.map(|(run, _)| run) != known.map(|(run, _)| run) => {
                        say(&format!("{label}: done by another backfill meanwhile"));
                        break;
                    }
                    _ => match asked.begin(&world, window).await? {
                        Ok(run) => run,
                        Err(behind) => {
                            asked.attend(&world, behind, options.clone(), stop.clone()).await?;
                            continue;
                        }
                    },
                };
                let told = asked.attend(&world, run, options.clone(), stop.clone()).await?;
                let how = told.summary.outcome.as_deref().unwrap_or("interrupted");
                let took = span(told.summary.elapsed_ms);
                say(&format!("{label}: {how} in {took}, {}", counted(told.summary.items.done, "item")));
                break;
            }
        }
        let interrupted = *stop.borrow() != Stop::No;
        Ok(Standing::of(windows, asked.history(store).await?, interrupted))
    }

    async fn tell(&self, store: &Store, asked: &Asked, windows: &[Window], history: &History) -> Result<()> {
        let grid = grid(store, &asked.found.loaded.plan, asked.zone, windows, history).await?;
        match self.format {
            Format::Table => Ok(print(&history::for_people(&grid))?),
            Format::Json | Format::Ndjson => print_json(&grid, self.format),
        }
    }
}

/// What is to be run for each window.
struct Asked {
    found: Found,
    params: Map<String, Value>,
    zone: Tz,
}

impl Asked {
    async fn history(&self, store: &Store) -> Result<History> {
        let secret = &self.found.loaded.plan.secrets;
        History::load(store, &self.found.loaded.pipeline.name, &self.params, secret).await
    }

    /// Begins the run of a window, or tells which run is in the way.
    async fn begin(&self, world: &World, window: Window) -> Result<Result<RunId, RunId>> {
        let pipeline = self.found.loaded.pipeline.clone();
        let mut params = self.params.clone();
        for (name, at) in [("from", window.from), ("to", window.to)] {
            if pipeline.params.contains_key(name) {
                params.insert(name.to_owned(), Value::String(shown(at, self.zone)));
            }
        }
        let mut command = command("backfill", &self.found, &params, &self.found.loaded.plan.secrets);
        command["window"] = serde_json::to_value(window)?;
        let date = Some(window.from.with_timezone(&self.zone).date_naive());
        // What is in the way is waited for by working on it, and then it is looked again whether there is
        // anything left to do.
        let overlap = Some(match pipeline.overlap {
            Overlap::Queue => Overlap::Skip,
            other => other,
        });
        let manner = Manner { date, ..Manner::default() };
        let by = who();
        let starting = Starting { pipeline, params, manner, overlap, command, by, slot: None };
        let started = start(world, starting).await?;
        match started.begun {
            Begun::Skipped { behind } => Ok(Err(behind)),
            Begun::Running | Begun::Queued { .. } | Begun::Taken => Ok(Ok(started.run)),
        }
    }

    async fn attend(
        &self,
        world: &Arc<World>,
        run: RunId,
        options: RunnerOptions,
        stop: watch::Receiver<Stop>,
    ) -> Result<RunReport> {
        let secret = |(name, _): &(&String, &Value)| self.found.loaded.plan.secrets.contains(name);
        let secrets = self.params.iter().filter(secret).map(|(name, value)| (name.clone(), value.clone()));
        let attended = Attended { world: world.clone(), run, secrets: secrets.collect(), options };
        attended.work(stop).await
    }
}

/// How the windows that were asked for stand, whoever ran them.
struct Standing {
    history: History,
    completed: usize,
    failed: usize,
    others: usize,
    interrupted: bool,
}

impl Standing {
    fn of(windows: &[Window], history: History, interrupted: bool) -> Standing {
        let mut standing = Standing { history, completed: 0, failed: 0, others: 0, interrupted };
        for window in windows {
            match standing.history.run_of(window).map(|(_, state)| state) {
                Some(WindowState::Completed) => standing.completed += 1,
                Some(WindowState::Failed) => standing.failed += 1,
                _ => standing.others += 1,
            }
        }
        standing
    }

    /// How it stands, in a word.
    fn outcome(&self) -> &'static str {
        match self.code() {
            0 => "completed",
            1 => "failed",
            130 => "interrupted",
            _ => "partial",
        }
    }

    /// As for a run: some windows done and some not is partial.
    fn code(&self) -> u8 {
        match (self.interrupted, self.failed, self.completed + self.others) {
            (true, ..) => 130,
            (_, 0, _) if self.others == 0 => 0,
            (_, 1.., 0) => 1,
            _ => 3,
        }
    }
}

//! `callboard run`: runs a pipeline to its end, or goes on with a run that was left.

mod planned;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::builder::FalseyValueParser;
use clap::{Args, ValueEnum};
use engine::pipeline::{Pipeline, Plan};
use engine::run::{Definition, Manner, RunError, RunReport, Started, Starting, World, secrets, start};
use engine::ticketing::{self, Names, pipeline_names};
use model::nearest;
use serde_json::{Map, Value, json};
use store::{Begun, Overlap, RunState, Store};

use super::crawl::{self, Crawl};
use super::former::Former;
use super::{Flags, said};
use crate::attending::{Attended, others_are_alive, report_of};
use crate::config::Config;
use crate::library::{self, Found};
use crate::noted::{Doing, who};
use crate::output::{Format, print, print_json, say, usage};
use crate::world::{env, keeps_delay, open, open_existing, runner_options, world_for, world_of};
use crate::{report, stopping, which};

const EXAMPLES: &str = "\
Examples:
  callboard run nightly                         the pipeline of that name in pipelines/
  callboard run pipelines/nightly.yaml --set days=3
  callboard run nightly --dry-run               say what would run and change, write nothing
  callboard run nightly --from load             this step and what comes after
  callboard run --resume last                   go on with a run that was interrupted or killed
  callboard run nightly --format json | jq .outcome
  callboard run vivenu --pipeline-name full --region taiwan    ticketing; default, minimal, parallel, full

Values of secret parameters come from --set, or from CALLBOARD_PARAM_NAME in the environment or .env.
Exit codes: 0 completed, 3 partial, 1 failed, 130 cancelled or interrupted, 2 wrong use.";

/// Run a pipeline to its end.
///
/// Every step and item is kept in the store as it goes, so that a run that is interrupted or killed can
/// be gone on with, here or by any runner.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// The pipeline: a name in the folder of pipelines, a file, or `-`
    #[arg(value_name = "NAME|FILE")]
    pipeline: Option<String>,
    /// Value for a parameter; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// This step and what comes after it
    #[arg(long, value_name = "STEP", conflicts_with = "only")]
    from: Option<String>,
    /// This step alone
    #[arg(long, value_name = "STEP")]
    only: Option<String>,
    /// Fetch nothing: read again what was landed
    #[arg(long, alias = "skip_fetch", env = "SKIP_FETCH", value_parser = FalseyValueParser::new())]
    skip_fetch: bool,
    /// Write nothing anywhere; say what would run and change
    #[arg(long, conflicts_with = "detach")]
    dry_run: bool,
    /// Go on with this run: an id, its beginning, or `last`
    #[arg(long, value_name = "ID", conflicts_with_all = ["pipeline", "from", "only", "dry_run", "overlap"])]
    resume: Option<String>,
    /// When a run with the same parameters is under way [default: as the pipeline says]
    #[arg(long, value_enum, value_name = "HOW")]
    overlap: Option<OverlapFlag>,
    /// The same as --log-level debug
    #[arg(long, alias = "verbose", env = "DEBUG_MODE", value_parser = FalseyValueParser::new())]
    pub debug: bool,
    /// The pipeline by name, as older systems spell it
    #[arg(long, value_name = "NAME", env = "PIPELINE_NAME")]
    pipeline_name: Option<String>,
    /// The pipeline by its file, or the folder in which its name is looked up
    #[arg(long, value_name = "PATH", env = "PIPELINE_CONFIG")]
    pipeline_config: Option<String>,
    /// A region of ticketing; may be given several times [default: all that are configured]
    #[arg(long, value_name = "REGION", value_delimiter = ',', conflicts_with = "resume")]
    region: Vec<String>,
    /// Name of this process as a runner
    #[arg(long, value_name = "ID")]
    runner_id: Option<String>,
    /// Items under way at once [default: 16]
    #[arg(long, alias = "max-concurrent-requests", value_name = "N")]
    concurrency: Option<String>,
    /// Fetch from private and loopback addresses too
    #[arg(long)]
    allow_private: bool,
    /// Begin it and leave it to other runners
    #[arg(long)]
    detach: bool,
    #[command(flatten)]
    former: Former,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    crawl: Crawl,
}

/// The pipelines that ship for ticketing.
const TICKETING: &str = ticketing::CONNECTOR;

/// What to do when a run would overlap another one.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum OverlapFlag {
    /// Wait for it to end
    Queue,
    /// Do not run
    Skip,
    /// Cancel it
    CancelOlder,
}

impl OverlapFlag {
    /// What the flag says, else what the pipeline declares.
    pub fn or_declared(flag: Option<OverlapFlag>, pipeline: &Pipeline) -> Overlap {
        match flag {
            Some(OverlapFlag::Queue) => Overlap::Queue,
            Some(OverlapFlag::Skip) => Overlap::Skip,
            Some(OverlapFlag::CancelOlder) => Overlap::CancelOlder,
            None => pipeline.overlap,
        }
    }
}

impl Run {
    /// The settings that this call's flags give.
    pub fn flags(&self) -> Flags {
        let private = self.allow_private.then(|| "true".to_owned());
        let folder = said(&self.pipeline_config).cloned().filter(|path| std::path::Path::new(path).is_dir());
        let own =
            [("concurrency", self.concurrency.clone()), ("allow_private", private), ("pipelines", folder)];
        own.into_iter().chain(self.former.flags()).collect()
    }

    /// Whether nothing is written anywhere.
    pub fn is_dry(&self) -> bool {
        self.dry_run
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        match &self.resume {
            Some(asked) => self.resume(config, asked).await,
            None => self.begin(config).await,
        }
    }

    async fn begin(&self, config: &Config) -> Result<ExitCode> {
        self.former.refuse()?;
        let found = library::find(&library::folder(config), &self.wanted()?)?;
        found.loaded.warnings.iter().for_each(|warning| say(&warning.to_string()));
        self.former.tell(&found.loaded.pipeline.name);
        let sets = self.crawl.with(&self.set(), &found.loaded.pipeline)?;
        let params = secrets::params(&found.loaded.pipeline, &sets, env)?;
        let plan = self.plan(&found.loaded.pipeline)?;
        let catalog = crawl::check(config, &found.loaded, &params)?;
        of_regions(config, &found.loaded.pipeline, &params)?;
        let store = match self.dry_run {
            true => Store::rehearse_with(config.db()?, &config.open_options()?).await?,
            false => open(config).await?,
        };
        let shared = !self.dry_run && keeps_delay(&found.loaded.pipeline, &params);
        let world = world_of(config, store.clone(), catalog, shared)?;
        if self.dry_run && self.format == Format::Table {
            print(&planned::text(&plan))?;
        }
        let command = command("manual", &found, &params, &plan.secrets);
        let starting = Starting {
            overlap: (!self.dry_run).then(|| OverlapFlag::or_declared(self.overlap, &found.loaded.pipeline)),
            pipeline: found.loaded.pipeline,
            params,
            manner: self.manner(),
            command,
            by: who(),
            slot: None,
        };
        let started = start(&world, starting).await?;
        if let Begun::Skipped { behind } = started.begun {
            return skipped(behind, self.format);
        }
        let code = match self.detach {
            true => self.leave(&store, started.run).await?,
            false if self.dry_run => self.rehearse(config, world, &plan, started).await?,
            false => self.attend(config, world, started.run, started.secrets).await?,
        };
        store.close().await;
        Ok(code)
    }

    async fn resume(&self, config: &Config, asked: &str) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let run = which::run(&store, asked).await?;
        let detail = store.run(run).await?.ok_or_else(|| usage(format!("there is no run {run}")))?;
        let definition = Definition::of(&detail)?;
        if detail.state == RunState::Ended {
            let told: RunReport = report_of(&store, run).await?;
            report::show(&told, self.format)?;
            say(&format!("it has ended; `callboard retry {run}` does again what failed or never ran"));
            return Ok(ExitCode::from(report::exit_code(&told)));
        }
        if detail.state == RunState::Paused {
            Doing::begin(&store, "run.continue").within(run).end(store.unpause(run).await).await?;
        }
        let given = self.secrets(&definition.pipeline)?;
        let shared = keeps_delay(&definition.pipeline, &definition.params);
        let world = world_for(config, store.clone(), &definition.plan()?, shared)?;
        let code = self.attend(config, world, run, given).await?;
        store.close().await;
        Ok(code)
    }

    async fn attend(
        &self,
        config: &Config,
        world: Arc<World>,
        run: model::RunId,
        secrets: Map<String, Value>,
    ) -> Result<ExitCode> {
        let options = runner_options(config, self.runner_id.clone())?;
        Attended { world, run, secrets, options }.until_ended(self.format).await
    }

    /// A dry run: what it would be, and what came of trying it on a copy.
    async fn rehearse(
        &self,
        config: &Config,
        world: Arc<World>,
        plan: &Plan,
        started: Started,
    ) -> Result<ExitCode> {
        let options = runner_options(config, self.runner_id.clone())?;
        let attended = Attended { world, run: started.run, secrets: started.secrets, options };
        let told = attended.work(stopping::listen()).await?;
        if self.format == Format::Table {
            report::show(&told, self.format)?;
        } else {
            let mut object = serde_json::to_value(&told)?;
            object["plan"] = planned::steps(plan);
            print_json(&object, self.format)?;
        }
        Ok(ExitCode::from(report::exit_code(&told)))
    }

    /// What is set, regions included: a pipeline that goes over them has a parameter of that name.
    fn set(&self) -> Vec<String> {
        let regions = (!self.region.is_empty()).then(|| format!("regions={}", self.region.join(",")));
        self.set.iter().cloned().chain(regions).collect()
    }

    /// What the user named: an argument wins over the names of older systems. `vivenu` is the set of
    /// pipelines for ticketing, in which the older name chooses.
    fn wanted(&self) -> Result<String> {
        let (config, name) = (said(&self.pipeline_config), said(&self.pipeline_name));
        if self.pipeline.as_deref() == Some(TICKETING) && config.is_none() {
            return shipped(name.map_or("default", String::as_str));
        }
        let config = config.filter(|path| !std::path::Path::new(path).is_dir());
        let wanted = self.pipeline.as_ref().or(config).or(name);
        wanted.cloned().ok_or_else(|| {
            usage("no pipeline: give a name in the folder of pipelines, a file, or --resume with a run")
        })
    }

    fn manner(&self) -> Manner {
        Manner {
            only: self.only.clone(),
            from: self.from.clone(),
            skip_fetch: self.skip_fetch,
            dry_run: self.dry_run,
            date: None,
        }
    }

    fn plan(&self, pipeline: &Pipeline) -> Result<Plan, RunError> {
        let (pipeline, params) = (pipeline.clone(), Map::new());
        Definition { pipeline, params, manner: self.manner() }.plan()
    }

    /// The secret parameters that --set gives; those of the environment are looked up where needed.
    fn secrets(&self, pipeline: &Pipeline) -> Result<Map<String, Value>> {
        let secret: Vec<&str> =
            pipeline.declared().filter(|(_, param)| param.secret).map(|(name, _)| name).collect();
        let mut given = Map::new();
        for set in &self.set {
            let (name, value) = set.split_once('=').unwrap_or((set, ""));
            if !secret.contains(&name) {
                return Err(usage(format!("{name} cannot be set: a run keeps the parameters it began with")));
            }
            given.insert(name.to_owned(), Value::String(value.to_owned()));
        }
        Ok(given)
    }

    async fn leave(&self, store: &Store, run: model::RunId) -> Result<ExitCode> {
        match self.format {
            Format::Table => print(&format!("{run}\n"))?,
            format => report::show(&report_of(store, run).await?, format)?,
        }
        if !others_are_alive(store).await {
            say("no runner is alive: `callboard runner` or `callboard serve` takes it");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Whether the regions that a pipeline of ticketing is to go over are there: no run begins for ones that are not.
fn of_regions(config: &Config, pipeline: &Pipeline, params: &Map<String, Value>) -> Result<()> {
    if pipeline.name.split('/').next() != Some(TICKETING) {
        return Ok(());
    }
    let named = params.get("regions").cloned().unwrap_or_default();
    // What is no name at all is told by the step that gets it.
    let Ok(names) = serde_json::from_value::<Names>(named) else { return Ok(()) };
    let regions = crate::regions::load(config)?;
    ticketing::chosen(regions, &names.list()).map(drop).map_err(usage)
}

/// Tells that nothing ran, as the one before is not over.
pub fn skipped(behind: model::RunId, format: Format) -> Result<ExitCode> {
    say(&format!("not run: run {behind} of the same pipeline and parameters is under way"));
    if format != Format::Table {
        print_json(&json!({"id": null, "outcome": "skipped", "behind": behind}), format)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The pipeline for ticketing of this name.
fn shipped(name: &str) -> Result<String> {
    if pipeline_names().any(|known| known == name) {
        return Ok(format!("{TICKETING}/{name}"));
    }
    let help = match nearest(name, pipeline_names()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there are {}", pipeline_names().collect::<Vec<_>>().join(", ")),
    };
    Err(usage(format!("there is no pipeline {name} for ticketing; {help}")))
}

/// What was asked for, for whoever reads the list of runs; without secrets.
pub fn command(trigger: &str, found: &Found, params: &Map<String, Value>, secrets: &[String]) -> Value {
    let params: Map<String, Value> =
        params.clone().into_iter().filter(|(name, _)| !secrets.contains(name)).collect();
    json!({"command": "run", "trigger": trigger, "pipeline": found.file, "params": params})
}

//! The scheduler of a server: looks every second at the folder of pipelines and at the clock, and begins
//! what is due. Whatever is wrong with one pipeline is told once and does not stop the others.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Result;
use engine::run::{RunError, Stop, World};
use engine::scheduler::{Planned, Start, begin, due_now};
use store::Begun;
use tokio::sync::watch;

use crate::library::{files, scheduled};
use crate::output::say;

/// How often it looks.
const LOOK: Duration = Duration::from_secs(1);

/// The scheduler of one server.
pub struct Scheduling {
    folder: PathBuf,
    world: Arc<World>,
    server: String,
    /// The files of the folder as they were when they were read last.
    seen: Option<Vec<Stamp>>,
    planned: Vec<Planned>,
    /// Pipelines that cannot begin as they are: not tried again before a file changes.
    unable: BTreeSet<String>,
    /// What was told since the folder changed, so that it is told once.
    told: BTreeSet<String>,
}

/// What changes when a file does.
type Stamp = (PathBuf, Option<SystemTime>, u64);

impl Scheduling {
    /// For the pipelines of `folder`; `server` is the name that slots are claimed under.
    pub fn of(folder: PathBuf, world: Arc<World>, server: String) -> Scheduling {
        let (planned, unable, told) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        Scheduling { folder, world, server, seen: None, planned, unable, told }
    }

    /// Goes on until `stop`.
    pub async fn run(mut self, mut stop: watch::Receiver<Stop>) -> Result<()> {
        loop {
            self.look().await;
            let stopped = tokio::time::timeout(LOOK, stop.wait_for(|stop| *stop != Stop::No)).await;
            // A sender that is gone stops it too.
            if stopped.is_ok() {
                return Ok(());
            }
        }
    }

    /// Begins what is due now. A store that fails for a moment is asked again the next time.
    async fn look(&mut self) {
        match self.read_anew() {
            Ok(()) => {}
            Err(error) => self.tell(format!("{error:#}")),
        }
        let planned = std::mem::take(&mut self.planned);
        match due_now(&self.world.store, &planned, (self.world.clock)()).await {
            Ok(starts) => {
                for start in starts {
                    self.start(start).await;
                }
            }
            Err(error) => tracing::warn!(%error, "what is due could not be asked; it is asked again"),
        }
        self.planned = planned;
    }

    /// Reads the folder when a file of it came, went or changed.
    fn read_anew(&mut self) -> Result<()> {
        let stamps: Vec<Stamp> = files(&self.folder)?.iter().map(|file| stamp(file)).collect();
        if self.seen.as_ref() == Some(&stamps) {
            return Ok(());
        }
        self.unable.clear();
        self.told.clear();
        let (mut planned, mut names) = (Vec::new(), BTreeSet::new());
        for found in scheduled(&self.folder)? {
            match found.planned {
                Ok(_) if !names.insert(found.name.clone()) => {
                    self.tell(format!(
                        "{} is left out: another file has a pipeline {}",
                        found.file, found.name
                    ));
                }
                Ok(plan) => planned.push(plan),
                Err(fault) => self.tell(format!("{} does not run by itself: {fault}", found.name)),
            }
        }
        tracing::info!(pipelines = planned.len(), "the folder of pipelines was read");
        (self.planned, self.seen) = (planned, Some(stamps));
        Ok(())
    }

    async fn start(&mut self, start: Start<'_>) {
        let name = &start.planned.pipeline.name;
        if self.unable.contains(name) {
            return;
        }
        let slot = start.slot.at;
        match begin(&self.world, start, &self.server).await {
            Ok(started) => match started.begun {
                Begun::Taken => {}
                Begun::Skipped { behind } => {
                    tracing::info!(pipeline = %name, %slot, %behind, "a scheduled run was left out: one is under way");
                }
                Begun::Running | Begun::Queued { .. } => {
                    tracing::info!(pipeline = %name, %slot, run.id = %started.run, "a scheduled run began");
                }
            },
            Err(RunError::Store(error)) => {
                tracing::warn!(%error, pipeline = %name, "a scheduled run could not begin; it is tried again");
            }
            Err(error) => {
                self.unable.insert(name.clone());
                self.tell(format!("{name} cannot begin until its file is changed: {error}"));
            }
        }
    }

    fn tell(&mut self, message: String) {
        if self.told.insert(message.clone()) {
            say(&message);
        }
    }
}

fn stamp(file: &Path) -> Stamp {
    let found = std::fs::metadata(file).ok();
    let changed = found.as_ref().and_then(|found| found.modified().ok());
    (file.to_owned(), changed, found.map_or(0, |found| found.len()))
}

//! The runners of a fleet as processes: started, restarted when they die, told to stop, waited for.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use engine::fleet::Restarts;
use engine::run::Stop;
use model::RunId;
use store::{RunState, Store};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::status::Board;
use crate::attending::tell_queue;
use crate::live::Shown;
use crate::stopping;

/// How a runner is started.
pub struct Recipe {
    pub program: PathBuf,
    pub args: Vec<String>,
    /// Secrets it is to know; arguments could be read by others.
    pub env: Vec<(String, String)>,
    pub run: RunId,
}

/// One of the runners.
pub struct Slot {
    pub name: String,
    pub child: Option<Child>,
    pub pid: Option<u32>,
    pub state: &'static str,
    pub restarts: Restarts,
    since: Instant,
    again_at: Option<Instant>,
}

/// The runners of one run.
pub struct Fleet {
    store: Store,
    recipe: Recipe,
    slots: Vec<Slot>,
}

/// How often processes are looked after.
const TICK: Duration = Duration::from_millis(200);
/// Runners that are to end have so long: their own grace time, and some.
const GRACE: Duration = Duration::from_secs(30);

impl Fleet {
    pub fn new(store: Store, recipe: Recipe, runners: u32) -> Fleet {
        let prefix = prefix(recipe.run);
        let slot = |number| Slot {
            name: format!("{prefix}{number}"),
            child: None,
            pid: None,
            state: "starting",
            restarts: Restarts::default(),
            since: Instant::now(),
            again_at: Some(Instant::now()),
        };
        Fleet { store, recipe, slots: (1..=runners).map(slot).collect() }
    }

    /// Supervises until the run has ended and every process with it, or until it is to stop.
    pub async fn supervise(mut self, interval: Duration, mut stop: watch::Receiver<Stop>) -> Result<()> {
        let mut board = Board::new(interval);
        let shown = board.shown();
        let stops = stopping::tell(stop.clone(), move |line| shown.say(line));
        let queue = tokio::spawn(tell_queue(self.store.clone(), self.recipe.run, board.shown()));
        let (mut told, mut ending) = (Stop::No, None);
        loop {
            let asked = *stop.borrow_and_update();
            let over =
                self.store.run_state(self.recipe.run).await?.is_none_or(|state| state == RunState::Ended);
            if asked > told {
                // The first signal is passed on as a gentle one, the second as one to leave at once.
                self.signal();
                told = asked;
            }
            self.look_after(over || told != Stop::No, &board.shown())?;
            board.show(&self.store, self.recipe.run, &self.slots).await;
            let left =
                self.slots.iter().filter(|slot| slot.child.is_some() || slot.again_at.is_some()).count();
            if left == 0 {
                break;
            }
            if over || told != Stop::No {
                let until = *ending.get_or_insert_with(|| Instant::now() + GRACE);
                if Instant::now() >= until {
                    self.kill();
                }
            }
            let changed = tokio::time::timeout(TICK, stop.changed()).await;
            if matches!(changed, Ok(Err(_))) {
                tokio::time::sleep(TICK).await;
            }
        }
        stopping::told(stops, &stop).await;
        queue.abort();
        board.finish(&self.store, self.recipe.run, &self.slots).await;
        Ok(())
    }

    /// Notes who ended, starts who is due; when `ending`, nobody is started any more.
    fn look_after(&mut self, ending: bool, shown: &Shown) -> Result<()> {
        for slot in &mut self.slots {
            let exited = slot.child.as_mut().and_then(|child| child.try_wait().transpose()).transpose()?;
            if let Some(status) = exited {
                slot.ended(status, ending, shown);
            }
            if ending && slot.child.is_none() {
                slot.again_at = None;
            }
            if slot.again_at.is_some_and(|at| Instant::now() >= at) {
                slot.start(&self.recipe)?;
            }
        }
        Ok(())
    }

    fn signal(&self) {
        self.slots.iter().filter_map(|slot| slot.child.as_ref()?.id()).for_each(terminate);
    }

    fn kill(&mut self) {
        for slot in &mut self.slots {
            if let Some(child) = &mut slot.child {
                // It may just have ended.
                let _ = child.start_kill();
            }
        }
    }
}

/// What the names of a run's runners begin with.
pub fn prefix(run: RunId) -> String {
    format!("fleet_{run}_runner_")
}

impl Slot {
    fn start(&mut self, recipe: &Recipe) -> Result<()> {
        let mut command = Command::new(&recipe.program);
        command.args(&recipe.args).args(["--runner-id", &self.name]).envs(recipe.env.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // An interrupt at the terminal reaches this process alone, which passes it on.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().context("cannot start a runner")?;
        if let Some(stderr) = child.stderr.take() {
            let mut lines = BufReader::new(stderr).lines();
            let name = self.name.rsplit("_runner_").next().unwrap_or_default().to_owned();
            tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    tracing::info!(runner = %name, "{line}");
                }
            });
        }
        (self.pid, self.child, self.again_at) = (child.id(), Some(child), None);
        (self.state, self.since) = ("running", Instant::now());
        Ok(())
    }

    fn ended(&mut self, status: std::process::ExitStatus, ending: bool, shown: &Shown) {
        self.child = None;
        if ending {
            self.state = if status.success() { "completed" } else { "stopped" };
            return;
        }
        match self.restarts.died(self.since.elapsed()) {
            Some(wait) => {
                shown.say(&format!("{} ended with {status}; started again in {wait:?}", self.name));
                (self.state, self.again_at) = ("restarting", Some(Instant::now() + wait));
            }
            None => {
                shown.say(&format!("{} ended with {status} too often: it is given up", self.name));
                self.state = "failed";
            }
        }
    }
}

#[cfg(unix)]
fn terminate(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // It may just have ended.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

/// Elsewhere there is nothing gentle to say; it is killed when its grace time is over.
#[cfg(not(unix))]
fn terminate(_pid: u32) {}

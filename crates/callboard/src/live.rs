//! What is to be seen of a run while it goes on, on stderr: on a terminal a tree of its steps redrawn in
//! place, elsewhere a line for each milestone. All of it is asked from the store, so that it shows what
//! every runner does, not this process alone.

mod pace;
mod plain;
mod tree;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use engine::collect::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use model::RunId;
use store::{RunDetail, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock;
use crate::output::say;
use pace::Pace;
use plain::Milestones;

/// How often the store is asked, and the tree redrawn.
const TICK: Duration = Duration::from_millis(250);

/// A view that follows a run until it is finished.
pub struct View {
    watcher: JoinHandle<()>,
    stop: watch::Sender<bool>,
    shown: Shown,
}

/// Puts lines where they do not get into the way of what is redrawn.
#[derive(Clone)]
pub struct Shown(Option<ProgressBar>);

impl Shown {
    /// A line that stays.
    pub fn say(&self, line: &str) {
        match &self.0 {
            Some(bar) => bar.println(line),
            None => say(line),
        }
    }

    /// What is redrawn in place where stderr is a terminal.
    pub fn on_stderr() -> Shown {
        Shown(std::io::stderr().is_terminal().then(bar))
    }

    /// Whether there is anything to redraw on.
    pub fn is_live(&self) -> bool {
        self.0.is_some()
    }

    /// Draws `text` in the place of what was drawn before.
    pub fn redraw(&self, text: String) {
        if let Some(bar) = &self.0 {
            bar.set_message(text);
        }
    }

    /// Takes away what was drawn.
    pub fn clear(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

impl View {
    /// Follows `run`; `progress` has the messages of this process.
    pub fn follow(store: Store, run: RunId, progress: Arc<Progress>) -> View {
        let (stop, stopped) = watch::channel(false);
        let shown = Shown::on_stderr();
        let follower = Follower { store, run, progress, shown: shown.clone(), pace: Pace::default() };
        View { watcher: tokio::spawn(follower.follow(stopped)), stop, shown }
    }

    /// Where lines can be put meanwhile.
    pub fn shown(&self) -> Shown {
        self.shown.clone()
    }

    /// Shows what is left to show and clears the tree.
    pub async fn finish(self) {
        // A watcher that is gone has nothing left to show.
        let _ = self.stop.send(true);
        let _ = self.watcher.await;
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
    if let Ok(style) = ProgressStyle::with_template("{msg}") {
        bar.set_style(style);
    }
    bar
}

struct Follower {
    store: Store,
    run: RunId,
    progress: Arc<Progress>,
    shown: Shown,
    pace: Pace,
}

impl Follower {
    async fn follow(mut self, mut stopped: watch::Receiver<bool>) {
        let mut milestones = Milestones::default();
        loop {
            let over = tokio::time::timeout(TICK, stopped.changed()).await.is_ok();
            self.progress.take_messages().iter().for_each(|message| self.shown.say(message));
            // A store that is busy is asked again.
            if let Ok(Some(run)) = self.store.run(self.run).await {
                self.show(&run, &mut milestones, over);
            }
            if over {
                break;
            }
        }
        self.shown.clear();
    }

    fn show(&mut self, run: &RunDetail, milestones: &mut Milestones, over: bool) {
        self.pace.note(run);
        match self.shown.is_live() {
            true if !over => self.shown.redraw(tree::drawn(run, &self.pace, clock(), tree::room())),
            true => {}
            false => milestones.passed(run, &self.pace).iter().for_each(|line| say(line)),
        }
    }
}

//! What is to be seen while a run goes on: a live line on a terminal, plain lines elsewhere. Both go
//! to stderr; stdout is for data.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::collect::Progress;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::task::JoinHandle;

use crate::output::say;

/// A display that follows a run until it is finished.
pub struct Display {
    watcher: JoinHandle<()>,
    stop: tokio::sync::watch::Sender<bool>,
}

const LIVE_TICK: Duration = Duration::from_millis(100);
const PLAIN_TICK: Duration = Duration::from_secs(5);

impl Display {
    /// Follows `progress`: live on a terminal, a line every few seconds elsewhere.
    pub fn follow(progress: Arc<Progress>) -> Display {
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let live = std::io::stderr().is_terminal();
        let watcher = tokio::spawn(async move {
            if live { live_line(progress, stopped).await } else { plain_lines(progress, stopped).await }
        });
        Display { watcher, stop }
    }

    /// Shows what is left to show and clears the live line.
    pub async fn finish(self) {
        // A watcher that is gone has nothing left to show.
        let _ = self.stop.send(true);
        let _ = self.watcher.await;
    }
}

async fn live_line(progress: Arc<Progress>, mut stopped: tokio::sync::watch::Receiver<bool>) {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
    if let Ok(style) =
        ProgressStyle::with_template("{spinner} {wide_bar} {pos}/{len} documents  {msg}  {eta} left")
    {
        bar.set_style(style);
    }
    let began = Instant::now();
    while !wait(LIVE_TICK, &mut stopped).await {
        progress.take_messages().into_iter().for_each(|message| bar.println(message));
        bar.set_length(progress.expected());
        bar.set_position(progress.documents());
        bar.set_message(figures(&progress, began));
    }
    progress.take_messages().into_iter().for_each(|message| bar.println(message));
    bar.finish_and_clear();
}

async fn plain_lines(progress: Arc<Progress>, mut stopped: tokio::sync::watch::Receiver<bool>) {
    let (began, mut told) = (Instant::now(), 0);
    let mut last_told = Instant::now();
    while !wait(LIVE_TICK, &mut stopped).await {
        progress.take_messages().iter().for_each(|message| say(message));
        let done = progress.documents();
        if last_told.elapsed() >= PLAIN_TICK && done > told {
            say(&format!("{done} of {} documents, {}", progress.expected(), figures(&progress, began)));
            (told, last_told) = (done, Instant::now());
        }
    }
    progress.take_messages().iter().for_each(|message| say(message));
}

fn figures(progress: &Progress, began: Instant) -> String {
    let rate = progress.documents() as f64 / began.elapsed().as_secs_f64().max(0.001);
    let failed = progress.failed();
    let errors = if failed > 0 { format!(", {failed} failed") } else { String::new() };
    format!("{} records, {rate:.0}/s{errors}", HumanCount(progress.records()))
}

/// Waits one tick; true when the run has ended.
async fn wait(tick: Duration, stopped: &mut tokio::sync::watch::Receiver<bool>) -> bool {
    tokio::time::timeout(tick, stopped.changed()).await.is_ok()
}

//! The status table of a fleet: redrawn in place on a terminal, printed every so often elsewhere.

use std::time::{Duration, Instant};

use comfy_table::{ContentArrangement, Table, presets};
use engine::run::RunnerOptions;
use model::RunId;
use store::{RunDetail, RunnerRow, Store};

use super::supervise::{Slot, prefix};
use crate::clock;
use crate::figures::{count, span};
use crate::live::Shown;
use crate::output::say;

/// Shows how the fleet stands.
pub struct Board {
    shown: Shown,
    every: Duration,
    next: Instant,
}

/// On a terminal it is redrawn this often.
const REDRAW: Duration = Duration::from_millis(500);

impl Board {
    pub fn new(interval: Duration) -> Board {
        let shown = Shown::on_stderr();
        let every = if shown.is_live() { interval.min(REDRAW) } else { interval };
        Board { shown, every, next: Instant::now() + every }
    }

    /// Where lines can be put meanwhile.
    pub fn shown(&self) -> Shown {
        self.shown.clone()
    }

    /// Shows it when it is time.
    pub async fn show(&mut self, store: &Store, run: RunId, slots: &[Slot]) {
        if Instant::now() < self.next {
            return;
        }
        self.next = Instant::now() + self.every;
        // A store that is busy is asked again the next time.
        let Some(text) = drawn(store, run, slots).await else { return };
        if self.shown.is_live() {
            self.shown.redraw(text);
        } else {
            say(&text);
        }
    }

    /// Shows it for the last time.
    pub async fn finish(self, store: &Store, run: RunId, slots: &[Slot]) {
        self.shown.clear();
        if let Some(text) = drawn(store, run, slots).await {
            say(&text);
        }
    }
}

async fn drawn(store: &Store, run: RunId, slots: &[Slot]) -> Option<String> {
    let detail = store.run(run).await.ok()??;
    let rows = store.runners_named(&prefix(run)).await.ok()?;
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["RUNNER", "PID", "STATE", "IN HAND", "DONE", "HEARD", "RESTARTS"]);
    for slot in slots {
        table.add_row(row(slot, &rows));
    }
    Some(format!("{}\n{table}", headline(&detail)))
}

fn headline(run: &RunDetail) -> String {
    let items = run.items();
    let ended = items.done + items.failed + items.dead + items.skipped;
    let elapsed = u64::try_from((run.ended_at.unwrap_or_else(clock) - run.started_at).num_milliseconds());
    let how = run.outcome.as_deref().unwrap_or(run.state.name());
    format!(
        "run {} {how}  {}  {}/{} items, {} failed",
        run.id,
        span(elapsed.unwrap_or(0)),
        count(ended),
        count(items.total),
        count(items.failed + items.dead)
    )
}

/// A runner that was restarted is several in the store; what they did counts together.
fn row(slot: &Slot, rows: &[RunnerRow]) -> [String; 7] {
    let own: Vec<&RunnerRow> = rows.iter().filter(|row| row.name == slot.name).collect();
    let lease = chrono::TimeDelta::from_std(RunnerOptions::default().lease_time).unwrap_or_default();
    let heard = own.last().map(|row| (clock() - (row.until - lease)).num_seconds().max(0));
    [
        slot.name.rsplit("_runner_").next().unwrap_or_default().to_owned(),
        slot.pid.map_or("-".to_owned(), |pid| pid.to_string()),
        slot.state.to_owned(),
        count(own.iter().map(|row| row.leased).sum()),
        count(own.iter().map(|row| row.items).sum()),
        heard.map_or("-".to_owned(), |seconds| format!("{seconds} s ago")),
        slot.restarts.count.to_string(),
    ]
}

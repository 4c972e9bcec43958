//! What is told of a backup, while it is written or read and at the end.

use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};
use store::{BackedUp, BackupProgress};
use tokio::task::JoinHandle;

use crate::output::{Format, print, print_json, say, table};

/// A backup, where it is, and whether it was read back.
pub struct Told<'a> {
    pub made: &'a BackedUp,
    pub place: &'a str,
    pub verified: bool,
}

impl Told<'_> {
    /// On stderr where stdout is the backup.
    pub fn show(&self, format: Format, aside: bool) -> Result<()> {
        match format {
            _ if aside => say(&self.in_short()),
            Format::Table => {
                let mut rows = table(&["TABLE", "ROWS", "BLAKE3"]);
                for (name, sum) in self.made.manifest.tables.iter().filter(|(_, sum)| sum.rows > 0) {
                    rows.add_row([name.as_str(), &HumanCount(sum.rows).to_string(), &sum.blake3[..16]]);
                }
                print(&format!("{rows}\n\n{}\n", self.in_short()))?;
            }
            format => print_json(&self.object(), format)?,
        }
        let bodies = &self.made.manifest.bodies;
        if bodies.absent > 0 {
            let absent = HumanCount(bodies.absent);
            say(&format!(
                "landed bodies that documents name and that are gone (pruned, purged, lost): {absent}"
            ));
        }
        if bodies.damaged > 0 {
            say(&format!(
                "{} landed bodies are damaged and left out: `callboard landing verify`",
                bodies.damaged
            ));
        }
        Ok(())
    }

    fn in_short(&self) -> String {
        let (head, manifest) = (&self.made.head, &self.made.manifest);
        let bodies = match head.landing.as_str() {
            "include" => format!("{} bodies", HumanCount(manifest.bodies.count)),
            "check" => format!("{} bodies beside it, checked", HumanCount(manifest.bodies.count)),
            _ => "no bodies".to_owned(),
        };
        let sound = if self.verified { "; read back and sound" } else { "" };
        format!(
            "{}: {} rows, {bodies}, {}, of {} as of {}{sound}",
            self.place,
            HumanCount(manifest.rows()),
            HumanBytes(self.made.bytes),
            head.store,
            head.created_at,
        )
    }

    pub fn object(&self) -> Value {
        let BackedUp { head, manifest, bytes } = self.made;
        json!({
            "place": self.place, "bytes": bytes, "verified": self.verified,
            "created_at": head.created_at, "program": head.program, "schema": head.schema,
            "database": head.database, "store": head.store, "landing": head.landing,
            "rows": manifest.rows(), "tables": manifest.tables, "bodies": manifest.bodies,
            "blake3": manifest.blake3,
        })
    }
}

/// A live line, on a terminal; gone when it is dropped.
pub struct Line(Option<JoinHandle<()>>);

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.abort();
        }
    }
}

pub fn follow(progress: Arc<BackupProgress>) -> Line {
    const TICK: Duration = Duration::from_millis(100);
    if !std::io::stderr().is_terminal() {
        return Line(None);
    }
    Line(Some(tokio::spawn(async move {
        let bar = Clearing(ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
            bar.0.set_style(style);
        }
        loop {
            let (rows, bodies, bytes) = progress.so_far();
            let (rows, bodies, bytes) = (HumanCount(rows), HumanCount(bodies), HumanBytes(bytes));
            bar.0.set_message(format!("{rows} rows, {bodies} bodies, {bytes}"));
            bar.0.tick();
            tokio::time::sleep(TICK).await;
        }
    })))
}

/// The line is gone when its task is.
struct Clearing(ProgressBar);

impl Drop for Clearing {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

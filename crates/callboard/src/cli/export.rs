//! `callboard export`: rows of one kind for other programs, as a file or a stream.

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use engine::export::{ExportError, Progress, Summary, Target, Wanted, export};
use engine::run::Stop;
use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use store::Store;

use super::changes::kinds;
use crate::config::Config;
use crate::noted::Doing;
use crate::output::{reader_left, say, usage};
use crate::world::open_existing;
use crate::{personal, stopping};

const EXAMPLES: &str = "\
Examples:
  callboard export events --format parquet --to events.parquet
  callboard export events --format ics --where from=2026-12-01 --where category=music > music.ics
  callboard export venues --format csv --where city=Berlin --where 'capacity>=500' --to halls.csv
  callboard export offers --format ndjson --since 48210 | ./apply-changes
  callboard export events --format parquet --to s3://bucket/daily/events.parquet
  callboard export events --format ndjson --to events.ndjson --resume    go on after an interruption";

/// Write rows of one kind for other programs: Parquet, CSV, JSON lines, calendars, feeds.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Export {
    #[arg(value_name = "KIND", help = format!("One of {}; the plural is fine", kinds()))]
    kind: String,
    /// ndjson, json, csv or parquet; for events also ics, rss or jsonld
    #[arg(long, value_name = "FORMAT")]
    format: String,
    /// Only rows of which this holds, like city=Berlin, capacity>=500 or url!= (has one), by the names that CSV
    /// has at its columns' heads; for events also from=, to=, q=, category=, near=LAT,LON,KM. May be repeated
    #[arg(long = "where", value_name = "CONDITION")]
    conditions: Vec<String>,
    /// Only what changed after this number of the change log, and what is gone since, marked
    #[arg(long, value_name = "SEQ")]
    since: Option<i64>,
    /// Where to [default: standard output]
    #[arg(long, value_name = "PATH|s3://BUCKET/KEY")]
    to: Option<String>,
    /// Go on with an export to the same file that was interrupted
    #[arg(long, requires = "to")]
    resume: bool,
    /// Include rows that their source no longer lists
    #[arg(long)]
    gone: bool,
    /// Include columns that are marked as personal data; noted in the audit log
    #[arg(long)]
    personal: bool,
    /// CSV: leave text as it is, also what a spreadsheet would run as a formula
    #[arg(long)]
    unguarded: bool,
}

impl Export {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let wanted = self.wanted().map_err(told)?;
        let target = self.target(&wanted, config)?;
        let store = open_existing(config).await?;
        super::events::purge_due(config, &store).await?;
        let store = personal::shown(&store, self.personal, "export", &self.kind).await?;
        let written = self.write(&store, &wanted, target).await;
        store.close().await;
        match written? {
            Some(()) => Ok(ExitCode::SUCCESS),
            None => {
                self.interrupted();
                Ok(ExitCode::from(130))
            }
        }
    }

    fn wanted(&self) -> Result<Wanted, ExportError> {
        let mut wanted = Wanted::new(&self.kind, &self.format)?;
        wanted.personal = self.personal;
        wanted.guarded = !self.unguarded;
        wanted.query.since = self.since;
        wanted.query.gone = self.gone;
        for condition in &self.conditions {
            wanted = wanted.only(condition)?;
        }
        wanted.checked()
    }

    fn target(&self, wanted: &Wanted, config: &Config) -> Result<Target> {
        let Some(to) = self.to.as_deref().filter(|to| *to != "-") else {
            if wanted.format.binary && stdout().is_terminal() {
                return Err(usage(format!("{} is not for a terminal: give --to FILE", wanted.format.name)));
            }
            return Ok(Target::Stream(Box::new(stdout())));
        };
        if to.is_empty() {
            return Err(usage("--to names no file; leave it out for stdout"));
        }
        if to.starts_with("s3://") {
            if self.resume {
                return Err(usage("an object is there whole or not at all: --resume is for files"));
            }
            return Ok(Target::Object(config.object(to)?));
        }
        Ok(Target::Resumable { path: PathBuf::from(to), resume: self.resume })
    }

    /// `None` when it was interrupted.
    async fn write(&self, store: &Store, wanted: &Wanted, target: Target) -> Result<Option<()>> {
        let doing = Doing::begin(store, "export").about(self.kind.clone()).with(json!({
            "format": self.format, "where": self.conditions, "since": self.since, "to": self.to,
            "personal": self.personal,
        }));
        let (progress, began) = (Arc::new(Progress::default()), Instant::now());
        let bar = self.to.is_some().then(|| follow(progress.clone())).flatten();
        let mut stop = stopping::listen();
        let ended = tokio::select! {
            ended = export(store, wanted, target, &progress) => Some(ended.map_err(told)),
            _ = stop.wait_for(|asked| *asked != Stop::No) => None,
        };
        if let Some(bar) = bar {
            bar.abort();
        }
        let ended = match ended {
            None => return cut_short(doing, None).await,
            // `| head` has what it wanted.
            Some(Err(error)) if reader_left(&error) => return cut_short(doing, Some(())).await,
            Some(ended) => ended,
        };
        let summary = doing.end(ended).await?;
        self.summarise(&summary, began.elapsed());
        Ok(Some(()))
    }

    /// On stderr: stdout may be the export.
    fn summarise(&self, summary: &Summary, took: Duration) {
        let place = self.to.as_deref().map(|to| format!(" to {to}")).unwrap_or_default();
        let before = summary.resumed.map(|rows| format!(", {} of them before", HumanCount(rows)));
        say(&format!(
            "exported {} {}{}{place}: {}, {:.1} s",
            HumanCount(summary.rows),
            plural(&self.kind, summary.rows),
            before.unwrap_or_default(),
            HumanBytes(summary.bytes),
            took.as_secs_f64(),
        ));
        for (why, count) in &summary.left_out {
            say(&format!("left out: {} {why}", HumanCount(*count)));
        }
        if self.to.is_some() {
            say(&format!("sha256: {}", summary.sha256));
        }
        say(&format!("what changes from now on: --since {}", summary.change));
    }

    fn interrupted(&self) {
        match &self.to {
            Some(to) if to.starts_with("s3://") => say(&format!("interrupted; there is no new {to}")),
            Some(to) => say(&format!("interrupted; the same command with --resume goes on with {to}")),
            None => say("interrupted; what was written is not whole"),
        }
    }
}

async fn cut_short(doing: Doing, how: Option<()>) -> Result<Option<()>> {
    doing.end_as(Ok::<(), anyhow::Error>(()), |()| "cancelled").await?;
    Ok(how)
}

fn plural(kind: &str, rows: u64) -> String {
    let singular = kind.strip_suffix('s').unwrap_or(kind);
    if rows == 1 { singular.to_owned() } else { format!("{singular}s") }
}

fn told(error: ExportError) -> anyhow::Error {
    match error {
        ExportError::Usage(message) => usage(message),
        error => error.into(),
    }
}

/// A live line, on a terminal.
fn follow(progress: Arc<Progress>) -> Option<tokio::task::JoinHandle<()>> {
    const TICK: Duration = Duration::from_millis(100);
    if !std::io::stderr().is_terminal() {
        return None;
    }
    Some(tokio::spawn(async move {
        let bar = Clearing(ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()));
        if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_bar} {percent}%  {msg}  {eta} left")
        {
            bar.0.set_style(style);
        }
        loop {
            let ((rows, bytes), (done, all)) = (progress.written(), progress.way());
            bar.0.set_length(all.max(1));
            bar.0.set_position(done);
            bar.0.set_message(format!("{} rows, {}", HumanCount(rows), HumanBytes(bytes)));
            tokio::time::sleep(TICK).await;
        }
    }))
}

/// The line is gone when its task is.
struct Clearing(ProgressBar);

impl Drop for Clearing {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

//! `callboard landing export`: documents with their bodies as WARC, to a file or to stdout.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use store::{DocumentRow, Store, StoreError, WarcWriter};

use super::{Pages, Which, counted, megabytes};
use crate::clock;
use crate::config::Config;
use crate::output::{Format, print_json, say};

const ABOUT: &str = "\
Each document gives a request, a response (or a resource, where it was a file) and a metadata record, each
compressed by itself, as tools for web archives expect. The summary goes to stderr.

Examples:
  callboard landing export --warc fetched.warc.gz --since 2026-11-01
  callboard landing export --warc - --source hall | gzip -dc | less";

#[derive(Args)]
#[command(after_help = ABOUT)]
pub(super) struct Export {
    /// The file to write; `-` for stdout
    #[arg(long, value_name = "PATH")]
    warc: PathBuf,
    #[command(flatten)]
    which: Which,
    /// How to print the summary
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Default)]
struct Written {
    documents: u64,
    records: u64,
    bytes: u64,
    missing: Vec<String>,
}

impl Export {
    pub(super) async fn run(self, config: &Config, store: &Store) -> Result<ExitCode> {
        let pages = Pages::of(store, &self.which, Some(config))?.and_removed();
        let to_stdout = self.warc.as_os_str() == "-";
        let written = match to_stdout {
            true => write(pages, io::stdout()).await?,
            false => write_file(pages, &self.warc).await?,
        };
        for missing in &written.missing {
            say(&format!("left out: {missing}"));
        }
        if self.format != Format::Table && !to_stdout {
            let told = json!({
                "path": self.warc, "documents": written.documents, "records": written.records,
                "bytes": written.bytes, "left_out": written.missing.len(),
            });
            print_json(&told, self.format)?;
        } else {
            let documents = counted(written.documents, "document", "documents");
            let (records, bytes) = (written.records, megabytes(written.bytes));
            say(&format!("{documents} in {records} records, {bytes} of bodies, to {}", self.warc.display()));
        }
        // Partial is never dressed up as complete.
        Ok(ExitCode::from(if written.missing.is_empty() { 0 } else { 3 }))
    }
}

/// Under another name until it is whole.
async fn write_file(pages: Pages<'_>, path: &Path) -> Result<Written> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let to = || format!("cannot write {}", path.display());
    let file = File::create(&partial).with_context(to)?;
    let written = write(pages, file).await.and_then(|written| {
        std::fs::rename(&partial, path).with_context(to)?;
        Ok(written)
    });
    if written.is_err() {
        // Best effort: the error is the one that came first.
        let _ = std::fs::remove_file(&partial);
    }
    written
}

async fn write(mut pages: Pages<'_>, out: impl Write) -> Result<Written> {
    let mut written = Written::default();
    let now = clock().to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let mut warc = WarcWriter::new(BufWriter::with_capacity(256 * 1024, out), &now)?;
    loop {
        let rows = pages.next().await?;
        if rows.is_empty() {
            written.records = warc.records;
            warc.finish()?;
            return Ok(written);
        }
        for row in rows {
            let Some(hash) = row.body else {
                written
                    .missing
                    .push(left_out(&row, "its body was purged, pruned or removed for somebody's sake"));
                continue;
            };
            match pages.store.landing().get(hash).await {
                Ok(body) => {
                    warc.document(&row, &body)?;
                    written.documents += 1;
                    written.bytes += body.len() as u64;
                }
                Err(error @ (StoreError::NoBody { .. } | StoreError::Damaged { .. })) => {
                    written.missing.push(left_out(&row, error));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn left_out(row: &DocumentRow, error: impl Display) -> String {
    format!("{} of {}: {error}", row.name, row.fetched_at)
}

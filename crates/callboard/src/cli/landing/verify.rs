//! `callboard landing verify`: reads every body back, each once, and checks it against its hash.

use std::collections::HashSet;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use futures::{StreamExt as _, stream};
use model::ContentHash;
use serde_json::{Value, json};
use store::{DocumentRow, Store, StoreError};

use super::{Pages, Which, counted, megabytes};
use crate::output::{Format, print, print_json, say, table};

/// Bodies that are read at once.
const AT_ONCE: usize = 16;

/// Damaged ones that are named; of the rest only the number is told.
const NAMED: usize = 1_000;

#[derive(Args)]
pub(super) struct Verify {
    #[command(flatten)]
    which: Which,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// What came of it.
#[derive(Default)]
struct Found {
    bodies: u64,
    bytes: u64,
    /// Bodies that do not come back, and the first of them.
    bad: u64,
    faults: Vec<Bad>,
}

/// A body that does not come back.
struct Bad {
    row: DocumentRow,
    state: &'static str,
    reason: String,
}

impl Verify {
    pub(super) async fn run(self, store: &Store) -> Result<ExitCode> {
        let found = verify(store, &self.which).await?;
        match self.format {
            Format::Table => show(&found)?,
            Format::Json => {
                let bad: Vec<Value> = found.faults.iter().map(fault).collect();
                print_json(
                    &json!({"bodies": found.bodies, "bytes": found.bytes, "bad": found.bad, "faults": bad}),
                    self.format,
                )?;
            }
            Format::Ndjson => found.faults.iter().try_for_each(|bad| print_json(&fault(bad), self.format))?,
        }
        if found.faults.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        say("a document whose body is lost is fetched anew by the next `collect --reread` of its source");
        Ok(ExitCode::from(1))
    }
}

impl Found {
    fn add(&mut self, bad: Bad) {
        self.bad += 1;
        if self.faults.len() < NAMED {
            self.faults.push(bad);
        }
    }
}

async fn verify(store: &Store, which: &Which) -> Result<Found> {
    let (mut found, mut seen) = (Found::default(), HashSet::new());
    let mut pages = Pages::of(store, which, None)?;
    loop {
        let rows = pages.next().await?;
        if rows.is_empty() {
            return Ok(found);
        }
        let new = rows.into_iter().filter_map(|row| Some((row.body?, row)));
        let new: Vec<_> = new.filter(|(hash, _)| seen.insert(hash.short())).collect();
        let read = new.into_iter().map(|(hash, row)| check(store, hash, row));
        let mut read = stream::iter(read).buffered(AT_ONCE);
        while let Some(checked) = read.next().await {
            found.bodies += 1;
            match checked? {
                Ok(bytes) => found.bytes += bytes,
                Err(bad) => found.add(bad),
            }
        }
    }
}

/// The body's length, or what is wrong with it; a landing that is away says nothing about a body.
async fn check(store: &Store, hash: ContentHash, row: DocumentRow) -> Result<Result<u64, Bad>, StoreError> {
    match store.landing().get(hash).await {
        Ok(body) => Ok(Ok(body.len() as u64)),
        Err(StoreError::Damaged { reason, .. }) => Ok(Err(Bad { row, state: "damaged", reason })),
        Err(StoreError::NoBody { .. }) => {
            Ok(Err(Bad { row, state: "absent", reason: "it is not in the landing".to_owned() }))
        }
        Err(error) => Err(error),
    }
}

fn show(found: &Found) -> Result<()> {
    if !found.faults.is_empty() {
        let mut rows = table(&["STATE", "SOURCE", "DOCUMENT", "FETCHED", "BODY", "REASON"]);
        for Bad { row, state, reason } in &found.faults {
            let body = row.body.map(|hash| hash.to_hex()[..12].to_owned()).unwrap_or_default();
            rows.add_row([state, row.source.as_str(), &row.name, &row.fetched_at, &body, reason]);
        }
        print(&format!("{rows}\n\n"))?;
    }
    let sound = found.bodies - found.bad;
    let bodies = counted(sound, "body is", "bodies are");
    let mut text = format!("{bodies} as landed, {}", megabytes(found.bytes));
    if found.bad > 0 {
        text.push_str(&format!("; {} not", found.bad));
    }
    Ok(print(&format!("{text}\n"))?)
}

fn fault(bad: &Bad) -> Value {
    let Bad { row, state, reason } = bad;
    json!({
        "state": state, "source": row.source, "document": row.name, "fetched_at": row.fetched_at,
        "body": row.body.map(ContentHash::to_hex), "run": row.run, "reason": reason,
    })
}

//! `callboard history KIND KEY`: how one row came to be what it is, change by change.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use model::{Kind, Op};
use serde_json::{Value, json};
use store::{LoggedChange, RowHistory};

use super::changes::change_json;
use super::changes::kinds;
use super::show::value;
use crate::config::Config;
use crate::output::{Format, print, print_json, usage};
use crate::personal;
use crate::world::open_existing;

const EXAMPLES: &str = "\
Examples:
  callboard history event 'brass night'              by a part of its title
  callboard history event hall.test/e-17             by its source's own key
  callboard history ev_4k2j9m --with-offers          by its id, with what became of its tickets
  callboard history event ev_4k2j9m --format ndjson | jq -c '.edits[]'";

/// Tell how one row came to be what it is: when it was first seen, each change with what was before and
/// after, when it vanished and came back.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct History {
    #[arg(value_name = "KIND KEY", num_args = 1..=2, required = true, help = format!(
        "Its kind, which may be left out, and its id, SOURCE/KEY, the source's own key, or a part of what it is \
         called. Kinds are {}", kinds()
    ))]
    row: Vec<String>,
    /// Tell what became of an event's offers too
    #[arg(long)]
    with_offers: bool,
    /// Show columns of personal data too; noted in the audit log
    #[arg(long)]
    personal: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl History {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let (kind, key) = named(&self.row)?;
        let store = open_existing(config).await?;
        let store = personal::shown(&store, self.personal, "history", key).await?;
        let Some(history) = store.row_history(kind, key, self.with_offers).await? else {
            let what = kind.map_or("nothing", Kind::name);
            let what = if kind.is_some() { format!("no {what}") } else { what.to_owned() };
            bail!("{what} is called {key:?}; `callboard events` lists ids");
        };
        match self.format {
            Format::Table => print(&for_people(&history))?,
            Format::Json => print_json(&for_programs(&history), self.format)?,
            Format::Ndjson => {
                let mut changes = history.changes.iter();
                changes.try_for_each(|logged| print_json(&change_json(logged), self.format))?;
            }
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// Kind, if it is said, and key.
fn named(row: &[String]) -> Result<(Option<Kind>, &str)> {
    match row {
        [kind, key] => Ok((Some(super::changes::kind(kind).map_err(usage)?), key)),
        [key] if Kind::from_name(key).is_some() => {
            Err(usage(format!("which {key}? Give its id, SOURCE/KEY or a part of what it is called")))
        }
        [key] => Ok((None, key)),
        _ => Err(usage("give a kind and a key")),
    }
}

fn for_programs(history: &RowHistory) -> Value {
    json!({
        "kind": history.kind, "id": history.id, "source": history.source, "source_key": history.source_key,
        "title": history.title, "first_seen": history.first_seen, "last_seen": history.last_seen,
        "gone_at": history.gone_at,
        "changes": history.changes.iter().map(change_json).collect::<Vec<_>>(),
    })
}

fn for_people(history: &RowHistory) -> String {
    let title = history.title.as_deref().unwrap_or("(untitled)");
    let mut text = format!(
        "{} {}   {title}\nsource {}   key {}\nfirst seen {}",
        history.kind.name(),
        history.id,
        history.source,
        history.source_key,
        history.first_seen
    );
    if let Some(last_seen) = &history.last_seen {
        text += &format!("   last seen {last_seen}");
    }
    if let Some(gone) = &history.gone_at {
        text += &format!("   no longer listed by its source since {gone}");
    }
    text += "\n";
    for logged in &history.changes {
        text += &format!("\n{}", entry(history, logged));
    }
    text
}

/// One change: a line on what happened, by what, and a line for each field.
fn entry(history: &RowHistory, logged: &LoggedChange) -> String {
    let change = &logged.change;
    let mut text = format!("{}  #{}  {}", change.at, change.seq, happened(logged));
    if change.id != history.id {
        let title = logged.title.as_deref().unwrap_or(&logged.source_key);
        text += &format!(": {} {} {title}", change.kind.name(), change.id);
    }
    text += &format!(
        "\n  by {}",
        logged.change.document.as_deref().unwrap_or("a sweep: its source no longer lists it")
    );
    if let Some(url) = logged.url.as_deref().filter(|url| Some(*url) != change.document.as_deref()) {
        text += &format!("   {url}");
    }
    text += &format!("   run {}\n", change.run);
    for edit in &change.edits {
        text += &match edit.from {
            Value::Null if change.op == Op::Insert => format!("    {}: {}\n", edit.field, value(&edit.to)),
            _ => format!("    {}: {} -> {}\n", edit.field, value(&edit.from), value(&edit.to)),
        };
    }
    text
}

fn happened(logged: &LoggedChange) -> String {
    let word = match logged.change.op {
        Op::Insert => "first seen",
        Op::Update => "changed",
        Op::Vanish => "vanished",
        Op::Return => "came back",
    };
    match logged.folded {
        Some(count) => format!("what {count} changes up to here came to"),
        None => word.to_owned(),
    }
}

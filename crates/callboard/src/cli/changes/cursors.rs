//! `callboard changes cursors`: who has read how far, for cursors that are kept in the store.

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};
use store::{ChangeCursor, MovedCursor, Store};

use crate::clock;
use crate::noted::Doing;
use crate::output::{Format, print, print_json, say, table, usage};

/// List cursors that are kept in the store, with how far they are behind; set or drop one.
#[derive(Args)]
pub struct Cursors {
    /// The one to set or drop
    name: Option<String>,
    /// Let it go on after this number
    #[arg(long, value_name = "SEQ", requires = "name", conflicts_with = "drop")]
    to: Option<i64>,
    /// Take it away: nothing is kept for it any longer
    #[arg(long, requires = "name")]
    drop: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Cursors {
    pub async fn run(self, store: &Store) -> Result<()> {
        match (&self.name, self.to, self.drop) {
            (Some(name), Some(to), _) => set(store, name, to).await,
            (Some(name), None, true) => drop_one(store, name).await,
            (name, ..) => self.list(store, name.as_deref()).await,
        }
    }

    async fn list(&self, store: &Store, name: Option<&str>) -> Result<()> {
        let cursors = store.change_cursors().await?;
        let cursors: Vec<&ChangeCursor> =
            cursors.iter().filter(|cursor| name.is_none_or(|name| cursor.name == name)).collect();
        if let Some(name) = name.filter(|_| cursors.is_empty()) {
            bail!("no cursor is called {name:?}; `callboard changes cursors` lists them");
        }
        match self.format {
            Format::Table => {
                print(&listed(&cursors))?;
                if cursors.is_empty() {
                    say("no cursor is kept in the store; `changes --group NAME` makes one");
                }
            }
            Format::Json => print_json(&cursors.iter().map(|c| object(c)).collect::<Vec<_>>(), self.format)?,
            Format::Ndjson => cursors.iter().try_for_each(|c| print_json(&object(c), self.format))?,
        }
        Ok(())
    }
}

async fn set(store: &Store, name: &str, to: i64) -> Result<()> {
    let head = store.last_change().await?;
    if to < 0 || to > head {
        return Err(usage(format!("--to {to}: the log goes from 0 to {head}")));
    }
    let doing = Doing::begin(store, "changes.cursor.set").about(name).with(json!({"to": to}));
    doing.end(store.move_change_cursor(name, MovedCursor::Set(to), clock()).await).await?;
    say(&format!("{name} goes on after change {to}"));
    Ok(())
}

async fn drop_one(store: &Store, name: &str) -> Result<()> {
    let doing = Doing::begin(store, "changes.cursor.drop").about(name);
    let dropped = doing.end_if(store.drop_change_cursor(name).await, |dropped| *dropped).await?;
    dropped.then_some(()).with_context(|| format!("no cursor is called {name:?}"))?;
    say(&format!("{name} is gone"));
    Ok(())
}

fn listed(cursors: &[&ChangeCursor]) -> String {
    let mut rows = table(&["CURSOR", "READ UP TO", "BEHIND BY", "BEHIND SINCE", "MOVED", "MADE"]);
    for cursor in cursors {
        rows.add_row([
            cursor.name.as_str(),
            &cursor.seq.to_string(),
            &cursor.lag.to_string(),
            cursor.behind_since.as_deref().unwrap_or("(at the end)"),
            &cursor.moved_at,
            &cursor.made_at,
        ]);
    }
    format!("{rows}\n")
}

fn object(cursor: &ChangeCursor) -> Value {
    json!({
        "name": cursor.name, "seq": cursor.seq, "lag": cursor.lag, "behind_since": cursor.behind_since,
        "moved_at": cursor.moved_at, "made_at": cursor.made_at,
    })
}

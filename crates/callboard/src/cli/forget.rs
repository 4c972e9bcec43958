//! `callboard forget`: takes a person out of everything, and looks everywhere again.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use store::cache::CacheAddress;
use store::{Forgotten, Left, Store};

use crate::caching;
use crate::clock;
use crate::config::Config;
use crate::noted::who;
use crate::output::{Format, print, print_json, say};
use crate::world::open_existing;

const ABOUT: &str = "\
An address or a telephone number is taken out of every text; a name only out of columns marked as personal,
unless --texts is given. Landed bodies that hold the person are removed whole. What is kept is a salted hash, so
that the person is not collected again, and a proof: `callboard purge list`.

The exit code is 0 when the second look found nothing, and 1 when it did.

Examples:
  callboard forget ada@example.test --dry-run
  callboard forget ada@example.test
  callboard forget 'Ada Lovelace' --texts
  callboard forget or_4k2j9m0000000000 --column phone";

/// Remove a person everywhere, and prove it.
#[derive(Args)]
#[command(after_help = ABOUT)]
pub struct Forget {
    /// An address, a telephone number, a name, or the id of a row
    #[arg(value_name = "PERSON-KEY")]
    person: String,
    /// Only this column
    #[arg(long, value_name = "NAME")]
    column: Option<String>,
    /// Take a name out of columns that are not marked as personal too
    #[arg(long)]
    texts: bool,
    /// Tell where they are, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Forget {
    pub fn is_dry(&self) -> bool {
        self.dry_run
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let forget = store::Forget {
            person: self.person,
            column: self.column,
            texts: self.texts,
            dry_run: self.dry_run,
            now: clock(),
            by: who(),
        };
        // Dropped before and after: whoever fills it meanwhile may still do so from what was there.
        let before = if self.dry_run { None } else { drop_cache(config, &store).await? };
        let mut done = store.forget(&forget).await?;
        let after = if self.dry_run { None } else { drop_cache(config, &store).await? };
        done.left.extend(after.or(before));
        store.close().await;
        match self.format {
            Format::Table => print(&in_words(&done, self.dry_run))?,
            format => print_json(&json!({"dry_run": self.dry_run, "forgotten": done}), format)?,
        }
        if done.unread > 0 {
            say(&format!(
                "{} bodies are damaged and could not be looked through: see `landing verify`",
                done.unread
            ));
        }
        Ok(if done.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Drops every document of days that others can see; what is left where that cannot be done.
async fn drop_cache(config: &Config, store: &Store) -> Result<Option<Left>> {
    if caching::address(config)? == CacheAddress::Memory {
        return Ok(None);
    }
    let cleared = caching::day_cache(config, store).await?.clear().await;
    Ok(cleared
        .err()
        .map(|error| Left { place: "cache".to_owned(), what: format!("could not be cleared: {error}") }))
}

fn in_words(done: &Forgotten, dry: bool) -> String {
    let mut text = String::new();
    if done.places.is_empty() {
        text += "nothing of them is kept\n";
    }
    for (place, count) in &done.places {
        text += &format!("{place}: {count}{}\n", if dry { " would go" } else { "" });
    }
    if done.mentions > 0 {
        text += &format!(
            "their name is in {} texts that are not marked as personal; --texts takes it out of them too\n",
            done.mentions
        );
    }
    if dry {
        return text + "nothing was changed\n";
    }
    text += &format!("bodies removed from the landing: {}\n", done.bodies);
    if let Some(proof) = done.proof {
        text += &format!("proof: {proof} of `callboard purge list`\n");
    }
    text += &format!("looked everywhere again: {} places left\n", done.left.len());
    for left in &done.left {
        text += &format!("  {} {}\n", left.place, left.what);
    }
    text
}

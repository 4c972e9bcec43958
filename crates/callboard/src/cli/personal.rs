//! `callboard personal`: keys that columns of personal data are sealed with.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;
use store::PersonalKey;

use crate::clock;
use crate::config::Config;
use crate::noted::Doing;
use crate::output::{Format, print, print_json, say};
use crate::world::open_existing;

const ABOUT: &str = "\
Examples:
  callboard personal key                a new key; keep it where backups of the store are not
  CALLBOARD_PERSONAL_KEY=NEW CALLBOARD_PERSONAL_KEY_OLD=OLD callboard personal rotate";

/// Make keys for columns of personal data, and seal what is kept with the current one.
#[derive(Args)]
#[command(after_help = ABOUT)]
pub struct Personal {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Print a new key
    Key,
    /// Seal everything with the current key: what is plain, and what the old key opens
    Rotate(How),
    /// Tell which keys are in use
    Status(How),
}

#[derive(Args)]
struct How {
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Personal {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        match self.command {
            Command::Key => {
                print(&format!("{}\n", PersonalKey::make()?))?;
                say("set it as CALLBOARD_PERSONAL_KEY; without it what is sealed cannot be read by anybody");
                Ok(ExitCode::SUCCESS)
            }
            Command::Rotate(how) => rotate(config, how.format).await,
            Command::Status(how) => status(config, how.format).await,
        }
    }
}

async fn rotate(config: &Config, format: Format) -> Result<ExitCode> {
    let store = open_existing(config).await?;
    let rotated = store.rotate_personal(clock()).await;
    let doing = Doing::begin(&store, "personal.rotate");
    let came = rotated.as_ref().map_or(serde_json::Value::Null, |rotated| json!(rotated));
    let rotated = doing.with(came).end(rotated).await?;
    store.close().await;
    match format {
        Format::Table => print(&format!(
            "{} values in rows and {} in the change log were sealed anew; {} keys are not needed any more\n",
            rotated.rows, rotated.changes, rotated.retired
        ))?,
        format => print_json(&rotated, format)?,
    }
    if rotated.unopened > 0 {
        say(&format!(
            "{} values could not be opened: set the key they are sealed with as CALLBOARD_PERSONAL_KEY_OLD",
            rotated.unopened
        ));
        return Ok(ExitCode::from(3));
    }
    Ok(ExitCode::SUCCESS)
}

async fn status(config: &Config, format: Format) -> Result<ExitCode> {
    let store = open_existing(config).await?;
    let keys = store.personal_keys().await?;
    store.close().await;
    let current = config.text("personal_key").map(PersonalKey::read).transpose()?;
    let current = current.as_ref().map(PersonalKey::id);
    let never = config.text("personal") == Some("never");
    match format {
        Format::Table => {
            let sealed = if keys.is_empty() {
                "not sealed".to_owned()
            } else {
                format!("sealed with {}", keys.join(", "))
            };
            let shown = if never { "never shown" } else { "shown to who asks with --personal" };
            let key =
                current.map_or_else(|| "there is none here".to_owned(), |id| format!("{id} is set here"));
            print(&format!("personal columns are {sealed}, and {shown}; key: {key}\n"))?;
        }
        format => print_json(&json!({"keys": keys, "current": current, "never": never}), format)?,
    }
    Ok(ExitCode::SUCCESS)
}

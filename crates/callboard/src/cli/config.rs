//! `callboard config show`: every setting, its value, and where the value came from.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use crate::config::Config;
use crate::output::{Format, print, print_json, table};
use crate::regions::variables;

/// Show every setting with its value and where it came from.
#[derive(Args)]
#[command(after_help = "Example:\n  callboard config show --format json")]
pub struct ConfigCommand {
    #[command(subcommand)]
    command: Show,
}

#[derive(Subcommand)]
enum Show {
    /// Print settings, values and origins
    Show {
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
}

impl ConfigCommand {
    pub fn run(self, config: &Config) -> Result<ExitCode> {
        let Show::Show { format } = self.command;
        if format == Format::Table {
            let mut rows = table(&["SETTING", "VALUE", "FROM", "MEANING"]);
            for (setting, value, origin) in config.rows() {
                rows.add_row([setting.key, &value, &origin.to_string(), setting.help]);
            }
            for region in variables() {
                let from = format!("environment {}", region.name);
                rows.add_row([&*region.setting, &region.value, &from, "of a region of ticketing"]);
            }
            print(&format!("{rows}\n"))?;
            return Ok(ExitCode::SUCCESS);
        }
        let rows: Vec<_> = config
            .rows()
            .map(|(setting, value, origin)| {
                json!({"setting": setting.key, "value": value, "from": origin.to_string(), "env": setting.env})
            })
            .chain(variables().into_iter().map(|region| {
                let from = format!("environment {}", region.name);
                json!({"setting": region.setting, "value": region.value, "from": from, "env": [region.name]})
            }))
            .collect();
        match format {
            Format::Ndjson => rows.iter().try_for_each(|row| print_json(row, format))?,
            _ => print_json(&rows, format)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

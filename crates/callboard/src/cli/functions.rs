//! `callboard functions`: what a step can call, from the functions' own types.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use engine::functions::{self, FunctionSpec, parameters};
use serde_json::{Value, json};

use crate::output::{Format, print, print_json, table, usage};

const EXAMPLES: &str = "\
Examples:
  callboard functions
  callboard functions sql
  callboard functions sql --format json";

/// List what the steps of a pipeline can call, or show one with its parameters.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Functions {
    /// Show this one
    name: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Functions {
    pub fn run(self) -> Result<ExitCode> {
        let Some(name) = &self.name else { return list(self.format) };
        let Some(function) = functions::find(name) else {
            let names = || functions::all().iter().map(|function| function.name);
            match model::nearest(name, names()) {
                Some(near) => bail!(usage(format!("there is no function `{name}`; did you mean `{near}`?"))),
                None => {
                    bail!(usage(format!("there is no function `{name}`; `callboard functions` lists them")))
                }
            }
        };
        match self.format {
            Format::Table => print(&shown(function))?,
            format => print_json(&about(function), format)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn list(format: Format) -> Result<ExitCode> {
    let all = functions::all();
    match format {
        Format::Json => print_json(&all.iter().map(|function| about(function)).collect::<Vec<_>>(), format)?,
        Format::Ndjson => all.iter().try_for_each(|function| print_json(&about(function), format))?,
        Format::Table => {
            let mut lines = table(&["NAME", "NEEDS", "WHAT IT DOES"]);
            for function in all {
                let parameters = parameters(&(function.schema)());
                let needs: Vec<String> =
                    parameters.into_iter().filter(|one| one.required).map(|one| one.name).collect();
                lines.add_row([function.name, &needs.join(", "), function.summary]);
            }
            print(&format!("{lines}\n"))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn about(function: &FunctionSpec) -> Value {
    let schema = (function.schema)();
    json!({
        "name": function.name, "summary": function.summary, "parameters": parameters(&schema),
        "example": function.example, "spreads": function.spreads, "schema": schema,
    })
}

/// One function for eyes: what it does, what it takes, a step that calls it.
fn shown(function: &FunctionSpec) -> String {
    let mut lines = table(&["PARAMETER", "TYPE", "NEEDED", "DEFAULT", "MEANING"]);
    for one in parameters(&(function.schema)()) {
        let needed = if one.required { "yes" } else { "no" };
        let default = one.default.map(|default| default.to_string()).unwrap_or_default();
        lines.add_row([one.name.as_str(), &one.kind, needed, &default, &one.description]);
    }
    format!("{}: {}\n\n{lines}\n\n{}\n", function.name, function.summary, function.example.trim())
}

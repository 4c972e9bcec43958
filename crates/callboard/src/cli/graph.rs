//! `callboard graph`: a pipeline as a drawing.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use engine::pipeline::{self, graph};

use super::check::read;
use crate::output::{print, say};

const EXAMPLES: &str = "\
Examples:
  callboard graph nightly.yaml
  callboard graph nightly.yaml --format mermaid
  callboard graph nightly.yaml --out nightly.svg";

/// Draw the steps of a pipeline and what they wait for.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Graph {
    /// The pipeline file, YAML or JSON
    file: String,
    /// How to draw it [default: by the ending of --out, else text]
    #[arg(long, value_enum)]
    format: Option<Drawing>,
    /// Write to this file instead of the terminal
    #[arg(long, value_name = "PATH")]
    out: Option<String>,
}

/// The ways to draw a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Drawing {
    /// A tree for terminals
    Text,
    /// A Mermaid flowchart, for READMEs
    Mermaid,
    /// A picture for browsers
    Svg,
}

impl Graph {
    pub fn run(self) -> Result<ExitCode> {
        let text = read(&self.file)?;
        let loaded = match pipeline::load(&self.file, &text) {
            Ok(loaded) => loaded,
            Err(findings) => {
                findings.iter().for_each(|finding| say(&finding.to_string()));
                bail!("{} cannot be drawn before that is mended", self.file);
            }
        };
        let drawn = match self.drawing() {
            Drawing::Text => graph::text(&loaded.plan),
            Drawing::Mermaid => graph::mermaid(&loaded.plan),
            Drawing::Svg => graph::svg(&loaded.plan),
        };
        match &self.out {
            None => print(&drawn)?,
            Some(path) => {
                std::fs::write(path, drawn).with_context(|| format!("cannot write {path}"))?;
                say(&format!("wrote {path}"));
            }
        }
        Ok(ExitCode::SUCCESS)
    }

    fn drawing(&self) -> Drawing {
        let ending = self.out.as_deref().and_then(|path| path.rsplit('.').next()).unwrap_or_default();
        self.format.unwrap_or(match ending.to_ascii_lowercase().as_str() {
            "svg" => Drawing::Svg,
            "mmd" | "mermaid" => Drawing::Mermaid,
            _ => Drawing::Text,
        })
    }
}

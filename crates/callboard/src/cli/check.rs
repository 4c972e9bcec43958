//! `callboard check`: everything that is wrong with pipeline files, before anything runs.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use engine::pipeline::{self, LARGEST_FILE_BYTES};
use model::{Finding, Severity};
use serde_json::{Value, json};

use crate::output::{Format, print, print_json, say};

const EXAMPLES: &str = "\
Examples:
  callboard check nightly.yaml
  callboard check pipelines/*.yaml --format json
  callboard check --schema > pipeline.schema.json";

/// Check pipeline files: every fault at once, with line, column and what to do.
///
/// Exit code 0 when all of them can be run (warnings or not), 1 when one cannot.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Check {
    /// Pipeline files, YAML or JSON
    #[arg(required_unless_present = "schema", value_name = "FILE")]
    files: Vec<String>,
    /// Print the JSON Schema of pipeline files, for editors, and check nothing
    #[arg(long, conflicts_with = "files")]
    schema: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Check {
    pub fn run(self) -> Result<ExitCode> {
        if self.schema {
            print_json(&pipeline::schema(), Format::Json)?;
            return Ok(ExitCode::SUCCESS);
        }
        let findings: Vec<(&str, Vec<Finding>)> =
            self.files.iter().map(|file| (file.as_str(), check(file))).collect();
        match self.format {
            Format::Table => print_lines(&findings)?,
            Format::Json => print_json(&findings.iter().map(about).collect::<Vec<_>>(), self.format)?,
            Format::Ndjson => findings.iter().try_for_each(|file| print_json(&about(file), self.format))?,
        }
        let right = findings.iter().all(|(_, findings)| is_right(findings));
        Ok(if right { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

/// What is to be said about a file; one that cannot be read is a fault like any other.
fn check(file: &str) -> Vec<Finding> {
    match read(file) {
        Ok(text) => match pipeline::load(file, &text) {
            Ok(loaded) => loaded.warnings,
            Err(findings) => findings,
        },
        Err(error) => vec![Finding::error(file, format!("{error:#}"))],
    }
}

/// The text of a pipeline file, `-` for standard input.
pub fn read(file: &str) -> Result<String> {
    use anyhow::Context as _;
    use std::io::Read as _;
    let mut text = String::new();
    let most = LARGEST_FILE_BYTES as u64 + 1;
    let read = match file {
        "-" => std::io::stdin().lock().take(most).read_to_string(&mut text),
        path => std::fs::File::open(path).and_then(|opened| opened.take(most).read_to_string(&mut text)),
    };
    read.with_context(|| format!("cannot read {file}"))?;
    Ok(text)
}

fn is_right(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity == Severity::Warning)
}

fn about((file, findings): &(&str, Vec<Finding>)) -> Value {
    json!({"file": file, "ok": is_right(findings), "findings": findings})
}

/// One line a finding on stdout, as compilers print them; what it comes to on stderr.
fn print_lines(files: &[(&str, Vec<Finding>)]) -> Result<()> {
    let all = || files.iter().flat_map(|(_, findings)| findings);
    let lines: String = all().map(|finding| format!("{finding}\n")).collect();
    print(&lines)?;
    let faults = all().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = all().count() - faults;
    say(&format!(
        "{} checked, {}, {}",
        counted(files.len(), "file"),
        counted(faults, "fault"),
        counted(warnings, "warning")
    ));
    Ok(())
}

/// `1 file`, `2 files`.
fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

//! What users see: data on stdout, the rest on stderr; tables that fit, output that pipes.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use clap::ValueEnum;
use comfy_table::{ContentArrangement, Table, presets};
use engine::collect::InputError;
use engine::run::RunError;
use serde::Serialize;
use store::StoreError;

/// How a summary or a list is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For eyes.
    Table,
    /// One JSON object.
    Json,
    /// One JSON object a line.
    Ndjson,
}

/// What was asked for cannot be done as asked; exit code 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

/// An error that ends the program with exit code 2.
pub fn usage(message: impl Into<String>) -> anyhow::Error {
    Usage(message.into()).into()
}

/// Whether it is that nobody reads any more what is printed.
pub fn reader_left(error: &anyhow::Error) -> bool {
    let gone = |cause: &(dyn std::error::Error + 'static)| {
        cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
    };
    error.chain().any(gone)
}

/// Prints an error with its causes and what to do; exit code 1, or 2 for a wrong use. A reader that went
/// away (`| head`) is no error.
pub fn fail(error: &anyhow::Error) -> ExitCode {
    if reader_left(error) {
        return ExitCode::SUCCESS;
    }
    say(&format!("error: {}", with_causes(error)));
    let misused = |cause: &(dyn std::error::Error + 'static)| {
        let input = cause.downcast_ref::<InputError>();
        cause.is::<Usage>()
            || matches!(cause.downcast_ref(), Some(StoreError::Question(_)))
            || matches!(cause.downcast_ref(), Some(RunError::Usage(_) | RunError::Faults(_)))
            || matches!(cause.downcast_ref(), Some(StoreError::Ambiguous { .. }))
            || input.is_some_and(|error| !matches!(error, InputError::Read { .. }))
    };
    ExitCode::from(if error.chain().any(misused) { 2 } else { 1 })
}

/// A count of which there is at least one, as a flag.
pub fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("it is 1 at least".to_owned()),
        Ok(count) => Ok(count),
        Err(error) => Err(format!("no whole number: {error}")),
    }
}

/// The error and its causes, each said once: some tell their cause themselves.
fn with_causes(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| {
        if told.is_empty() {
            cause
        } else if told.contains(&cause) {
            told
        } else {
            format!("{told}: {cause}")
        }
    })
}

/// One line on stderr.
pub fn say(line: &str) {
    // Nothing can be done about a stderr that is gone.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Text on stdout, as it is.
pub fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

/// One JSON value on stdout: indented for a terminal, on one line otherwise or for `ndjson`.
pub fn print_json(value: &impl Serialize, format: Format) -> anyhow::Result<()> {
    let indented = format == Format::Json && io::stdout().is_terminal();
    let text = if indented { serde_json::to_string_pretty(value)? } else { serde_json::to_string(value)? };
    print(&(text + "\n"))?;
    Ok(())
}

/// A table as wide as the terminal, or as its content where there is none.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.iter().copied());
    if let Some(width) = terminal_width() {
        table.set_content_arrangement(ContentArrangement::Dynamic).set_width(width);
    }
    table
}

/// Columns of the terminal on stdout; `None` where it is none.
fn terminal_width() -> Option<u16> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0).filter(|width| *width > 0)
}

//! The binary: reads the command line and the settings, wires the crates together, says how it went
//! by its exit code (0 completed, 3 partial, 1 failed, 130 cancelled, 2 usage).

mod age;
mod attending;
mod bounds;
mod caching;
mod cli;
mod config;
mod fetching;
mod figures;
mod library;
mod listening;
mod live;
mod log;
mod memory;
mod moments;
mod noted;
mod origins;
mod output;
mod personal;
mod progress;
mod regions;
mod report;
mod retention;
mod scheduling;
mod stopping;
mod summary;
mod which;
mod world;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    memory::share();
    if let Err(error) = dotenvy::dotenv()
        && !error.not_found()
    {
        return output::fail(&anyhow::anyhow!("cannot read .env: {error}"));
    }
    let cli = cli::Cli::parse();
    if let Err(error) = cli.start_logging() {
        return output::fail(&error);
    }
    match start(cli) {
        Ok(code) => code,
        Err(error) => output::fail(&error),
    }
}

/// Threads for files and for reading documents. Each keeps memory of its own, and one a core is read
/// with anyway.
const BLOCKING_THREADS: usize = 8;

fn start(cli: cli::Cli) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()?;
    runtime.block_on(cli.run())
}

/// The one clock of the program; everything further in is told the time.
#[allow(clippy::disallowed_methods, reason = "the edge where time comes in")]
fn clock() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

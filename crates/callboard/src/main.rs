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
mod moments;
mod noted;
mod origins;
mod output;
mod personal;
mod piped;
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
use std::time::Duration;

use clap::Parser;
use tokio::runtime::Runtime;

/// What is fetched on one thread is read on a second and written on a third. In glibc's allocator such threads
/// wait for each other, or hold memory each for itself: a crawl took a quarter longer with it.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// One arena a core instead of four, and what is free for a second goes back to the system: that halves what a
/// crawl holds beside its data, and costs no time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[allow(unsafe_code, reason = "the allocator looks for its settings under this name, before `main`")]
#[unsafe(export_name = "malloc_conf")]
static ARENAS: &[u8; 57] = b"percpu_arena:percpu,dirty_decay_ms:1000,muzzy_decay_ms:0\0";

fn main() -> ExitCode {
    let cli = match command_line() {
        Ok(cli) => cli,
        Err(error) => return output::fail(&error),
    };
    if let Err(error) = cli.start_logging() {
        return output::fail(&error);
    }
    match start(cli) {
        Ok(code) => code,
        Err(error) => output::fail(&error),
    }
}

/// The command line, with the variables of `.env` in the folder that it is to be done in.
fn command_line() -> anyhow::Result<cli::Cli> {
    read_env()?;
    let cli = cli::Cli::parse();
    let Some(folder) = cli.folder() else { return Ok(cli) };
    let entered = std::env::set_current_dir(folder);
    entered.map_err(|error| output::usage(format!("cannot work in {}: {error}", folder.display())))?;
    read_env()?;
    Ok(cli::Cli::parse())
}

fn read_env() -> anyhow::Result<()> {
    match dotenvy::dotenv() {
        Err(error) if !error.not_found() => Err(anyhow::anyhow!("cannot read .env: {error}")),
        _ => Ok(()),
    }
}

/// Threads for files and for reading documents. Each keeps memory of its own, and one a core is read
/// with anyway.
const BLOCKING_THREADS: usize = 8;

/// How long the end of the program waits for documents that are being read. What is read then is of a run
/// that was interrupted, and is entered by nobody.
const PATIENCE: Duration = Duration::from_secs(1);

fn start(cli: cli::Cli) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()?;
    to_its_end(runtime, cli.run())
}

/// Runs the work, and no longer: dropping the runtime would wait for its blocking tasks without a bound.
fn to_its_end<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let outcome = runtime.block_on(work);
    runtime.shutdown_timeout(PATIENCE);
    outcome
}

/// The one clock of the program; everything further in is told the time.
#[allow(clippy::disallowed_methods, reason = "the edge where time comes in")]
fn clock() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, mpsc};

    use super::*;

    /// A document that takes minutes to read does not keep an interrupted program.
    #[test]
    fn what_is_still_read_does_not_hold_up_the_end() {
        let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("a runtime");
        let (release, held) = mpsc::channel::<()>();
        let ended = Arc::new(AtomicBool::new(false));
        let reads = ended.clone();
        to_its_end(runtime, async move {
            tokio::task::spawn_blocking(move || {
                // A minute, where nobody releases it.
                let _ = held.recv_timeout(Duration::from_secs(60));
                reads.store(true, Ordering::SeqCst);
            });
        });
        assert!(!ended.load(Ordering::SeqCst));
        drop(release);
    }
}

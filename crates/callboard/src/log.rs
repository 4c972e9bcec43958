//! Logs: on stderr for people on a terminal and as JSON elsewhere, and into a rotating file when one is
//! named. Everything passes the mask: known secrets and what looks like one never get out.

mod line;
mod mask;
mod rotate;

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::sync::Arc;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use line::OneObject;
use mask::{Masked, Secrets};
use rotate::Rotating;

pub use rotate::Rotation;

/// What to log, and where to.
pub struct LogOptions {
    /// A level, or a filter like `connect=debug`.
    pub level: String,
    /// A file beside stderr.
    pub file: Option<LogFile>,
}

/// A file to log into, as JSON lines.
pub struct LogFile {
    pub path: PathBuf,
    pub rotation: Rotation,
}

/// Starts logging for the rest of the process. What cannot be done is said on stderr by the error; logging
/// to stderr works all the same.
pub fn start(options: LogOptions) -> anyhow::Result<()> {
    let secrets = Arc::new(Secrets::of_this_call());
    let (filter, fault) = filter(&options.level);
    let mut layers = vec![to_stderr(secrets.clone())];
    let opened = options.file.map(|file| Rotating::open(file.path, file.rotation, crate::clock)).transpose();
    let (file, file_fault) = match opened {
        Ok(file) => (file, None),
        Err(error) => (None, Some(error)),
    };
    layers.extend(file.map(|file| to_file(file, secrets)));
    tracing_subscriber::registry().with(layers).with(filter).init();
    fault.map_or(Ok(()), Err).and(file_fault.map_or(Ok(()), Err))
}

type AnyLayer = Box<dyn Layer<Registry> + Send + Sync>;

fn to_stderr(secrets: Arc<Secrets>) -> AnyLayer {
    let lines = fmt::layer().with_writer(move || Masked::new(io::stderr(), secrets.clone()));
    match io::stderr().is_terminal() {
        true => lines.with_target(false).boxed(),
        false => lines.event_format(OneObject).fmt_fields(fmt::format::JsonFields::new()).boxed(),
    }
}

fn to_file(file: Rotating, secrets: Arc<Secrets>) -> AnyLayer {
    let lines = fmt::layer().with_ansi(false).with_writer(move || Masked::new(file.clone(), secrets.clone()));
    lines.event_format(OneObject).fmt_fields(fmt::format::JsonFields::new()).boxed()
}

/// The filter, and what is wrong with it; then warnings and errors are logged.
fn filter(level: &str) -> (EnvFilter, Option<anyhow::Error>) {
    // the words of the systems that set LOG_LEVEL before
    let level = match level.to_lowercase().as_str() {
        "warning" => "warn".to_owned(),
        "critical" | "fatal" => "error".to_owned(),
        _ => level.to_owned(),
    };
    // A word that is no level would be taken for the name of a part of the program, all of it logged.
    let is_level = |word: &str| word.parse::<tracing_subscriber::filter::LevelFilter>().is_ok();
    let unknown = level.split(',').map(str::trim).find(|part| !part.contains(['=', '[']) && !is_level(part));
    // The spans stay, whatever is logged: a line without its run is hard to place. What the database's driver
    // warns of, callboard tells in its own words.
    let with_spans = format!("engine::spans=error,sqlx=error,{level}");
    let filter = match unknown {
        Some(word) => Err(format!("{word:?} is no level")),
        None => EnvFilter::try_new(&level)
            .and_then(|_| EnvFilter::try_new(with_spans))
            .map_err(|error| error.to_string()),
    };
    match filter {
        Ok(filter) => (filter, None),
        Err(error) => {
            let fault = anyhow::anyhow!(
                "the log level {level:?} is not understood ({error}): use error, warn, info, debug, trace, off, \
                 or a filter like connect=debug"
            );
            (EnvFilter::new("warn"), Some(fault))
        }
    }
}

//! What doctor has to say about the landing: whether it can be written, listed and read, and how much room it has.

use std::path::Path;

use store::{Landing, LandingSpec};

use super::Check;
use super::space::{LITTLE, free};
use crate::config::Config;
use crate::figures::bytes;

/// How long a bucket is waited for here: whoever asks wants to know now.
const PATIENCE_SECS: u64 = 10;

pub async fn landing(config: &Config) -> Check {
    let landing = match opened(config) {
        Ok(landing) => landing,
        Err(fault) => return Check::fault("landing", format!("{fault:#}"), "put the setting right"),
    };
    let what = format!("landing {}", landing.address());
    match landing.probe().await {
        Ok(health) if health.kind == "folder" => {
            let room = free(Path::new(&health.place));
            let found = format!("writable, {} free", room.map_or_else(|| "?".to_owned(), bytes));
            match room {
                Some(0..LITTLE) => {
                    Check::note(what, found, "that is little: `callboard landing prune`, or S3")
                }
                _ => Check::ok(what, found),
            }
            .with(health)
        }
        Ok(health) => {
            let took = health.write_us as f64 / 1_000.0;
            Check::ok(what, format!("may write, read, list and delete; a write takes {took:.1} ms"))
                .with(health)
        }
        Err(error) => Check::fault(what, error.to_string(), "see the message"),
    }
}

fn opened(config: &Config) -> anyhow::Result<Landing> {
    Ok(match config.open_options()?.landing {
        Some(LandingSpec::S3(mut spec)) => {
            spec.patience = spec.patience.min(std::time::Duration::from_secs(PATIENCE_SECS));
            Landing::of(&LandingSpec::S3(spec))?
        }
        Some(spec) => Landing::of(&spec)?,
        None => Landing::beside(&config.db()?),
    })
}

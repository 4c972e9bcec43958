//! `callboard cache`: what is kept ready of which days.

mod status;

use std::process::ExitCode;

use anyhow::Result;
use chrono::{NaiveDate, SecondsFormat};
use clap::{Args, Subcommand};
use engine::cache::{DayCache, From, days};
use model::Window;

use crate::caching::day_cache;
use crate::config::Config;
use crate::figures::counted;
use crate::output::{Format, print, say, usage};
use crate::world::open_existing;

pub use status::Status;

const EXAMPLES: &str = "\
Examples:
  callboard cache status                     where it is, how far behind, what it holds
  callboard cache show 2026-12-24            the document of a day, as readers get it
  callboard cache fill --from 2026-12-01 --to 2026-12-31
  REDIS_URL=redis://localhost:6379 callboard serve

The cache is filled by itself: when a command ends that may have changed something, and all the time by
`serve` and `runner`.";

/// Show what is kept ready of which days; fill it, clear it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct CacheCommand {
    #[command(subcommand)]
    command: What,
}

#[derive(Subcommand)]
enum What {
    /// Whether it answers, how far it follows, which days it holds
    Status {
        /// How to print
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Print the document of a day: a JSON list of its events
    Show {
        /// The day, like 2026-12-24
        day: NaiveDate,
    },
    /// Write the documents of days anew, from the store
    Fill {
        /// First day [default: yesterday]
        #[arg(long, value_name = "DAY")]
        from: Option<NaiveDate>,
        /// Last day [default: `cache_days` from today]
        #[arg(long, value_name = "DAY")]
        to: Option<NaiveDate>,
    },
    /// Drop every document
    Clear,
}

impl CacheCommand {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let cache = day_cache(config, &store).await?;
        let code = match self.command {
            What::Status { format } => {
                let status = Status::of(&cache).await?;
                status.show(format)?;
                ExitCode::from(u8::from(!status.is_reachable()))
            }
            What::Show { day } => show(&cache, day).await?,
            What::Fill { from, to } => fill(&cache, from, to).await?,
            What::Clear => clear(&cache).await?,
        };
        store.close().await;
        Ok(code)
    }
}

async fn show(cache: &DayCache, day: NaiveDate) -> Result<ExitCode> {
    let (document, from) = cache.day(day).await?;
    let place = match from {
        From::Cache => format!("from the cache {}", cache.cache.name()),
        From::Store => "from the store".to_owned(),
    };
    let written = document.written_at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let left = document.left(crate::clock()).as_secs().div_ceil(60);
    let events = counted(document.events, "event");
    say(&format!("{events}, {place}; written {written}, to be served for {left} more minutes"));
    print(&(String::from_utf8_lossy(&document.body).into_owned() + "\n"))?;
    Ok(ExitCode::SUCCESS)
}

async fn fill(cache: &DayCache, from: Option<NaiveDate>, to: Option<NaiveDate>) -> Result<ExitCode> {
    shared(cache)?;
    let window = cache.window();
    let asked = Window { from: from.unwrap_or(window.from), to: to.unwrap_or(window.to.max(window.from)) };
    let reach = cache.reach();
    if asked.from > asked.to || !reach.contains(asked.from) || !reach.contains(asked.to) {
        let (first, last) = (reach.from, reach.to);
        return Err(usage(format!(
            "there are documents of {first} to {last}; not of {} to {}",
            asked.from, asked.to
        )));
    }
    cache.catch_up().await?;
    let written = cache.fill(days(asked)).await?;
    say(&format!("{} of {} to {} written", counted(written, "document"), asked.from, asked.to));
    Ok(ExitCode::SUCCESS)
}

async fn clear(cache: &DayCache) -> Result<ExitCode> {
    shared(cache)?;
    cache.clear().await?;
    say(&format!(
        "the cache {} holds no documents; it fills with the next run, or by `callboard cache fill`",
        cache.cache.name()
    ));
    Ok(ExitCode::SUCCESS)
}

fn shared(cache: &DayCache) -> Result<()> {
    match cache.cache.is_shared() {
        true => Ok(()),
        false => Err(usage(
            "the cache is the memory of each process and ends with it: set `cache` (or REDIS_URL) to a Redis",
        )),
    }
}

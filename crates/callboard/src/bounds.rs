//! The bounds of collecting and reading, from the settings.

use anyhow::Result;
use chrono::{DateTime, Utc};
use connect::ReadOptions;
use engine::collect::CollectOptions;
use model::Window;

use crate::clock;
use crate::config::Config;

/// The bounds of a run, from the settings.
pub fn collect_options(config: &Config, reread: bool, dry_run: bool) -> Result<CollectOptions> {
    let now = clock();
    Ok(CollectOptions {
        read: read_options(config, now)?,
        max_documents: config.get_where("max_documents", |most: &u64| *most > 0)?,
        max_depth: 16,
        concurrency: config.get_where("concurrency", |most: &usize| *most > 0)?,
        max_shrink: config.get_where("max_shrink", |share: &f64| (0.0..=1.0).contains(share))?,
        reread,
        sweep: true,
        dry_run,
    })
}

/// What readers may know, from the settings. A month counts as 31 days: a window a little too wide
/// loses nothing.
pub fn read_options(config: &Config, now: DateTime<Utc>) -> Result<ReadOptions> {
    let (back, ahead): (u32, u32) = (config.get("months_back")?, config.get("months_ahead")?);
    let window = Window::around(now.date_naive(), back.saturating_mul(31), ahead.saturating_mul(31));
    Ok(ReadOptions { window, timezone: config.timezone()?, now })
}

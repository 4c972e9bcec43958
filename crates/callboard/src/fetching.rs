//! The fetcher of a call, from the settings.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use connect::fetch::{FetchOptions, Fetcher, RenderOptions, TimeLimits};
use engine::limits::SharedLimits;
use store::Store;

use crate::clock;
use crate::config::Config;

/// A fetcher as polite as the settings ask for, on its own.
pub fn fetcher(config: &Config) -> Result<Fetcher> {
    Fetcher::new(options(config, false)?).context(CANNOT)
}

/// The same, with private addresses allowed by a flag of the call.
pub fn fetcher_allowing(config: &Config, allow_private: bool) -> Result<Fetcher> {
    Fetcher::new(options(config, allow_private)?).context(CANNOT)
}

/// A fetcher that keeps its limits together with every process on `store`, where `limits: shared` says so or
/// the caller always does (`always`: runners, the server); and those limits, to be given back at the end.
pub fn fetcher_on(
    config: &Config,
    store: &Store,
    runner: &str,
    always: bool,
) -> Result<(Fetcher, Option<SharedLimits>)> {
    if !always && !shares_limits(config)? {
        return Ok((fetcher(config)?, None));
    }
    let limits = SharedLimits::new(store.clone(), runner, clock);
    let fetcher = Fetcher::within(options(config, false)?, Arc::new(limits.clone())).context(CANNOT)?;
    Ok((fetcher, Some(limits)))
}

/// Gives back what is held of shared limits, so that nobody waits for it to run out.
pub async fn give_back(limits: Option<SharedLimits>) {
    let Some(limits) = limits else { return };
    if let Err(error) = limits.give_back().await {
        tracing::debug!(%error, "what is held of the shared limits runs out by itself");
    }
}

/// A name for this process among those that share limits: the same never comes twice on one machine at once.
pub fn process_name() -> String {
    format!("process-{}-{}", std::process::id(), clock().timestamp_millis())
}

const CANNOT: &str = "cannot set up fetching";

fn shares_limits(config: &Config) -> Result<bool> {
    match config.text("limits").unwrap_or("process") {
        "process" => Ok(false),
        "shared" => Ok(true),
        other => bail!("limits = {other:?} is neither `process` nor `shared`"),
    }
}

fn options(config: &Config, allow_private: bool) -> Result<FetchOptions> {
    let contact = config.text("contact").map(contact_address).transpose()?;
    let render = RenderOptions {
        program: config.text("browser").map(Into::into),
        pages: config.get("browser_pages")?,
        memory_mb: config.get("browser_memory_mb")?,
        ..RenderOptions::default()
    };
    let per_second = config.get_where("per_second", |rate: &f64| *rate > 0.0 && rate.is_finite())?;
    Ok(FetchOptions {
        contact,
        render,
        per_second,
        // A rate that somebody asked for holds everywhere.
        local_per_second: config.is_said("per_second").then_some(per_second),
        total_concurrency: config.get_where("concurrency", |most: &usize| *most > 0)?,
        max_bytes: config.get("max_bytes")?,
        attempts: config.get::<u32>("attempts")?.max(1),
        times: TimeLimits {
            connect: seconds(config, "connect_timeout_secs")?,
            read: seconds(config, "read_timeout_secs")?,
            total: seconds(config, "request_timeout_secs")?,
            ..TimeLimits::default()
        },
        allow_private: allow_private || config.get("allow_private")?,
        ..FetchOptions::default()
    })
}

/// A length of time; the systems before wrote fractions too.
fn seconds(config: &Config, key: &str) -> Result<Duration> {
    let seconds: f64 = config.get(key)?;
    let length = Duration::try_from_secs_f64(seconds).ok().filter(|length| !length.is_zero());
    length.with_context(|| format!("{key} = {seconds} is no length of time; it is seconds, more than 0"))
}

/// A page, or a mail address written as one.
fn contact_address(text: &str) -> Result<url::Url> {
    let address =
        if text.contains('@') && !text.contains(':') { format!("mailto:{text}") } else { text.to_owned() };
    url::Url::parse(&address)
        .with_context(|| format!("contact = {text:?} is neither a page nor a mail address"))
}

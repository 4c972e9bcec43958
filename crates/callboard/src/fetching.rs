//! The fetcher of a call, from the settings.

use anyhow::{Context, Result};
use connect::fetch::{FetchOptions, Fetcher};

use crate::config::Config;

/// A fetcher as polite as the settings ask for.
pub fn fetcher(config: &Config) -> Result<Fetcher> {
    fetcher_allowing(config, false)
}

/// The same, with private addresses allowed by a flag of the call.
pub fn fetcher_allowing(config: &Config, allow_private: bool) -> Result<Fetcher> {
    let contact = config.text("contact").map(contact_address).transpose()?;
    let options = FetchOptions {
        contact,
        per_second: config.get("per_second")?,
        total_concurrency: config.get("concurrency")?,
        max_bytes: config.get("max_bytes")?,
        allow_private: allow_private || config.get("allow_private")?,
        ..FetchOptions::default()
    };
    Fetcher::new(options).context("cannot set up fetching")
}

/// A page, or a mail address written as one.
fn contact_address(text: &str) -> Result<url::Url> {
    let address =
        if text.contains('@') && !text.contains(':') { format!("mailto:{text}") } else { text.to_owned() };
    url::Url::parse(&address)
        .with_context(|| format!("contact = {text:?} is neither a page nor a mail address"))
}

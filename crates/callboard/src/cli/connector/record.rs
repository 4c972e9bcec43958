//! `connector record`: one document, fetched as the connector would, kept as a file to test with.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use connect::fetch::Fetched;
use connect::manifest::Manifest;
use connect::{Connector as _, Params};
use model::{Document, Request};
use serde_json::json;

use crate::config::Config;
use crate::origins::{Catalog, params};
use crate::output::print;

/// Fetch a document as the connector would and keep it as a file to test with.
#[derive(Args)]
pub struct RecordPage {
    /// Name of a connector, or its file
    connector: String,
    /// What to fetch
    url: url::Url,
    /// Value for a parameter of the connector; may be given several times
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Folder to keep it in [default: the `documents` setting]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// Fetch from private and loopback addresses too
    #[arg(long)]
    allow_private: bool,
}

impl RecordPage {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let catalog = Catalog::load(config)?;
        let manifest = catalog.named(&self.connector)?;
        let params = params(&manifest, &self.params, false)?;
        let request = Request::get(self.url.clone());
        let document = fetch(config, &manifest, &params, &request, self.allow_private).await?;
        let folder =
            self.to.unwrap_or_else(|| PathBuf::from(config.text("documents").unwrap_or("documents")));
        let path = free_path(&folder, manifest.name(), ending(&document))?;
        let cannot = || format!("cannot write {}", path.display());
        std::fs::create_dir_all(&folder)
            .and_then(|()| std::fs::write(&path, &document.body))
            .with_context(cannot)?;
        let about = json!({
            "url": document.url, "status": document.status, "headers": document.headers,
            "fetched_at": document.fetched_at,
        });
        std::fs::write(path.with_extension("meta.json"), serde_json::to_string_pretty(&about)?)
            .with_context(cannot)?;
        print(&format!("kept {} ({} bytes)\n", path.display(), document.body.len()))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Fetches one document by the rules of `manifest`.
pub async fn fetch(
    config: &Config,
    manifest: &Manifest,
    params: &Params,
    request: &Request,
    allow_private: bool,
) -> Result<Document> {
    let fetcher = crate::fetching::fetcher_allowing(config, allow_private)?;
    match fetcher.fetch(request, &manifest.policy(params), None).await? {
        Fetched::Document(document) => Ok(*document),
        Fetched::Skipped { status } => bail!("{} answered {status}: nothing there", request.url),
        Fetched::NotModified { .. } => {
            bail!("{} answered that nothing changed, though nothing is known of it", request.url)
        }
    }
}

fn ending(document: &Document) -> &'static str {
    match document.media_type().as_deref() {
        Some("application/json" | "text/json" | "application/hal+json") => "json",
        Some("text/calendar") => "ics",
        Some("text/csv") => "csv",
        Some("application/xml" | "text/xml" | "application/rss+xml" | "application/atom+xml") => "xml",
        _ => "html",
    }
}

/// `NAME.ending`, or with a number where that is taken.
fn free_path(folder: &Path, name: &str, ending: &str) -> Result<PathBuf> {
    let name = name.replace('/', "-");
    let candidates =
        std::iter::once(format!("{name}.{ending}")).chain((2..1000).map(|n| format!("{name}-{n}.{ending}")));
    let free = candidates.map(|name| folder.join(name)).find(|path| !path.exists());
    free.with_context(|| format!("{} holds a thousand recordings of {name} already", folder.display()))
}

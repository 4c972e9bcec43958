//! `callboard doctor`: what is configured, what is writable, what is reachable, and what to do.

mod browser;
mod cache;
mod database;
mod landing;
mod retention;
mod schedules;
mod space;
mod work;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use connect::fetch::{FetchOptions, Fetcher, Policy, TimeLimits};
use model::Request;
use serde::Serialize;
use store::Address;
use url::Url;

use crate::config::{Config, Origin};
use crate::origins::Catalog;
use crate::output::{Format, print, print_json, table};
use crate::world::open_if_there;

const EXAMPLES: &str = "\
Examples:
  callboard doctor                          settings, store, connectors, keys
  callboard doctor --deep                   and whether every page of the store is sound
  callboard doctor https://hall.example/    and whether this host answers";

/// Check settings, store, connectors and keys, and whether hosts answer.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Doctor {
    /// Hosts to ask for their robots.txt, one request each
    hosts: Vec<Url>,
    /// Look at every page of a SQLite file: that may take minutes
    #[arg(long)]
    deep: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Check {
    what: String,
    state: State,
    found: String,
    /// What to do; empty when nothing is.
    todo: String,
    /// The same as numbers, where there are some.
    #[serde(skip_serializing_if = "serde_json::Value::is_null")]
    figures: serde_json::Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum State {
    Ok,
    Note,
    Fault,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            State::Ok => "ok",
            State::Note => "note",
            State::Fault => "FAULT",
        }
    }
}

impl Check {
    fn ok(what: impl Into<String>, found: impl Into<String>) -> Check {
        Check {
            what: what.into(),
            state: State::Ok,
            found: found.into(),
            todo: String::new(),
            figures: serde_json::Value::Null,
        }
    }

    /// With what was found as numbers.
    fn with(self, figures: impl Serialize) -> Check {
        // What does not serialise is left out: the words say it.
        Check { figures: serde_json::to_value(figures).unwrap_or_default(), ..self }
    }

    fn note(what: impl Into<String>, found: impl Into<String>, todo: impl Into<String>) -> Check {
        Check { state: State::Note, todo: todo.into(), ..Check::ok(what, found) }
    }

    fn fault(what: impl Into<String>, found: impl Into<String>, todo: impl Into<String>) -> Check {
        Check { state: State::Fault, ..Check::note(what, found, todo) }
    }
}

impl Doctor {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let mut checks = vec![settings(config)];
        if let Ok(Address::File(path)) = config.db() {
            checks.push(folder(&path));
        }
        checks.push(store(config).await);
        checks.extend(database::database(config, self.deep).await);
        checks.push(landing::landing(config).await);
        checks.extend(cache::cache(config).await);
        checks.extend(retention::retention(config).await);
        checks.extend(connectors(config));
        checks.push(browser::browser(config).await);
        checks.extend(work::pipelines(config));
        checks.extend(work::work(config).await);
        checks.extend(schedules::schedules(config).await);
        for host in &self.hosts {
            checks.push(reach(config, host).await);
        }
        match self.format {
            Format::Table => show(&checks)?,
            Format::Json => print_json(&checks, self.format)?,
            Format::Ndjson => checks.iter().try_for_each(|check| print_json(check, self.format))?,
        }
        let healthy = checks.iter().all(|check| check.state != State::Fault);
        Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }
}

fn show(checks: &[Check]) -> Result<()> {
    let mut rows = table(&["", "WHAT", "FOUND", "TO DO"]);
    for check in checks {
        rows.add_row([check.state.name(), &check.what, &check.found, &check.todo]);
    }
    Ok(print(&format!("{rows}\n"))?)
}

fn settings(config: &Config) -> Check {
    let said = config.rows().filter(|(_, _, origin)| **origin != Origin::Default).count();
    let bad = crate::bounds::collect_options(config, false, false)
        .err()
        .or_else(|| crate::fetching::fetcher(config).err());
    match bad {
        Some(fault) => Check::fault(
            "settings",
            format!("{fault:#}"),
            "put it right; `callboard config show` tells where it is from",
        ),
        None => Check::ok("settings", format!("{said} set, the rest at their defaults")),
    }
}

/// Whether the store's folder can be written to, tried with a file.
fn folder(db: &Path) -> Check {
    let folder = match db.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let probe = folder.join(format!(".callboard-probe-{}", std::process::id()));
    let tried = std::fs::write(&probe, b"x").and_then(|()| std::fs::remove_file(&probe));
    let what = format!("folder {}", folder.display());
    match tried {
        Ok(()) => Check::ok(what, "writable"),
        Err(error) => {
            Check::fault(what, error.to_string(), "make it writable, or name another store with --db")
        }
    }
}

async fn store(config: &Config) -> Check {
    let path = match config.db() {
        Ok(path) => path,
        Err(fault) => return Check::fault("store", format!("{fault:#}"), "put the setting right"),
    };
    let what = format!("store {}", path.display());
    let opened = match open_if_there(config).await {
        Ok(Some(store)) => store,
        Ok(None) => return Check::note(what, "not there yet", "`callboard collect` makes it"),
        Err(error) => return Check::fault(what, error.to_string(), "see the message"),
    };
    let check = match opened.counts().await {
        Ok(counts) => {
            let rows: u64 = counts.rows.values().sum();
            let megabytes = counts.size_bytes as f64 / 1e6;
            let held = counts.quarantined;
            Check::ok(
                what,
                format!("{rows} rows, {} runs, {held} quarantined, {megabytes:.1} MB", counts.runs),
            )
        }
        Err(error) => Check::fault(what, error.to_string(), "see the message"),
    };
    opened.close().await;
    check
}

/// The user's own connectors, and for each that ships whether its keys are set.
fn connectors(config: &Config) -> Vec<Check> {
    let catalog = match Catalog::load(config) {
        Ok(catalog) => catalog,
        Err(fault) => {
            return vec![Check::fault(
                "connectors",
                format!("{fault:#}"),
                "`callboard connector test FILE` tells more",
            )];
        }
    };
    let names = catalog.names();
    let mut checks = vec![Check::ok("connectors", format!("{} known", names.len()))];
    for (name, variables) in catalog.keys() {
        let missing: BTreeSet<&str> =
            variables.iter().filter(|name| std::env::var_os(name).is_none()).map(String::as_str).collect();
        if missing.len() == variables.len() {
            let todo = format!("put it into .env to collect from {name}");
            checks.push(Check::note(
                format!("key of {name}"),
                format!("{} is not set", variables.join(" or ")),
                todo,
            ));
        } else {
            checks.push(Check::ok(format!("key of {name}"), "set"));
        }
    }
    checks
}

async fn reach(config: &Config, host: &Url) -> Check {
    let what = format!("host {}", host.host_str().unwrap_or("?"));
    let address = host.join("/robots.txt").unwrap_or_else(|_| host.clone());
    let times = TimeLimits {
        connect: Duration::from_secs(5),
        total: Duration::from_secs(10),
        ..TimeLimits::default()
    };
    let allow_private = config.get("allow_private").unwrap_or(false);
    let options = FetchOptions { attempts: 1, times, allow_private, ..FetchOptions::default() };
    let policy = Policy { robots: false, ..Policy::default() };
    let began = Instant::now();
    let fetched = match Fetcher::new(options) {
        Ok(fetcher) => fetcher.fetch(&Request::get(address), &policy, None).await,
        Err(error) => Err(error),
    };
    let elapsed = began.elapsed().as_millis();
    match fetched {
        Ok(_) => Check::ok(what, format!("answers in {elapsed} ms")),
        Err(connect::fetch::FetchError::Gone { .. }) => {
            Check::ok(what, format!("answers in {elapsed} ms, without a robots.txt"))
        }
        Err(error) => Check::fault(what, error.to_string(), "check address, network and proxy"),
    }
}

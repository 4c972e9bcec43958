//! `callboard limits`: how fast hosts and keys may be asked, what runs and waits, who holds back.

use std::process::ExitCode;

use anyhow::Result;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use serde_json::{Value, json};
use store::LimitRow;

use crate::clock;
use crate::config::Config;
use crate::output::{Format, print, print_json, table};
use crate::world::open_existing;

/// Show what hosts and keys may be asked how fast, and who holds them back.
///
/// Limits stand in the store when processes share them: with `limits: shared`, and for runners.
#[derive(Args)]
#[command(after_help = "Example:\n  callboard limits --format ndjson | jq 'select(.waiting > 0)'")]
pub struct Limits {
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Limits {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let now = clock();
        let limits = store.limits(now).await?;
        match self.format {
            Format::Table => print(&listed(&limits, now))?,
            Format::Json => {
                print_json(&limits.iter().map(|l| limit(l, now)).collect::<Vec<_>>(), self.format)?
            }
            Format::Ndjson => limits.iter().try_for_each(|l| print_json(&limit(l, now), self.format))?,
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

fn listed(limits: &[LimitRow], now: DateTime<Utc>) -> String {
    let mut rows = table(&["RESOURCE", "RATE", "AT ONCE", "RUNNING", "WAITING", "NEXT SLOT", "HELD BACK BY"]);
    for limit in limits {
        let places = limit.concurrency.map_or("any".to_owned(), |places| places.to_string());
        let wait = limit.next_slot - now;
        let next = match wait.num_milliseconds() {
            ..=0 => "now".to_owned(),
            ms @ 1..10_000 => format!("in {ms} ms"),
            _ => limit.next_slot.to_rfc3339_opts(SecondsFormat::Secs, true),
        };
        rows.add_row([
            limit.resource.clone(),
            rate(limit),
            places,
            limit.running.to_string(),
            limit.waiting.to_string(),
            next,
            limit.held_back_by(now).unwrap_or_default(),
        ]);
    }
    format!("{rows}\n")
}

fn rate(limit: &LimitRow) -> String {
    if limit.interval.is_zero() {
        return "any".to_owned();
    }
    let per_second = 1.0 / limit.interval.as_secs_f64();
    match per_second >= 0.5 {
        true => format!("{} a second", (per_second * 100.0).round() / 100.0),
        false => format!("one in {} s", limit.interval.as_secs_f64().round()),
    }
}

fn limit(limit: &LimitRow, now: DateTime<Utc>) -> Value {
    let runners: Vec<Value> = limit
        .holders
        .iter()
        .map(|holder| json!({"runner": holder.runner, "running": holder.running, "waiting": holder.waiting}))
        .collect();
    let paused = limit
        .pause
        .as_ref()
        .map(|pause| json!({"until": pause.until, "reason": pause.reason, "runner": pause.runner}));
    json!({
        "resource": limit.resource, "interval_ms": limit.interval.as_secs_f64() * 1_000.0, "burst": limit.burst,
        "concurrency": limit.concurrency, "running": limit.running, "waiting": limit.waiting,
        "next_slot": limit.next_slot, "held_back_by": limit.held_back_by(now), "paused": paused, "runners": runners,
    })
}

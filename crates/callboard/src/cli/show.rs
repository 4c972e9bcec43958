//! `callboard show ID`: one row, which document said each field and when, and its history.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;
use model::When;
use serde_json::{Value, json};
use store::{FieldOrigin, Shown};

use crate::config::Config;
use crate::output::{Format, print, print_json, table};
use crate::personal;
use crate::world::open_existing;

/// Show one event (or venue, performer, ticket, card …) with where each field came from.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  callboard show ev_4k2j9m\n  callboard show 'brass night'\n  callboard show ev_4k2j9m --format json | jq .history"
)]
pub struct Show {
    /// Its id, the beginning of its id, SOURCE/KEY, its source's own key, or a part of what it is called
    id: String,
    /// Show columns of personal data too; noted in the audit log
    #[arg(long)]
    personal: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Show {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let store = personal::shown(&store, self.personal, "show", &self.id).await?;
        let Some(shown) = store.show(&self.id).await? else {
            bail!("nothing is called {:?}; `callboard events` lists ids", self.id);
        };
        match self.format {
            Format::Table => print(&for_people(&shown))?,
            _ => print_json(&for_programs(&shown), self.format)?,
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

fn for_programs(shown: &Shown) -> Value {
    let origins: Vec<Value> = shown.origins.iter().map(origin_json).collect();
    let sightings = shown.sightings.iter().map(
        |s| json!({"document": s.document, "connector": s.connector, "scope": s.scope, "seen_at": s.seen_at}),
    );
    json!({
        "id": shown.id, "kind": shown.kind, "source": shown.source, "source_key": shown.source_key,
        "first_seen": shown.first_seen, "last_seen": shown.last_seen, "gone_at": shown.gone_at,
        "fields": shown.fields, "origins": origins, "history": shown.history,
        "sightings": sightings.collect::<Vec<_>>(), "offers": shown.offers,
    })
}

fn origin_json(origin: &FieldOrigin) -> Value {
    json!({
        "field": origin.field, "change": origin.change, "run": origin.run, "at": origin.at,
        "document": origin.document, "url": origin.url, "fetched_at": origin.fetched_at,
    })
}

fn for_people(shown: &Shown) -> String {
    let mut text =
        format!("{} {}   source {}   key {}\n", shown.kind.name(), shown.id, shown.source, shown.source_key);
    text += &format!("first seen {}   last seen {}\n", shown.first_seen, shown.last_seen);
    if let Some(gone) = &shown.gone_at {
        text += &format!("no longer listed by its source since {gone}\n");
    }
    text += &format!("\n{}\n", fields(shown));
    if !shown.offers.is_empty() {
        text += "\noffers:\n";
        shown.offers.iter().for_each(|offer| text += &format!("  {}\n", offer_line(offer)));
    }
    text += "\nhistory:\n";
    for change in &shown.history {
        text += &format!(
            "  {} {} by {}\n",
            change.at,
            change.op.name(),
            change.document.as_deref().unwrap_or("a sweep")
        );
        if change.op == model::Op::Insert {
            continue;
        }
        for edit in &change.edits {
            text += &format!("    {}: {} -> {}\n", edit.field, value(&edit.from), value(&edit.to));
        }
    }
    text += "\nstated by:\n";
    for sighting in &shown.sightings {
        text += &format!("  {}   last on {}\n", sighting.document, sighting.seen_at);
    }
    text
}

fn fields(shown: &Shown) -> comfy_table::Table {
    let mut rows = table(&["FIELD", "VALUE", "SAID BY", "WHEN"]);
    for (name, field) in &shown.fields {
        let origin = shown.origins.iter().find(|origin| origin.field == *name);
        let said_by = origin.and_then(|o| o.document.clone()).unwrap_or_default();
        let when = origin.map(|o| o.fetched_at.clone().unwrap_or_else(|| o.at.clone())).unwrap_or_default();
        rows.add_row([name.clone(), value(field), said_by, when]);
    }
    rows
}

fn offer_line(offer: &serde_json::Map<String, Value>) -> String {
    let text = |name: &str| offer.get(name).map(value).unwrap_or_default();
    ["name", "price", "currency", "availability", "url"].map(text).join("  ").trim().to_owned()
}

/// A value for reading: a time with what was said, a text as it is.
pub fn value(value: &Value) -> String {
    if let Ok(when) = serde_json::from_value::<When>(value.clone()) {
        let zone = when.zone_name().map(|zone| format!(" {zone}")).unwrap_or_default();
        return format!("{}{zone} (said {:?})", engine::present::for_people(&when), when.said);
    }
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "(none)".to_owned(),
        other => other.to_string(),
    }
}

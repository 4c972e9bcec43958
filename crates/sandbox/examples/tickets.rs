//! The sellers of tickets as a program of their own, for benches and for trying by hand: `tickets [TICKETS]
//! [REGIONS]` prints what a client needs to know as one JSON line and serves until its stdin is closed. It
//! answers each line it is sent with one of JSON: `truth`, `edit N` (so many in each region), or else how
//! many requests there have been.

use std::env;
use std::error::Error;
use std::io::{self, BufRead, Write};

use chrono::Utc;
use sandbox::ticketing::{Ticketing, TicketingOptions};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let number = |at: usize, unasked| env::args().nth(at).map_or(Ok(unasked), |text| text.parse());
    let (tickets, regions) = (number(1, 30_000)?, number(2, 5)?);
    #[allow(clippy::disallowed_methods, reason = "a program's edge: the sandbox itself reads no clock")]
    let now = Utc::now();
    let ticketing =
        Ticketing::start(TicketingOptions { tickets, regions, ..TicketingOptions::new(7, now) }).await?;
    say(&known(&ticketing))?;
    tokio::task::spawn_blocking(move || -> io::Result<()> {
        for line in io::stdin().lock().lines() {
            say(&answer(&ticketing, line?.trim()))?;
        }
        Ok(())
    })
    .await??;
    Ok(())
}

/// Settings, places and codes of every region.
fn known(ticketing: &Ticketing) -> Value {
    let settings: Value =
        ticketing.settings().into_iter().map(|(name, value)| (name, json!(value))).collect();
    let of = |region: &&str| {
        let own =
            |param: &str| settings[format!("EVENT_CONFIGS__{}__{param}", region.replace('-', "_"))].clone();
        json!({
            "name": region,
            "base_url": own("base_url"),
            "token": own("token"),
            "event_id": own("event_id"),
            "schema": own("schema_name"),
            "capacities": ticketing.capacities(region),
            "distributed": ticketing.distributed_codes(region),
        })
    };
    let regions: Vec<Value> = ticketing.regions().iter().map(of).collect();
    json!({"settings": settings, "regions": regions})
}

fn answer(ticketing: &Ticketing, line: &str) -> Value {
    let edits = line.strip_prefix("edit ").and_then(|count| count.parse().ok());
    let regions = ticketing.regions();
    match (line, edits) {
        ("truth", _) => regions.iter().map(|region| json!(ticketing.truth(region))).collect(),
        (_, Some(count)) => regions.iter().map(|region| json!(ticketing.mutate(region, count))).collect(),
        _ => json!({"requests": ticketing.requests()}),
    }
}

fn say(line: &Value) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

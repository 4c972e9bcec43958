//! The population report as a program of its own, for benches and for trying by hand: `cards [CATEGORIES]
//! [rendered]` prints its address as one JSON line and serves until its stdin is closed. For each line it is
//! sent it prints how many pages were asked for, how close two of them came and how long it was from the first
//! to the last; `grow` lets populations grow first.

use std::env;
use std::error::Error;
use std::io::{self, BufRead, Write};

use sandbox::{CardSite, CardSiteOptions};
use serde_json::{Value, json};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let categories = env::args().nth(1).map_or(Ok(12), |number| number.parse())?;
    let rendered = env::args().nth(2).is_some_and(|word| word == "rendered");
    let site = CardSite::start(CardSiteOptions { categories, rendered, ..CardSiteOptions::large(7) }).await?;
    writeln!(io::stdout().lock(), "{}", json!({"url": site.url(), "pages": site.page_count()}))?;
    tokio::task::spawn_blocking(move || -> io::Result<()> {
        for line in io::stdin().lock().lines() {
            if line?.trim() == "grow" {
                site.grow();
            }
            writeln!(io::stdout().lock(), "{}", told(&site))?;
        }
        Ok(())
    })
    .await??;
    Ok(())
}

fn told(site: &CardSite) -> Value {
    let mut arrivals = site.arrivals();
    arrivals.sort_unstable();
    let least = arrivals.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap_or_default();
    let span = arrivals.first().zip(arrivals.last()).map(|(first, last)| *last - *first).unwrap_or_default();
    json!({
        "served": site.pages_served(), "pages": site.page_count(),
        "least_gap_ms": least.as_secs_f64() * 1000.0, "span_s": span.as_secs_f64(),
    })
}

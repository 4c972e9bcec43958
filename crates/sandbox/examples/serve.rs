//! The sandbox as a program of its own, for benches: `serve [SITE_EVENTS]` prints the addresses of
//! the three upstreams as one JSON line and serves until its stdin is closed. For each line it is sent
//! it prints how many requests they have had so far.

use std::env;
use std::error::Error;
use std::io::{self, BufRead, Write};

use chrono::Utc;
use sandbox::{Sandbox, SandboxOptions, Upstream};
use serde_json::json;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let site_events = env::args().nth(1).map_or(Ok(5000), |number| number.parse())?;
    #[allow(clippy::disallowed_methods, reason = "a program's edge: the sandbox itself reads no clock")]
    let now = Utc::now();
    let sandbox = Sandbox::start(SandboxOptions { site_events, ..SandboxOptions::new(7, now) }).await?;
    let addresses = json!({
        "site": sandbox.site_url(),
        "calendar": sandbox.calendar_url(),
        "api": sandbox.api_url(),
        "api_token": sandbox.api_token(),
    });
    writeln!(io::stdout().lock(), "{addresses}")?;
    tokio::task::spawn_blocking(move || -> io::Result<()> {
        for line in io::stdin().lock().lines() {
            line?;
            let requests = json!({
                "site": sandbox.requests(Upstream::Site),
                "calendar": sandbox.requests(Upstream::Calendar),
                "api": sandbox.requests(Upstream::Api),
            });
            writeln!(io::stdout().lock(), "{requests}")?;
        }
        Ok(())
    })
    .await??;
    Ok(())
}

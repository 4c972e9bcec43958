//! The sandbox as a program of its own, for benches: `serve [SITE_EVENTS]` prints the addresses of
//! the three upstreams as one JSON line and serves until its stdin is closed.

use std::env;
use std::error::Error;
use std::io::{self, Read, Write};

use chrono::Utc;
use sandbox::{Sandbox, SandboxOptions};
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
    // Nobody writes to it: this returns when the other side is done.
    tokio::task::spawn_blocking(|| io::stdin().lock().read_to_end(&mut Vec::new())).await??;
    Ok(())
}

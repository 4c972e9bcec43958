//! `callboard demo vivenu`: ticketing on generated sellers. A local API of five regions limits, fails and
//! is edited; the shipped pipeline gathers it twice, and the reports are told. The commands are those
//! that anybody would type, and are shown.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use sandbox::ticketing::{Ticketing, TicketingFaults, TicketingOptions};
use tokio::process::Command;

use crate::clock;
use crate::config::Config;
use crate::output::say;

const TICKETS: usize = 3000;
const EDITS: usize = 40;

/// `keep` is true when the user named a store: it is filled and stays.
pub async fn run(config: &Config, seed: u64, keep: bool) -> Result<ExitCode> {
    let options =
        TicketingOptions { tickets: TICKETS, faults: faults(), ..TicketingOptions::new(seed, clock()) };
    let sellers = Ticketing::start(options).await.context("cannot start the local API")?;
    say(&format!("local API of {} sellers: {}", sellers.regions().len(), sellers.base_url()));
    let folder = Folder::new(&sellers)?;
    let db = if keep { store(config)? } else { "demo.db".to_owned() };
    let desk = Desk { folder: &folder.0, db, sellers: &sellers };
    let gather = ["run", "vivenu", "--pipeline-name", "full"];
    desk.call(&gather).await?;
    for region in sellers.regions() {
        sellers.mutate(region, EDITS);
    }
    say(&format!("{EDITS} edits in each region: orders, refunds, transfers, corrections; gathered again:"));
    desk.call(&gather).await?;
    let first = sellers.regions().first().copied().unwrap_or_default();
    desk.call(&["report", "all", "--region", first]).await?;
    desk.call(&["report", "sales"]).await?;
    say("nothing here was real; next: docs/vivenu.md says how a region is configured");
    Ok(ExitCode::SUCCESS)
}

/// The user's store, as it is called from any folder.
fn store(config: &Config) -> Result<String> {
    let said = config.text("db").unwrap_or("callboard.db");
    match said.contains("://") {
        true => Ok(said.to_owned()),
        false => Ok(std::path::absolute(said)?.display().to_string()),
    }
}

/// An API that limits and fails now and then.
fn faults() -> TicketingFaults {
    TicketingFaults {
        fail_percent: 2,
        too_many_every: 17,
        retry_after_secs: Some(1),
        ..TicketingFaults::default()
    }
}

/// Where the organiser's files lie; gone when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(sellers: &Ticketing) -> Result<Folder> {
        let folder = Folder(std::env::temp_dir().join(format!("callboard-demo-{}", std::process::id())));
        for region in sellers.regions() {
            let schema = region.replace('-', "_");
            let capacities = sellers.capacities(region).unwrap_or_default().to_string();
            folder.write(&format!("schemas/{schema}.json"), &capacities)?;
            let codes = sellers.distributed_codes(region).unwrap_or_default();
            folder.write(&format!("coupons/{schema}-distributed.csv"), &codes)?;
        }
        Ok(folder)
    }

    fn write(&self, name: &str, content: &str) -> Result<()> {
        let path = self.0.join("data_static").join(name);
        let above = path.parent().unwrap_or(&self.0);
        let written = std::fs::create_dir_all(above).and_then(|()| std::fs::write(&path, content));
        written.with_context(|| format!("cannot write {}", path.display()))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // what cannot be removed stays in the folder for such things
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Calls this program in the folder, as its user would.
struct Desk<'a> {
    folder: &'a Path,
    db: String,
    sellers: &'a Ticketing,
}

impl Desk<'_> {
    async fn call(&self, args: &[&str]) -> Result<()> {
        say(&format!("\n$ callboard {}", args.join(" ")));
        let program = std::env::current_exe().context("cannot find this program")?;
        let status = Command::new(program)
            .args(args)
            .args(["--db", &self.db])
            .current_dir(self.folder)
            .envs(self.sellers.settings())
            .env("CALLBOARD_ALLOW_PRIVATE", "true")
            .kill_on_drop(true)
            .status()
            .await
            .context("cannot start this program once more")?;
        if !status.success() {
            bail!("`callboard {}` ended with {status}", args.join(" "));
        }
        Ok(())
    }
}

//! Being alive, and noticing who no longer is.

use chrono::{DateTime, Utc};
use store::{RunnerId, RunnerRow, RunnerStart, Store, StoreError};

/// Who a runner is.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) host: String,
    pub(super) pid: u32,
}

impl Identity {
    /// This process; `name` unless the user gave one.
    pub(super) fn of_this_process(name: Option<String>, now: DateTime<Utc>) -> Identity {
        let pid = std::process::id();
        let name = name.unwrap_or_else(|| format!("runner_{pid}_{}", now.timestamp()));
        Identity { name, host: host(), pid }
    }

    pub(super) fn start(&self, at: DateTime<Utc>, until: DateTime<Utc>) -> RunnerStart {
        RunnerStart { name: self.name.clone(), host: self.host.clone(), pid: self.pid, at, until }
    }
}

/// Takes back what runners had that are gone, those of this machine at once: a process that is not
/// there any more needs no waiting for.
pub(super) async fn reap(store: &Store, own: RunnerId, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let here = host();
    let runners = store.runners().await?;
    let gone = runners.iter().filter(|row| row.runner != own && row.host == here && !is_running(row));
    let gone: Vec<RunnerId> = gone.map(|row| row.runner).collect();
    store.reap(now, &gone).await
}

/// Where the system tells of its processes; elsewhere a runner is alive until its time runs out.
fn is_running(row: &RunnerRow) -> bool {
    if row.pid == std::process::id() || !std::path::Path::new("/proc/self").exists() {
        return true;
    }
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", row.pid));
    // One that has ended and that nobody has waited for is still listed, as `Z`.
    stat.is_ok_and(|stat| !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z')))
}

/// The name of this machine.
fn host() -> String {
    let told = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let told = told.or_else(|| std::env::var("HOSTNAME").ok()).or_else(|| std::env::var("COMPUTERNAME").ok());
    told.map(|name| name.trim().to_owned()).unwrap_or_else(|| "localhost".to_owned())
}

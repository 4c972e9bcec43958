//! Being alive, and noticing who no longer is.

use std::fs;

use chrono::{DateTime, Utc};
use model::RunId;
use store::{RunnerId, RunnerRow, RunnerStart, Store, StoreError};

/// Who a runner is.
#[derive(Debug, Clone)]
pub(super) struct Identity {
    pub(super) name: String,
    pub(super) host: String,
    pub(super) pid: u32,
    process: Option<String>,
}

impl Identity {
    /// This process; `name` unless the user gave one.
    pub(super) fn of_this_process(name: Option<String>, now: DateTime<Utc>) -> Identity {
        let pid = std::process::id();
        let name = name.unwrap_or_else(|| format!("runner_{pid}_{}", now.timestamp()));
        let process = here().zip(started(pid)).map(|(here, started)| format!("{here} {started}"));
        Identity { name, host: host(), pid, process }
    }

    pub(super) fn start(
        &self,
        serves: Option<RunId>,
        at: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> RunnerStart {
        let Identity { name, host, pid, process } = self.clone();
        RunnerStart { name, host, pid, process, serves, at, until }
    }
}

/// Takes back what runners had that are gone, those whose processes this one can see at once: a process
/// that is not there any more needs no waiting for.
pub(super) async fn reap(store: &Store, own: RunnerId, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let here = here();
    let runners = store.runners().await?;
    let gone = runners.iter().filter(|row| row.runner != own && is_gone(row, here.as_deref(), started));
    let gone: Vec<RunnerId> = gone.map(|row| row.runner).collect();
    store.reap(now, &gone).await
}

/// Whether its process ran `here` and runs no more. Machines and containers may share their names, and
/// numbers of processes come again: what cannot be told apart is alive until its time runs out.
fn is_gone(row: &RunnerRow, here: Option<&str>, started: impl Fn(u32) -> Option<u64>) -> bool {
    let mark = row.process.as_deref().and_then(|process| process.rsplit_once(' '));
    let Some((_, began)) = mark.filter(|(place, _)| Some(*place) == here) else { return false };
    started(row.pid).is_none_or(|now| now.to_string() != began)
}

/// What all processes have in common whose numbers mean the same as for this one: the boot of the system,
/// and the space of numbers, of which each container has its own.
fn here() -> Option<String> {
    let own = fs::read_link("/proc/self").ok()?;
    // Where the processes shown are not those of its own space, nothing can be told from them.
    (own.to_str()? == std::process::id().to_string()).then_some(())?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let space = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), space.display()))
}

/// When the process of this number began, in ticks since the boot; `None` where it has ended.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Its name, which may hold anything, stands in brackets before the rest.
    let mut rest = stat.rsplit(')').next()?.split_whitespace();
    // One that has ended and that nobody has waited for is still listed, as `Z`.
    rest.next().filter(|state| *state != "Z")?;
    rest.nth(18)?.parse().ok()
}

/// The name of this machine.
pub fn host() -> String {
    let told = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let told = told.or_else(|| std::env::var("HOSTNAME").ok()).or_else(|| std::env::var("COMPUTERNAME").ok());
    told.map(|name| name.trim().to_owned()).unwrap_or_else(|| "localhost".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_process_that_was_seen_here_and_is_not_any_more_is_gone() {
        let at = DateTime::UNIX_EPOCH;
        let gone = |process: Option<&str>, here, now| {
            let process = process.map(str::to_owned);
            let (name, host, until) = ("r".to_owned(), "h".to_owned(), at);
            let row = RunnerRow {
                runner: RunnerId(1),
                name,
                host,
                pid: 7,
                process,
                started_at: at,
                until,
                ending: None,
                leased: 0,
                items: 0,
            };
            is_gone(&row, here, |_| now)
        };
        let mark = Some("boot pid:[1] 500");
        assert!(gone(mark, Some("boot pid:[1]"), None));
        assert!(!gone(mark, Some("boot pid:[1]"), Some(500)));
        assert!(gone(mark, Some("boot pid:[1]"), Some(900)), "its number came again");
        assert!(!gone(mark, Some("boot pid:[2]"), None), "another container of the same name");
        assert!(!gone(mark, Some("later pid:[1]"), None), "another boot, or another machine of that name");
        assert!(
            !gone(mark, None, None) && !gone(None, None, None) && !gone(None, Some("boot pid:[1]"), None)
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_runs_here() {
        let identity = Identity::of_this_process(None, DateTime::UNIX_EPOCH);
        assert!(identity.process.is_some_and(|mark| mark.starts_with(&here().unwrap_or_default())));
        assert_eq!(started(u32::MAX), None);
    }
}

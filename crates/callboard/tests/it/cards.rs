//! Graded cards end to end, on a site that knows the truth about itself.

mod crawls;
mod faults;
mod flags;
mod kept;
mod manners;
mod questions;
mod truth;

use sandbox::{CardFaults, CardSite, CardSiteOptions};
use serde_json::Value;

use crate::call::{Answer, Desk};

/// The site on threads of its own, and a folder to call the program in.
struct Shop {
    site: CardSite,
    _runtime: tokio::runtime::Runtime,
    desk: Desk,
}

impl Shop {
    /// Pages come rendered, so no browser is needed.
    fn open(faults: CardFaults) -> Shop {
        Shop::with(CardSiteOptions { rendered: true, faults, ..CardSiteOptions::small(9) })
    }

    fn with(options: CardSiteOptions) -> Shop {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let site = runtime.block_on(CardSite::start(options)).expect("the site starts");
        Shop { site, _runtime: runtime, desk: Desk::new() }
    }

    fn args<'a>(command: &'a str, url: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let base =
            [command, "tag", "--allow-private", "--format", "json", "--set", url, "--set", "render=false"];
        [&base[..], more].concat()
    }

    fn url(&self) -> String {
        format!("url={}", self.site.url())
    }

    /// A run, at full speed unless told otherwise.
    fn run(&self, more: &[&str]) -> Answer {
        self.run_with(more, &[])
    }

    /// The same with variables in its environment.
    fn run_with(&self, more: &[&str], env: &[(&str, &str)]) -> Answer {
        let fast = ["--retry-backoff", "0.02"];
        let unhurried = ["--delay", "--rate-limit"].iter().any(|flag| more.contains(flag));
        let delay = if unhurried { &[][..] } else { &["--delay", "0"][..] };
        let url = self.url();
        self.desk.start_with(&Shop::args("run", &url, &[&fast[..], delay, more].concat()), env).end()
    }

    fn tag(&self, question: &[&str]) -> Vec<Value> {
        self.lines(&[&["tag"], question, &["--format", "ndjson"]].concat())
    }

    fn export(&self, kind: &str) -> Vec<Value> {
        self.lines(&["export", kind, "--format", "ndjson", "--to", "-"])
    }

    fn lines(&self, args: &[&str]) -> Vec<Value> {
        let answer = self.desk.call(args);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.stdout.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
    }
}

fn text(row: &Value, name: &str) -> String {
    row[name].as_str().unwrap_or_default().to_owned()
}

/// The other numbers of a run's summary.
fn new_rows(run: &Value, kind: &str) -> u64 {
    run["collected"]["by_kind"][kind]["new"].as_u64().unwrap_or(0)
}

/// A process of a runner in the folder.
fn runner_of(desk: &Desk) -> u32 {
    let entries = std::fs::read_dir("/proc").expect("processes can be listed");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let mut ours = pids.filter(|pid| {
        let folder = std::fs::read_link(format!("/proc/{pid}/cwd"));
        let args = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        folder.is_ok_and(|folder| folder == desk.folder.path()) && args.contains("\0runner\0")
    });
    ours.next().expect("a runner")
}

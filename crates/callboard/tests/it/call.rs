//! Calls the program in an empty folder of its own.

use std::process::{Command, Output};

use serde_json::Value;
use testkit::TempFolder;

/// A folder with a store in it, and the program.
pub struct Desk {
    pub folder: TempFolder,
}

/// What a call gave.
pub struct Answer {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Desk {
    pub fn new() -> Desk {
        Desk { folder: TempFolder::new() }
    }

    /// Calls `callboard` with these arguments in the folder.
    pub fn call(&self, args: &[&str]) -> Answer {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_callboard"))
            .args(args)
            .current_dir(self.folder.path())
            .env_remove("CALLBOARD_DB")
            .env_remove("EVENTBRITE_TOKEN")
            .env_remove("EVENTBRITE_API_KEY")
            .output()
            .expect("the program starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Answer { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
    }

    /// Collects and gives the summary object, whatever the outcome.
    pub fn collect(&self, args: &[&str]) -> Value {
        let answer = self.call(&[&["collect", "--format", "json"], args].concat());
        serde_json::from_str(&answer.stdout).unwrap_or_else(|error| {
            panic!("no summary ({error}); code {}\n{}\n{}", answer.code, answer.stdout, answer.stderr)
        })
    }

    /// The events that fit, as objects.
    pub fn events(&self, args: &[&str]) -> Vec<Value> {
        let answer = self.call(&[&["events", "--format", "ndjson"], args].concat());
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        answer.stdout.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
    }

    /// One row with its history.
    pub fn show(&self, id: &str) -> Value {
        let answer = self.call(&["show", id, "--format", "json"]);
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        serde_json::from_str(&answer.stdout).expect("one object")
    }
}

/// `new`, `changed`, `unchanged`, `quarantined`, `vanished` of a summary's events.
pub fn event_counts(summary: &Value) -> [u64; 5] {
    let event = &summary["by_kind"]["event"];
    ["new", "changed", "unchanged", "quarantined", "vanished"].map(|name| event[name].as_u64().unwrap_or(0))
}

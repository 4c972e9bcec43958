//! Calls the program in an empty folder of its own.

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::TempFolder;
use testkit::servers::stores_are_on;

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
        Answer::of(self.command(args).output().expect("the program starts"))
    }

    /// Starts `callboard` and goes on; when dropped it is ended.
    pub fn start(&self, args: &[&str]) -> Running {
        self.start_with(args, &[])
    }

    /// The same with variables in its environment.
    pub fn start_with(&self, args: &[&str], env: &[(&str, &str)]) -> Running {
        let mut command = self.command(args);
        command.envs(env.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Running(Some(command.spawn().expect("the program starts")))
    }

    /// The call, not made yet.
    pub fn command(&self, args: &[&str]) -> Command {
        self.command_of(env!("CARGO_BIN_EXE_callboard"), args)
    }

    /// A call of another program that is to find the same store.
    pub fn command_of(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path());
        for name in [
            "CALLBOARD_DB",
            "CALLBOARD_LANDING",
            "S3_BUCKET_NAME",
            "CALLBOARD_CACHE",
            "CALLBOARD_PERSONAL",
            "CALLBOARD_PERSONAL_KEY",
            "CALLBOARD_PERSONAL_KEY_OLD",
            "CALLBOARD_RETENTION_POLICY",
            "REDIS_URL",
            "EVENTBRITE_TOKEN",
            "EVENTBRITE_API_KEY",
            "PIPELINE_NAME",
            "PIPELINE_CONFIG",
        ] {
            command.env_remove(name);
        }
        match stores_are_on() {
            None => command.args(args),
            Some(url) => {
                let (args, file) = without_db(args);
                let folder = self.folder.path().file_name().unwrap_or_default().to_string_lossy();
                command.env("CALLBOARD_NAMESPACE", format!("{folder}.{file}")).env("DATABASE_URL", url);
                command.args(args)
            }
        };
        command
    }

    /// Whether the folder has a store by now.
    pub fn has_store(&self) -> bool {
        match stores_are_on() {
            None => self.folder.names().iter().any(|name| name == "callboard.db"),
            Some(_) => self.call(&["runs"]).code == 0,
        }
    }

    /// The one object that a call prints, and its exit code.
    pub fn object(&self, args: &[&str]) -> (i32, Value) {
        self.call(args).object()
    }

    /// A run as `runs` shows it.
    pub fn run(&self, id: &str) -> Value {
        self.object(&["runs", id, "--format", "json"]).1
    }

    /// The runs, newest first.
    pub fn runs(&self) -> Vec<Value> {
        let answer = self.call(&["runs", "--format", "ndjson"]);
        answer.stdout.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
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

/// The arguments without the file they name as the store, and that file. On a server, each file that a
/// test uses is a namespace.
fn without_db<'a>(args: &[&'a str]) -> (Vec<&'a str>, &'a str) {
    let mut args = args.to_vec();
    let Some(at) = args.iter().position(|arg| *arg == "--db") else { return (args, "callboard.db") };
    let file = args.get(at + 1).copied().unwrap_or_default();
    args.drain(at..(at + 2).min(args.len()));
    (args, file)
}

impl Answer {
    fn of(output: Output) -> Answer {
        let Output { status, stdout, stderr } = output;
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
        Answer { code: status.code().unwrap_or(-1), stdout: text(stdout), stderr: text(stderr) }
    }

    /// The one object on stdout, and the exit code.
    pub fn object(&self) -> (i32, Value) {
        let value = serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no object ({error}): {}{}", self.stdout, self.stderr));
        (self.code, value)
    }
}

/// A call that is under way.
pub struct Running(Option<Child>);

/// Nothing that a test waits for takes longer.
const LONGEST: Duration = Duration::from_secs(180);

impl Running {
    /// Sends it a signal: `INT`, `TERM`, `KILL`.
    pub fn signal(&self, name: &str) {
        let pid = self.0.as_ref().expect("it runs").id();
        let sent = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.0.as_mut().is_some_and(|child| child.try_wait().expect("it can be asked").is_some())
    }

    /// Waits for its end.
    pub fn end(mut self) -> Answer {
        let mut child = self.0.take().expect("it runs");
        let began = Instant::now();
        while child.try_wait().expect("it can be waited for").is_none() {
            if began.elapsed() > LONGEST {
                let _ = child.kill();
                let answer = Answer::of(child.wait_with_output().expect("its output"));
                panic!("it does not end: {}{}", answer.stdout, answer.stderr);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Answer::of(child.wait_with_output().expect("its output"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            // It may have ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until it holds.
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < LONGEST, "never: {what}");
        std::thread::sleep(Duration::from_millis(25));
    }
}

/// `new`, `changed`, `unchanged`, `quarantined`, `vanished` of a summary's events.
pub fn event_counts(summary: &Value) -> [u64; 5] {
    let event = &summary["by_kind"]["event"];
    ["new", "changed", "unchanged", "quarantined", "vanished"].map(|name| event[name].as_u64().unwrap_or(0))
}

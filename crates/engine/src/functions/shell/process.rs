//! A command as a process: its pipes are drained while it runs, within bounds, and whatever ends the
//! call ends it with everything it started; so does the end of this process, even by `kill -9`.

use std::io::ErrorKind;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, Command};

use crate::functions::Failure;

/// As much of the end of standard error is kept.
const STDERR_BYTES: usize = 4 << 10;
/// And so many lines of it are shown.
const STDERR_LINES: usize = 5;

/// Runs `command` to its end; gives what it printed. Dropping the future kills it.
pub(super) async fn run(
    mut command: Command,
    name: &str,
    stdin: Option<Vec<u8>>,
    most_bytes: usize,
) -> Result<Vec<u8>, Failure> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    // A group of its own, so that what it starts can be ended with it.
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| not_started(name, &error))?;
    let group = Group::of(child.id());
    let leash = group.leash();
    let (out, err, inn) = (child.stdout.take(), child.stderr.take(), child.stdin.take());
    let ended = async {
        let status = child.wait().await.map_err(|error| broken(name, &error))?;
        // What it left behind would hold the pipes open, and outlive the step.
        drop(group);
        drop(leash);
        Ok(status)
    };
    let (status, stdout, stderr, ()) =
        tokio::try_join!(ended, drain(out, name, most_bytes), last_of(err), feed(inn, stdin))?;
    match status.success() {
        true => Ok(stdout),
        false => Err(failed(name, status, &stderr)),
    }
}

/// A process and all it started; killed when dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(leader: Option<u32>) -> Group {
        Group(leader.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }

    /// A process in the group that ends it once nobody holds the other end of its standard input: so the
    /// command does not outlive a runner that was killed, to run beside its own next attempt. The group is
    /// there to join, as its leader has not been waited for. Where there is no `sh`, there is no leash.
    fn leash(&self) -> Option<Child> {
        let leader = self.0?.as_raw_nonzero().get();
        let mut watch = Command::new("sh");
        watch.args(["-c", "read -r _; kill -KILL 0"]).process_group(leader).kill_on_drop(true);
        watch.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        watch.spawn().inspect_err(|error| tracing::debug!(%error, "a command runs without a leash")).ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // Nothing is left of it: that is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

fn not_started(name: &str, error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => {
            Failure::input(format!("cannot run {name}: it is not there; check PATH and spelling"))
        }
        ErrorKind::PermissionDenied => Failure::input(format!("cannot run {name}: it may not be run")),
        _ => Failure::passing("command", format!("cannot run {name}: {error}")),
    }
}

fn broken(name: &str, error: &std::io::Error) -> Failure {
    Failure::passing("command", format!("{name}: {error}"))
}

fn failed(name: &str, status: ExitStatus, stderr: &str) -> Failure {
    use std::os::unix::process::ExitStatusExt as _;
    let how = match (status.code(), status.signal()) {
        (Some(code), _) => format!("ended with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "did not end as it should".to_owned(),
    };
    let said = if stderr.is_empty() { "and said nothing".to_owned() } else { format!("and said:\n{stderr}") };
    Failure::passing("exit", format!("{name} {how} {said}"))
}

/// Everything from a pipe, if it is no more than `most_bytes`.
async fn drain(
    pipe: Option<impl AsyncRead + Unpin>,
    name: &str,
    most_bytes: usize,
) -> Result<Vec<u8>, Failure> {
    let Some(pipe) = pipe else { return Ok(Vec::new()) };
    let mut bytes = Vec::new();
    let most = u64::try_from(most_bytes).unwrap_or(u64::MAX);
    pipe.take(most + 1).read_to_end(&mut bytes).await.map_err(|error| broken(name, &error))?;
    if bytes.len() > most_bytes {
        let message = format!("{name} printed more than {most_bytes} bytes: print less, or write a file");
        return Err(Failure::lasting("output", message));
    }
    Ok(bytes)
}

/// The last lines from a pipe; what comes before is read and dropped.
async fn last_of(pipe: Option<impl AsyncRead + Unpin>) -> Result<String, Failure> {
    let Some(mut pipe) = pipe else { return Ok(String::new()) };
    let (mut kept, mut piece) = (Vec::new(), [0; STDERR_BYTES]);
    // An error here is no reason to lose what the command did.
    while let Ok(read) = pipe.read(&mut piece).await {
        if read == 0 {
            break;
        }
        kept.extend_from_slice(&piece[..read]);
        kept.drain(..kept.len().saturating_sub(STDERR_BYTES));
    }
    let text = String::from_utf8_lossy(&kept);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    Ok(lines[lines.len().saturating_sub(STDERR_LINES)..].join("\n"))
}

/// Hands over the input. A command need not read it.
async fn feed(pipe: Option<ChildStdin>, stdin: Option<Vec<u8>>) -> Result<(), Failure> {
    if let (Some(mut pipe), Some(stdin)) = (pipe, stdin) {
        let _ = pipe.write_all(&stdin).await;
        let _ = pipe.shutdown().await;
    }
    Ok(())
}

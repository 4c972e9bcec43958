//! One browser: started, spoken to, ended. It ends by itself when its pipe closes, so none is left behind.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use tokio::process::{Child, Command};

use super::super::FetchError;
use super::super::host::lock;
use super::pipe::Pipe;
use super::{RenderOptions, find, leftovers, memory};

/// What it is started with: no screen, nothing of its own accord, no way out but through us.
const FLAGS: [&str; 25] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-component-update",
    "--disable-background-networking",
    "--disable-client-side-phishing-detection",
    "--disable-default-apps",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-ipc-flooding-protection",
    "--disable-features=Translate,MediaRouter,OptimizationHints,IsolateOrigins,site-per-process",
    // Whether a page may ask another host is ours to say: everything it asks for comes to us.
    "--disable-web-security",
    "--mute-audio",
    "--hide-scrollbars",
    "--metrics-recording-only",
    "--js-flags=--max-old-space-size=512",
    // What would not come to us leads nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--proxy-server=socks5://127.0.0.1:1",
    "--proxy-bypass-list=<-loopback>",
];

/// It reads commands on descriptor 3 and answers on 4.
const ON_PIPES: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null";
const START: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Browser {
    pub pipe: Pipe,
    pid: Option<u32>,
    child: Mutex<Child>,
    pages: AtomicU32,
    /// Its profile; goes with it.
    _folder: Folder,
}

impl Browser {
    pub async fn start(options: &RenderOptions) -> Result<Browser, FetchError> {
        let program = find::program(options.program.as_deref()).map_err(FetchError::NoBrowser)?;
        let fault =
            |why: String| FetchError::NoBrowser(format!("{} cannot be used: {why}", program.display()));
        let folder = Folder::new().map_err(|error| fault(format!("no folder for its profile: {error}")))?;
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(ON_PIPES).arg(&program).args(FLAGS);
        command.arg(format!("--user-data-dir={}", folder.0.display()));
        if is_root() {
            // Its own sandbox refuses to work for root.
            command.arg("--no-sandbox");
        }
        command.arg("about:blank").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.kill_on_drop(true).spawn().map_err(|error| fault(error.to_string()))?;
        let (Some(outgoing), Some(incoming)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(fault("it has no pipes".to_owned()));
        };
        let browser = Browser {
            pipe: Pipe::new(outgoing, incoming),
            pid: child.id(),
            child: Mutex::new(child),
            pages: AtomicU32::new(0),
            _folder: folder,
        };
        let version = browser.pipe.call(None, "Browser.getVersion", json!({}), START).await;
        let version = version.map_err(|why| fault(format!("{why}; `callboard doctor` looks into it")))?;
        tracing::debug!(product = version["product"].as_str(), "a browser was started");
        let deny = json!({"behavior": "deny"});
        // Older ones do not know it; then a download merely fails.
        let _ = browser.pipe.call(None, "Browser.setDownloadBehavior", deny, START).await;
        Ok(browser)
    }

    pub fn is_alive(&self) -> bool {
        self.pipe.is_open()
    }

    /// Counts a page that was shown; gives how many there were.
    pub fn count_page(&self) -> u32 {
        self.pages.fetch_add(1, Ordering::Relaxed) + 1
    }

    pub fn memory_mb(&self) -> Option<u64> {
        memory::tree_mb(self.pid?)
    }

    pub fn kill(&self) {
        // It may have ended already.
        let _ = lock(&self.child).start_kill();
    }
}

/// Told from the owner of what this process is; other systems have no such rule.
fn is_root() -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata("/proc/self").is_ok_and(|about| about.uid() == 0)
    }
    #[cfg(not(unix))]
    false
}

/// A folder that is deleted when dropped.
#[derive(Debug)]
struct Folder(PathBuf);

impl Folder {
    fn new() -> std::io::Result<Folder> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let all = std::env::temp_dir();
        if number == 0 {
            leftovers::remove(&all, leftovers::AGE);
        }
        let path: PathBuf = all.join(format!("{}{}-{number}", leftovers::PREFIX, std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// The browser may still be writing while it ends: what is left then is a few files in a folder for such.
fn remove(path: &Path) {
    for _ in 0..3 {
        if std::fs::remove_dir_all(path).is_ok() {
            return;
        }
    }
}

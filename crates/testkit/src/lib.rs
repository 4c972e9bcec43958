//! For tests alone: where the recorded documents and the real servers are, and saying loudly when they
//! are not.
#![allow(clippy::print_stderr, reason = "tests speak on stderr")]

pub mod proxy;
pub mod redis;
pub mod servers;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The folder that holds recorded data and facts: `../shared` beside the repository.
fn shared() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    root.join("../shared")
}

/// A recorded file or folder (`data/ics`). `None` where the recordings are absent: the caller
/// returns, and the line on stderr is counted by `./test`.
pub fn recorded(path: &str) -> Option<PathBuf> {
    let full = shared().join(path);
    if full.exists() {
        return Some(full);
    }
    eprintln!("SKIPPED: recorded {path} is absent (expected at {})", full.display());
    None
}

/// The bytes of a recorded file, or `None` as [`recorded`] says.
pub fn recorded_bytes(path: &str) -> Option<Vec<u8>> {
    let full = recorded(path)?;
    Some(std::fs::read(&full).unwrap_or_else(|error| panic!("cannot read {}: {error}", full.display())))
}

/// The files of a recorded folder whose names end in one of `endings`, sorted by name.
pub fn recorded_files(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let Some(folder) = recorded(folder) else { return Vec::new() };
    let entries = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    files.retain(|path| endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)));
    files.sort();
    files
}

/// An empty folder of its own, gone when dropped.
pub struct TempFolder(PathBuf);

impl TempFolder {
    /// A new folder.
    pub fn new() -> TempFolder {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("callboard-test-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path)
            .unwrap_or_else(|error| panic!("cannot make {}: {error}", path.display()));
        TempFolder(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file into it; folders on the way are made.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        let written = std::fs::create_dir_all(path.parent().unwrap_or(&self.0))
            .and_then(|()| std::fs::write(&path, content));
        written.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }

    /// Names of what is in it, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap_or_else(|error| panic!("cannot list: {error}"));
        let mut names: Vec<String> = entries
            .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
            .collect();
        names.sort();
        names
    }
}

impl Default for TempFolder {
    fn default() -> Self {
        TempFolder::new()
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // What cannot be removed is the temporary folder's business.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

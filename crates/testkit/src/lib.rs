//! For tests alone: where the recorded documents are, and saying loudly when they are not.
#![allow(clippy::print_stderr, reason = "tests speak on stderr")]

use std::path::{Path, PathBuf};

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

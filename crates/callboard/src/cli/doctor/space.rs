//! How much room there is where something is written.

use std::path::Path;

/// Bytes that are free where `path` is or would be; `None` where that cannot be told.
pub fn free(path: &Path) -> Option<u64> {
    // What is not there yet comes into the nearest folder that is.
    let there = path.ancestors().find(|folder| folder.exists());
    let there = there.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    of(there)
}

#[cfg(unix)]
fn of(path: &Path) -> Option<u64> {
    let space = rustix::fs::statvfs(path).ok()?;
    Some(space.f_bavail.saturating_mul(space.f_frsize))
}

#[cfg(not(unix))]
fn of(_: &Path) -> Option<u64> {
    None
}

/// Less than this is told to be little.
pub const LITTLE: u64 = 1_000_000_000;

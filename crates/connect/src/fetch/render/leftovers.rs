//! Profiles of browsers whose process was killed: nobody deleted them. The next process that renders does.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// What the folders of profiles are called, before the id of their process.
pub const PREFIX: &str = "callboard-browser-";

/// Younger ones are left alone: their process may be one that is not seen from here, in another container.
pub const AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// Removes the profiles in `all` that were last written to so long ago, and whose process is gone. What
/// cannot be read or removed is somebody else's.
pub fn remove(all: &Path, age: Duration) {
    let Ok(entries) = fs::read_dir(all) else { return };
    for entry in entries.filter_map(Result::ok) {
        let Some(process) = entry.file_name().to_str().and_then(process_of) else { continue };
        let written = entry.metadata().and_then(|about| about.modified()).ok();
        let is_old = written.and_then(|at| at.elapsed().ok()).is_some_and(|old| old >= age);
        if is_old && !Path::new("/proc").join(process.to_string()).exists() {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn process_of(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_profiles_of_processes_that_are_gone_are_removed() {
        let folder = testkit::TempFolder::new();
        let own = format!("{PREFIX}{}-0", std::process::id());
        let gone = format!("{PREFIX}{}-0", u32::MAX);
        for name in [own.as_str(), gone.as_str(), "something-else"] {
            folder.write(&format!("{name}/file"), "x");
        }
        remove(folder.path(), AGE);
        assert!(folder.path().join(&gone).exists(), "it is young");
        remove(folder.path(), Duration::ZERO);
        assert!(!folder.path().join(&gone).exists());
        assert!(folder.path().join(&own).exists() && folder.path().join("something-else").exists());
    }
}

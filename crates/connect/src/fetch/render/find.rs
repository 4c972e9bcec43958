//! Where a browser is on this machine, and which.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

/// Where they usually are; the small ones without a screen come first.
const NAMES: [&str; 6] = [
    "chromium-headless-shell",
    "chrome-headless-shell",
    "chromium",
    "chromium-browser",
    "google-chrome-stable",
    "google-chrome",
];
/// The oldest that was tried.
const OLDEST: u32 = 120;
/// What to do where there is none.
const INSTALL: &str =
    "install one (Debian: apt-get install chromium-headless-shell) or name it with the setting `browser`";

/// A browser that can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrowserFound {
    /// The program.
    pub program: PathBuf,
    /// What it says of itself.
    pub version: String,
}

/// The program to use: the one that is named, or the first that is there.
pub(super) fn program(named: Option<&Path>) -> Result<PathBuf, String> {
    if let Some(named) = named {
        return match named.components().count() > 1 {
            true if named.is_file() => Ok(named.to_owned()),
            true => Err(format!("there is no browser {}; {INSTALL}", named.display())),
            false => on_path(&named.to_string_lossy())
                .ok_or_else(|| format!("there is no browser {} on the path; {INSTALL}", named.display())),
        };
    }
    NAMES.iter().find_map(|name| on_path(name)).ok_or_else(|| format!("there is no browser here; {INSTALL}"))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

/// Finds the browser that rendering would use and asks for its version; the error says what to do.
pub async fn find_browser(named: Option<&Path>) -> Result<BrowserFound, String> {
    let program = program(named)?;
    let mut command = Command::new(&program);
    command.arg("--version").stdin(Stdio::null()).kill_on_drop(true);
    let asked = tokio::time::timeout(Duration::from_secs(20), command.output()).await;
    let fault = |why: String| format!("{} cannot be started: {why}; {INSTALL}", program.display());
    let output = match asked {
        Ok(output) => output.map_err(|error| fault(error.to_string()))?,
        Err(_) => return Err(fault("it does not answer".to_owned())),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let version = said.lines().find(|line| major(line).is_some()).unwrap_or_default().trim().to_owned();
    match major(&version) {
        None => Err(fault(
            String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("it says no version").to_owned(),
        )),
        Some(major) if major < OLDEST => {
            Err(format!("{version} is too old: rendering needs version {OLDEST} or newer; {INSTALL}"))
        }
        Some(_) => Ok(BrowserFound { program, version }),
    }
}

/// The first number of "Chromium 148.0.7778.167 built on Debian".
fn major(version: &str) -> Option<u32> {
    version.split_whitespace().find_map(|word| word.split_once('.')?.0.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(major("Chromium 148.0.7778.167 built on Debian GNU/Linux 12"), Some(148));
        assert_eq!(major("Google Chrome for Testing 120.0.6099.109"), Some(120));
        assert_eq!(major("no such thing"), None);
    }

    #[test]
    fn one_that_is_not_there_is_explained() {
        let told = program(Some(Path::new("/nowhere/chromium"))).expect_err("it is not there");
        assert!(told.contains("apt-get install chromium-headless-shell"), "{told}");
    }
}

//! How far a consumer has read: a number in a file, or a cursor in the store. It is kept after what it
//! covers has been handed over, so a consumer that is killed is told some of it again, and never misses any.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use store::{MovedCursor, Store};

use crate::clock;
use crate::output::say;

/// Where it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    /// Nowhere.
    None,
    /// In this file.
    File(PathBuf),
    /// In the store, under this name.
    Group(String),
}

impl Mark {
    pub fn of(file: Option<&Path>, group: Option<&str>) -> Mark {
        match (file, group) {
            (Some(file), _) => Mark::File(file.to_owned()),
            (None, Some(group)) => Mark::Group(group.to_owned()),
            (None, None) => Mark::None,
        }
    }

    /// The number that was kept; `None` the first time, when `since` is kept: from then on a cursor in the
    /// store holds what it has not read.
    pub async fn start(&self, store: &Store, since: Option<i64>) -> Result<Option<i64>> {
        let known = match self {
            Mark::None => return Ok(None),
            Mark::File(path) => read(path)?,
            Mark::Group(name) => store.change_cursor(name).await?,
        };
        match known {
            None => self.keep(store, since.unwrap_or(0)).await?,
            Some(seq) => {
                if since.is_some_and(|since| since != seq) {
                    say(&format!(
                        "going on after change {seq}, where the cursor is; --since is for its first use"
                    ));
                }
                warn_beyond(store, "the cursor", seq).await?;
            }
        }
        Ok(known)
    }

    /// Keeps that all up to `seq` was handed over.
    pub async fn keep(&self, store: &Store, seq: i64) -> Result<()> {
        match self {
            Mark::None => Ok(()),
            Mark::File(path) => {
                write(path, seq).with_context(|| format!("cannot keep the cursor in {}", path.display()))
            }
            Mark::Group(name) => Ok(store.move_change_cursor(name, MovedCursor::Read(seq), clock()).await?),
        }
    }
}

/// Tells whoever goes on after a number that the log has not come to: nothing would ever be new to them.
pub async fn warn_beyond(store: &Store, what: &str, seq: i64) -> Result<()> {
    let head = store.last_change().await?;
    if seq > head {
        say(&format!(
            "warning: {what} is at change {seq}, and the log ends at {head}: is it that of another store?"
        ));
    }
    Ok(())
}

fn read(path: &Path) -> Result<Option<i64>> {
    match std::fs::read_to_string(path) {
        Ok(text) => text.trim().parse().map(Some).with_context(|| {
            format!("{} holds no number of a change; delete it to begin anew", path.display())
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read the cursor {}", path.display())),
    }
}

/// In a file of its own first, which then takes the place: whoever reads finds the old number or the new.
fn write(path: &Path, seq: i64) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let mut file = std::fs::File::create(&beside)?;
    writeln!(file, "{seq}")?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}

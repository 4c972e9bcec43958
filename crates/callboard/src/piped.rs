//! What comes on standard input, as a file for as long as it is read: `collect -`.

use std::fs::{self, OpenOptions};
use std::io::{self, IsTerminal as _, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use anyhow::{Context, Result};
use engine::collect::Input;

use crate::output::usage;

/// What it is called in the store: the next one under this name is a newer copy of it.
const NAME: &str = "standard-input";

/// A folder that is gone when this is dropped.
pub struct Piped {
    folder: PathBuf,
}

impl Piped {
    /// Takes in standard input to its end; no more than `most` bytes of it.
    pub fn take(most: u64) -> Result<Piped> {
        let mut input = io::stdin().lock();
        if input.is_terminal() {
            return Err(usage("`-` is standard input: pipe something into it, or name a file"));
        }
        let folder = std::env::temp_dir().join(format!("callboard-{}", std::process::id()));
        let made = fs::DirBuilder::new().mode(0o700).create(&folder);
        made.with_context(|| format!("cannot make {}", folder.display()))?;
        let piped = Piped { folder };
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(piped.path());
        let taken = file.and_then(|mut file| io::copy(&mut input.by_ref().take(most + 1), &mut file));
        if taken.context("cannot take in standard input")? > most {
            return Err(usage(format!("standard input is longer than {most} bytes (max_bytes)")));
        }
        Ok(piped)
    }

    /// As what it is collected.
    pub fn input(&self) -> Input {
        Input::File { path: self.path(), name: NAME.to_owned() }
    }

    fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }
}

impl Drop for Piped {
    fn drop(&mut self) {
        // What stays in a folder for what is temporary does no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

//! What is there only since a store was opened, so that what fails then can take it away again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Address, OpenOptions};
use crate::LandingSpec;

/// What lies beside a database while it is open, or stays there.
const BESIDE: [&str; 5] = ["", "-wal", "-shm", "-next", "-turn"];

/// Files and folders that are not there yet, and that opening a store and filling it makes.
#[derive(Debug)]
pub struct Fresh {
    database: Option<PathBuf>,
    landing: Option<PathBuf>,
}

impl Fresh {
    /// What opening a store at an address would make. On a server, only its landing is looked at.
    pub fn before(at: &Address, options: &OpenOptions) -> Fresh {
        let landing = match &options.landing {
            None => Some(at.landing_folder()),
            Some(LandingSpec::Folder(folder)) => Some(folder.clone()),
            Some(LandingSpec::S3(_)) => None,
        };
        let database = match at {
            Address::File(path) => Some(path.clone()),
            Address::Server(_) => None,
        };
        let absent = |path: &PathBuf| !path.exists();
        Fresh { database: database.filter(absent), landing: landing.filter(absent) }
    }

    /// Takes away what was made since. The store is closed.
    pub fn remove(&self) -> io::Result<()> {
        if let Some(path) = &self.database {
            for beside in BESIDE {
                let mut file = path.as_os_str().to_owned();
                file.push(beside);
                gone(fs::remove_file(file))?;
            }
        }
        self.landing.as_deref().map_or(Ok(()), |folder: &Path| gone(fs::remove_dir_all(folder)))
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

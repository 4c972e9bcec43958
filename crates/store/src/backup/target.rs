//! Where a backup goes. Whoever looks there sees nothing, or the one before, until the new one is whole.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::{S3Object, StoreError, Upload};

/// Where a backup is to go.
pub enum BackupTarget {
    /// Into a file; the folder is made where there is none.
    File(PathBuf),
    /// As it comes.
    Stream(Box<dyn Write + Send>),
    /// Into an object.
    Object(S3Object),
}

/// An open target.
pub(super) enum Sink {
    File(PartFile),
    Stream(Box<dyn Write + Send>),
    Object(Upload),
}

/// A file that is written beside its place, and gone unless it is put there.
pub(super) struct PartFile {
    path: PathBuf,
    part: PathBuf,
    file: File,
    put: bool,
}

impl Sink {
    pub(super) fn open(target: BackupTarget) -> Result<Sink, StoreError> {
        Ok(match target {
            BackupTarget::File(path) => Sink::File(PartFile::create(path)?),
            BackupTarget::Stream(out) => Sink::Stream(out),
            BackupTarget::Object(object) => Sink::Object(object.write()?),
        })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        match self {
            Sink::File(part) => part.file.write_all(bytes).map_err(|error| not_written(&part.path, &error)),
            Sink::Stream(out) => out.write_all(bytes).map_err(|error| not_written(Path::new("-"), &error)),
            Sink::Object(upload) => upload.write(bytes).await,
        }
    }

    pub(super) async fn finish(self) -> Result<(), StoreError> {
        match self {
            Sink::File(part) => part.put(),
            Sink::Stream(mut out) => out.flush().map_err(|error| not_written(Path::new("-"), &error)),
            Sink::Object(upload) => upload.finish().await,
        }
    }
}

impl PartFile {
    fn create(path: PathBuf) -> Result<PartFile, StoreError> {
        if path.exists() && !path.is_file() {
            return Err(StoreError::Question(format!("{} is not a file; name one in it", path.display())));
        }
        let mut part = path.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        // What is there is not cut off before it is known that nobody else writes it.
        let open = || File::options().write(true).create(true).truncate(false).open(&part);
        let made = folder.map_or(Ok(()), std::fs::create_dir_all).and_then(|()| open());
        let file = made.map_err(|error| not_written(&path, &error))?;
        if file.try_lock().is_err() {
            return Err(StoreError::Question(format!(
                "another backup is being written to {}",
                path.display()
            )));
        }
        file.set_len(0).map_err(|error| not_written(&path, &error))?;
        Ok(PartFile { path, part, file, put: false })
    }

    /// Also after a loss of power there is the old file or the new one.
    fn put(mut self) -> Result<(), StoreError> {
        let put = self.file.sync_all().and_then(|()| std::fs::rename(&self.part, &self.path));
        put.map_err(|error| not_written(&self.path, &error))?;
        self.put = true;
        Ok(())
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.put {
            // What is left of it is in nobody's way.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

fn not_written(path: &Path, error: &std::io::Error) -> StoreError {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::DiskFull { path },
        _ => StoreError::NotWritable { path, reason: error.to_string() },
    }
}

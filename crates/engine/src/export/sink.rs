//! Where bytes go. A file is written beside its place and put there when it is whole; notes beside it say
//! how far it is, so that an export which was stopped goes on. An object in a bucket is there once it is whole.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use store::{Extent, S3Object, Upload};

use super::state::{self, Mark, Notes};
use super::{ExportError, Reached, Wanted};

/// Where an export is to go.
pub enum Target {
    /// As it comes.
    Stream(Box<dyn Write + Send>),
    /// Into a file, from the beginning, which can be gone on with; `resume`: from where it was left.
    Resumable {
        /// The file.
        path: PathBuf,
        /// Go on with what was left, if anything was.
        resume: bool,
    },
    /// Into a file or nothing: what is left of it is removed.
    Whole(PathBuf),
    /// Into an object or nothing.
    Object(S3Object),
    /// Nowhere, only to count.
    Nowhere,
}

/// An open target.
pub enum Sink {
    /// As it comes.
    Stream(Box<dyn Write + Send>),
    /// A file.
    File(PartFile),
    /// An object.
    Object(Upload),
    /// Nowhere.
    Nowhere,
}

/// A file that is being written beside its place.
pub struct PartFile {
    path: PathBuf,
    part: PathBuf,
    file: File,
    notes: Option<Notes>,
    done: bool,
}

/// A sink, and what it already holds.
pub(super) struct Opened {
    pub(super) sink: Sink,
    pub(super) extent: Extent,
    pub(super) reached: Reached,
    /// What the encoder noted so far.
    pub(super) notes: Vec<String>,
}

impl Sink {
    pub(super) fn open(target: Target, wanted: &Wanted, extent: Extent) -> Result<Opened, ExportError> {
        let fresh = |sink| Opened { sink, extent, reached: Reached::nothing(), notes: Vec::new() };
        Ok(match target {
            Target::Stream(out) => fresh(Sink::Stream(out)),
            Target::Nowhere => fresh(Sink::Nowhere),
            Target::Object(object) => fresh(Sink::Object(object.write()?)),
            Target::Whole(path) => {
                let part = beside(&path, &format!(".{}-{}.part", std::process::id(), next()));
                fresh(Sink::File(PartFile::create(path, part)?))
            }
            Target::Resumable { path, resume } => return PartFile::resumable(path, resume, wanted, extent),
        })
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        match self {
            Sink::Stream(out) => out.write_all(bytes).map_err(|error| not_written("the output", error)),
            Sink::File(part) => part.file.write_all(bytes).map_err(|error| wrote(&part.path, error)),
            Sink::Object(upload) => Ok(upload.write(bytes).await?),
            Sink::Nowhere => Ok(()),
        }
    }

    /// What was written so far is complete up to here.
    pub(super) fn mark(&mut self, mark: impl FnOnce() -> Mark) -> Result<(), ExportError> {
        match self {
            Sink::File(PartFile { notes: Some(notes), path, .. }) => {
                notes.add(&mark()).map_err(|error| wrote(path, error))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn finish(self) -> Result<(), ExportError> {
        match self {
            Sink::Stream(mut out) => out.flush().map_err(|error| not_written("the output", error)),
            Sink::File(part) => part.put(),
            Sink::Object(upload) => Ok(upload.finish().await?),
            Sink::Nowhere => Ok(()),
        }
    }
}

impl PartFile {
    fn create(path: PathBuf, part: PathBuf) -> Result<PartFile, ExportError> {
        if path.exists() && !path.is_file() {
            return Err(ExportError::Usage(format!("{} is not a file; give a path in it", path.display())));
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let made = std::fs::create_dir_all(folder).and_then(|()| open_part(&part));
        let file = made.map_err(|error| wrote(&path, error))?;
        if file.try_lock().is_err() {
            return Err(ExportError::Usage(format!("another export is writing {}", path.display())));
        }
        Ok(PartFile { path, part, file, notes: None, done: false })
    }

    fn resumable(
        path: PathBuf,
        resume: bool,
        wanted: &Wanted,
        extent: Extent,
    ) -> Result<Opened, ExportError> {
        let (part, beside_it) = (beside(&path, ".part"), beside(&path, ".part.state"));
        let left = part.exists() && beside_it.exists();
        let mut file = PartFile::create(path, part)?;
        // What is left of it stays for the next time, also when this fails.
        file.done = true;
        let io = |error| wrote(&file.path, error);
        if resume && left {
            let found = state::read(&beside_it, wanted, extent)?;
            let (reached, notes, lines) = state::verified(&mut file.file, found.marks).map_err(io)?;
            state::at_end(&mut file.file, reached.bytes).map_err(io)?;
            file.notes = Some(Notes::go_on(&beside_it, found.head_bytes, lines).map_err(io)?);
            return Ok(Opened { sink: Sink::File(file), extent: found.extent, reached, notes });
        }
        file.file.set_len(0).map_err(io)?;
        file.notes = Some(Notes::begin(&beside_it, wanted, extent).map_err(io)?);
        Ok(Opened { sink: Sink::File(file), extent, reached: Reached::nothing(), notes: Vec::new() })
    }

    /// Whoever reads sees the old file or the new one, also after a loss of power.
    fn put(mut self) -> Result<(), ExportError> {
        let put = self.file.sync_all().and_then(|()| std::fs::rename(&self.part, &self.path));
        put.map_err(|error| wrote(&self.path, error))?;
        self.done = true;
        if let Some(notes) = self.notes.take() {
            // Notes on a file that is not there any more are in nobody's way.
            let _ = notes.remove();
        }
        Ok(())
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if !self.done {
            // What is left of it is in nobody's way.
            let _ = std::fs::remove_file(&self.part);
        }
    }
}

/// What is there is not cut off before it is known that nobody else writes it.
fn open_part(part: &Path) -> std::io::Result<File> {
    File::options().read(true).write(true).create(true).truncate(false).open(part)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// The same export tried again, by whoever, takes another name.
fn next() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn wrote(path: &Path, error: std::io::Error) -> ExportError {
    not_written(&path.display().to_string(), error)
}

fn not_written(to: &str, source: std::io::Error) -> ExportError {
    ExportError::Write { to: to.to_owned(), source }
}

impl ExportError {
    /// The same, with the name that the user knows the output by.
    pub(crate) fn told_as(self, name: &str) -> ExportError {
        match self {
            ExportError::Write { source, .. } => ExportError::Write { to: name.to_owned(), source },
            error => error,
        }
    }

    /// True when trying again another time may help.
    pub fn may_pass(&self) -> bool {
        use ErrorKind::{IsADirectory, NotADirectory, PermissionDenied, ReadOnlyFilesystem};
        match self {
            ExportError::Write { source, .. } => {
                !matches!(source.kind(), PermissionDenied | ReadOnlyFilesystem | IsADirectory | NotADirectory)
            }
            _ => false,
        }
    }
}

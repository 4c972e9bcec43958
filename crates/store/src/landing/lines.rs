//! Changing lines of the index: those of bodies that were removed say so, and what may not be kept goes.
//!
//! A file in a folder may be open for appending in another process, so it is never written anew: a line is
//! made shorter where it stands, and filled up with blanks. In a bucket each object is written once, by one
//! process, and can be replaced.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};

use bytes::Bytes;
use chrono::{Days, NaiveDate, Utc};
use futures::TryStreamExt as _;
use model::SourceName;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore as _, ObjectStoreExt as _, PutPayload};
use serde_json::Value;

use super::bucket::Bucket;
use super::folder::Folder;
use super::index::Shelf;
use super::{Landing, Place, aside};
use crate::StoreError;

/// What is to become of a line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Amend {
    Keep,
    Drop,
    /// It says less.
    Become(Value),
}

impl Landing {
    /// The files of the index, of one source or all of them.
    pub(crate) async fn index_files(&self, source: Option<&SourceName>) -> Result<Vec<String>, StoreError> {
        let below = source.map_or_else(|| "index".to_owned(), Shelf::folder);
        match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                aside(move || folder.files_below(&below)).await
            }
            Place::Bucket(bucket) => bucket.files_below(&below).await,
            Place::Memory { .. } | Place::Rehearsal(_) => Ok(Vec::new()),
        }
    }

    /// Changes the lines of a file of the index; gives how many. One in which nothing is left, of a day that is
    /// over, is deleted.
    pub(crate) async fn amend(
        &self,
        file: &str,
        mut with: impl FnMut(&Value) -> Amend,
    ) -> Result<u64, StoreError> {
        let Some(content) = self.read_file(file).await? else { return Ok(0) };
        let (mut text, mut changed, mut left) = (Vec::with_capacity(content.len()), 0, false);
        for line in content.split_inclusive(|byte| *byte == b'\n') {
            let said = serde_json::from_slice(line).ok();
            match said.as_ref().map_or(Amend::Keep, &mut with) {
                Amend::Keep => {
                    text.extend_from_slice(line);
                    left |= said.is_some();
                }
                amend => {
                    let start = text.len();
                    if let Amend::Become(said) = amend {
                        text.extend_from_slice(said.to_string().as_bytes());
                        left = true;
                    }
                    let length = line.len() - 1;
                    // Longer it never is: it says less. Were it, it would go.
                    if text.len() - start > length {
                        text.truncate(start);
                    }
                    text.resize(start + length, b' ');
                    text.push(b'\n');
                    changed += 1;
                }
            }
        }
        if changed > 0 {
            self.replace_file(file, text, !left && is_over(file)).await?;
        }
        Ok(changed)
    }

    async fn read_file(&self, file: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match &self.place {
            Place::Folder(folder) => {
                let (folder, file) = (folder.clone(), file.to_owned());
                aside(move || folder.read_file(&file)).await
            }
            Place::Bucket(bucket) => bucket.read_file(file).await,
            Place::Memory { .. } | Place::Rehearsal(_) => Ok(None),
        }
    }

    async fn replace_file(&self, file: &str, text: Vec<u8>, delete: bool) -> Result<(), StoreError> {
        match &self.place {
            Place::Folder(folder) => {
                let (folder, file) = (folder.clone(), file.to_owned());
                aside(move || folder.overwrite(&file, &text, delete)).await
            }
            Place::Bucket(bucket) => bucket.replace_file(file, text, delete).await,
            Place::Memory { .. } | Place::Rehearsal(_) => Ok(()),
        }
    }
}

/// Whether a file is of a day for which nobody lands any more.
fn is_over(file: &str) -> bool {
    let day = file.split('/').nth(2).and_then(|day| day.parse::<NaiveDate>().ok());
    #[expect(
        clippy::disallowed_methods,
        reason = "what is still being written is so by the clock of this machine"
    )]
    let today = Utc::now().date_naive();
    day.zip(today.checked_sub_days(Days::new(1))).is_some_and(|(day, yesterday)| day < yesterday)
}

impl Folder {
    fn files_below(&self, below: &str) -> Result<Vec<String>, StoreError> {
        let (mut files, mut folders) = (Vec::new(), vec![self.path().join(below)]);
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                entries => entries.map_err(|error| self.cannot_read(&error))?,
            };
            for entry in entries {
                let path = entry.map_err(|error| self.cannot_read(&error))?.path();
                match path.is_dir() {
                    true => folders.push(path),
                    false => files.extend(
                        path.strip_prefix(self.path()).ok().map(|file| file.to_string_lossy().into_owned()),
                    ),
                }
            }
        }
        files.sort();
        Ok(files)
    }

    fn read_file(&self, file: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(self.path().join(file)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some).map_err(|error| self.cannot_read(&error)),
        }
    }

    /// What was appended meanwhile stays.
    fn overwrite(&self, file: &str, text: &[u8], delete: bool) -> Result<(), StoreError> {
        let path = self.path().join(file);
        let write = || {
            if delete {
                return fs::remove_file(&path);
            }
            let mut file = fs::File::options().write(true).open(&path)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(text)?;
            file.sync_all()
        };
        write().map_err(|error| self.cannot_write(&error))
    }
}

impl Bucket {
    async fn files_below(&self, below: &str) -> Result<Vec<String>, StoreError> {
        let listed = self.store.list(Some(&Path::from(below))).try_collect::<Vec<ObjectMeta>>().await;
        let listed = listed.map_err(|error| self.fault(error))?;
        Ok(listed.into_iter().map(|meta| meta.location.to_string()).collect())
    }

    async fn read_file(&self, file: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(got) = self.unless_absent(self.store.get(&Path::from(file)).await)? else { return Ok(None) };
        Ok(Some(got.bytes().await.map_err(|error| self.fault(error))?.to_vec()))
    }

    async fn replace_file(&self, file: &str, text: Vec<u8>, delete: bool) -> Result<(), StoreError> {
        let path = Path::from(file);
        let done = match delete {
            true => self.store.delete(&path).await,
            false => {
                let content = PutPayload::from_bytes(Bytes::from(text));
                self.store.put(&path, content).await.map(drop)
            }
        };
        done.map_err(|error| self.fault(error))
    }
}

//! What the user points at: addresses, files, folders; each becomes requests and document names.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use thiserror::Error;
use url::Url;

/// One thing to collect from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A web address.
    Url(Url),
    /// A file on this machine. `name` identifies it across runs: its path below the folder the user
    /// named, or its own name, so that a newer copy elsewhere counts as the same calendar.
    File {
        /// Where it is.
        path: PathBuf,
        /// What it is called in the store.
        name: String,
    },
}

/// Why an input cannot be collected from.
#[derive(Debug, Error)]
pub enum InputError {
    /// No such file or folder.
    #[error("{0}: no such file or folder, and not a web address; addresses begin with http:// or https://")]
    NotFound(String),
    /// An address of a kind that is not fetched.
    #[error("{address}: addresses of the kind `{scheme}:` are not fetched; use http, https or webcal")]
    Scheme {
        /// As given.
        address: String,
        /// Its scheme.
        scheme: String,
    },
    /// A folder without a single file.
    #[error("{0}: the folder holds no files")]
    EmptyFolder(String),
    /// Too many files.
    #[error("{folder}: more than {limit} files; collect from its subfolders one by one")]
    TooMany {
        /// The folder.
        folder: String,
        /// The bound.
        limit: usize,
    },
    /// The file system said no.
    #[error("cannot read {path}: {error}")]
    Read {
        /// Where.
        path: String,
        /// What it said.
        error: std::io::Error,
    },
}

/// Most files a folder is searched for.
const FILES_MAX: usize = 100_000;

/// Resolves what the user typed. Folders are searched through, in name order; hidden files, companion
/// notes (`*.meta.json`, `SOURCES.md` and the like) and what callboard itself keeps there stay out.
pub fn resolve(texts: &[String]) -> Result<Vec<Input>, InputError> {
    let mut inputs = Vec::new();
    for text in texts {
        match address(text)? {
            Some(url) => inputs.push(Input::Url(url)),
            None => from_path(text, &mut inputs)?,
        }
    }
    tell_apart(&mut inputs);
    Ok(inputs)
}

/// The address `text` stands for; `None` when it is a path. `webcal:` means https, as calendar
/// programs read it.
fn address(text: &str) -> Result<Option<Url>, InputError> {
    if Path::new(text).exists() {
        return Ok(None);
    }
    let Some((scheme, rest)) = text.split_once("://") else { return Ok(None) };
    let text = match scheme.to_ascii_lowercase().as_str() {
        "http" | "https" => text.to_owned(),
        "webcal" | "webcals" => format!("https://{rest}"),
        other => return Err(InputError::Scheme { address: text.to_owned(), scheme: other.to_owned() }),
    };
    Url::parse(&text).map(Some).map_err(|_| InputError::NotFound(text))
}

fn from_path(text: &str, inputs: &mut Vec<Input>) -> Result<(), InputError> {
    let path = Path::new(text);
    if path.is_dir() {
        let before = inputs.len();
        search(path, path, inputs)?;
        return if inputs.len() == before { Err(InputError::EmptyFolder(text.to_owned())) } else { Ok(()) };
    }
    if !path.exists() {
        return Err(InputError::NotFound(text.to_owned()));
    }
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    inputs.push(Input::File { path: path.to_owned(), name });
    Ok(())
}

fn search(root: &Path, folder: &Path, inputs: &mut Vec<Input>) -> Result<(), InputError> {
    let fault = |error| InputError::Read { path: folder.display().to_string(), error };
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).map_err(fault)?.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            if !is_landing(&path) {
                search(root, &path, inputs)?;
            }
        } else if path.is_file() && !is_companion(&name) {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            inputs.push(Input::File { path, name });
        }
        if inputs.len() > FILES_MAX {
            return Err(InputError::TooMany { folder: root.display().to_string(), limit: FILES_MAX });
        }
    }
    Ok(())
}

fn is_companion(name: &str) -> bool {
    const ENDINGS: [&str; 6] = [".meta.json", ".md", ".yaml", ".yml", ".db", ".log"];
    // What stands beside a store: `callboard.db-wal`, and the files that writers queue by.
    const BESIDE: [&str; 5] = [".db-wal", ".db-shm", ".db-journal", ".db-next", ".db-turn"];
    ENDINGS.iter().chain(&BESIDE).any(|ending| name.to_ascii_lowercase().ends_with(ending))
}

/// Whether callboard keeps bodies there. Told by what is in it, as a landing may have any name: bodies in
/// segments or in files of their own, and always an index.
fn is_landing(folder: &Path) -> bool {
    let named = folder.extension().is_some_and(|ending| ending == "landing");
    let holds = |inside: &str| folder.join(inside).is_dir();
    holds("index") && (named || holds("segments"))
}

/// Two files of one name in one call get their folder's name in front, so that neither is taken for
/// a newer copy of the other.
fn tell_apart(inputs: &mut [Input]) {
    let mut names: HashMap<String, usize> = HashMap::new();
    inputs.iter().filter_map(file_name).for_each(|name| *names.entry(name).or_default() += 1);
    for input in inputs {
        let Input::File { path, name } = input else { continue };
        if names.get(name).is_some_and(|files| *files > 1)
            && let Some(folder) = path.parent().and_then(Path::file_name)
        {
            *name = format!("{}/{name}", folder.to_string_lossy());
        }
    }
}

fn file_name(input: &Input) -> Option<String> {
    match input {
        Input::File { name, .. } => Some(name.clone()),
        Input::Url(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_paths_are_told_apart() {
        let one = |text: &str| resolve(&[text.to_owned()]).map_err(|error| error.to_string());
        assert_eq!(
            one("webcal://x.test/a.ics"),
            Ok(vec![Input::Url(Url::parse("https://x.test/a.ics").expect("url"))])
        );
        assert!(one("ftp://x.test/a.ics").expect_err("not fetched").contains("use http, https or webcal"));
        assert!(one("no-such-file.ics").expect_err("absent").contains("no such file or folder"));
    }

    #[test]
    fn files_of_one_name_keep_apart() {
        let file = |folder: &str| Input::File {
            path: Path::new(folder).join("cal.ics"),
            name: "cal.ics".to_owned(),
        };
        let mut inputs = [file("north"), file("south")];
        tell_apart(&mut inputs);
        let names: Vec<_> = inputs.iter().filter_map(file_name).collect();
        assert_eq!(names, ["north/cal.ics", "south/cal.ics"]);
    }

    #[test]
    fn what_callboard_keeps_in_a_folder_is_not_read_from_it() {
        let folder = testkit::TempFolder::new();
        let files = [
            "a.ics",
            "callboard.db",
            "callboard.db-wal",
            "callboard.landing/index/a.ics/2026-11-26/1.ndjson",
            "callboard.landing/ab/cdef.zst",
            "elsewhere/segments/000001.bodies",
            "elsewhere/index/a.ics/2026-11-26/1.ndjson",
            "index/b.ics",
        ];
        for file in files {
            folder.write(file, "x");
        }
        let inputs = resolve(&[folder.path().display().to_string()]).expect("inputs");
        let names: Vec<_> = inputs.iter().filter_map(file_name).collect();
        assert_eq!(names, ["a.ics", "index/b.ics"]);
    }
}

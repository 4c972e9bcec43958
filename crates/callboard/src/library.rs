//! Pipelines as users name them: a file, standard input, or a name in the folder of pipelines.

mod numbers;
mod shipped;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use engine::pipeline::{LARGEST_FILE_BYTES, Loaded, load};
use engine::scheduler::Planned;
use model::{Finding, nearest};

use crate::config::Config;
use crate::output::usage;
pub use numbers::{factor, seconds};

/// A pipeline that was found and is in order.
pub struct Found {
    /// As the user would name it.
    pub file: String,
    /// What it says and does.
    pub loaded: Loaded,
}

/// A pipeline of the folder that runs by itself, or would.
pub struct Scheduled {
    /// Its name; where the file tells none, that of the file.
    pub name: String,
    /// Its file.
    pub file: String,
    /// When it runs, or what is wrong with its file.
    pub planned: Result<Planned, String>,
}

const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];

/// What the file of a pipeline of this name may be called.
pub fn file_names(name: &str) -> impl Iterator<Item = String> {
    ENDINGS.iter().map(move |ending| format!("{name}.{ending}"))
}

/// The folder of pipelines.
pub fn folder(config: &Config) -> PathBuf {
    PathBuf::from(config.text("pipelines").unwrap_or("pipelines"))
}

/// The pipeline `wanted`: `-` is standard input, a path is a file, anything else a name in `folder`, or of a
/// pipeline that ships.
pub fn find(folder: &Path, wanted: &str) -> Result<Found> {
    if wanted == "-" {
        let mut text = String::new();
        std::io::stdin().lock().take(LARGEST_FILE_BYTES as u64 + 1).read_to_string(&mut text)?;
        return parsed("-", &text);
    }
    let ships = shipped::find(wanted);
    let is_path = (wanted.contains(['/', '\\']) && ships.is_none())
        || ENDINGS.iter().any(|ending| has_ending(wanted, ending));
    if is_path || Path::new(wanted).is_file() {
        return read(Path::new(wanted));
    }
    let files = files(folder)?;
    if let Some(file) = files.iter().find(|file| file.file_stem().is_some_and(|stem| stem == wanted)) {
        return read(file);
    }
    // A file may be called otherwise than the pipeline in it.
    if let Some(file) = files.iter().find(|file| name_in(file).as_deref() == Some(wanted)) {
        return read(file);
    }
    match ships {
        Some((name, text)) => ships_with(name, &text),
        None => Err(usage(unknown(folder, wanted, &files))),
    }
}

/// The pipeline files of the folder, by name; none where there is no folder.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ENDINGS.iter().any(|known| ending == *known)));
    files.sort();
    Ok(files)
}

/// The pipelines of the folder that state a schedule, by name; those whose file has faults included.
pub fn scheduled(folder: &Path) -> Result<Vec<Scheduled>> {
    let mut found: Vec<Scheduled> = files(folder)?.iter().filter_map(|file| scheduled_in(file)).collect();
    let known: Vec<String> = found.iter().map(|known| known.name.clone()).collect();
    let others = shipped::names().filter(|name| !known.iter().any(|known| known == name));
    found.extend(others.filter_map(scheduled_shipped));
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn scheduled_in(path: &Path) -> Option<Scheduled> {
    let file = path.display().to_string();
    let head = head(path);
    let name = || path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name =
        head.as_ref().and_then(|head| head.get("name")?.as_str().map(str::to_owned)).unwrap_or_else(name);
    // A file that cannot be read at all may state one.
    let states_one = head.is_none_or(|head| head.get("schedule").is_some_and(|stated| !stated.is_null()));
    let planned = read(path).map_err(|error| format!("{error:#}"));
    let planned = planned.and_then(|found| Planned::new(&file, found.loaded.pipeline)).transpose();
    planned.filter(|_| states_one).map(|planned| Scheduled { name, file, planned })
}

fn scheduled_shipped(name: &str) -> Option<Scheduled> {
    // What is wrong with other variables matters once it has one.
    let (_, text) = shipped::find(name).filter(|_| shipped::have_schedule())?;
    let found = ships_with(name, &text).map_err(|error| format!("{error:#}"));
    let planned = found.and_then(|found| Planned::new(name, found.loaded.pipeline)).transpose()?;
    Some(Scheduled { name: name.to_owned(), file: name.to_owned(), planned })
}

fn ships_with(name: &str, text: &str) -> Result<Found> {
    shipped::check_schedule(name).map_err(usage)?;
    let mut found = parsed(name, text)?;
    shipped::with_environment(&mut found.loaded.pipeline).map_err(usage)?;
    Ok(found)
}

fn has_ending(name: &str, ending: &str) -> bool {
    name.strip_suffix(ending).is_some_and(|rest| rest.ends_with('.'))
}

fn read(file: &Path) -> Result<Found> {
    let name = file.display().to_string();
    let text = std::fs::File::open(file).and_then(|opened| {
        let mut text = String::new();
        opened.take(LARGEST_FILE_BYTES as u64 + 1).read_to_string(&mut text).map(|_| text)
    });
    let text = text.map_err(|error| usage(format!("cannot read the pipeline {name}: {error}")))?;
    parsed(&name, &text)
}

fn parsed(file: &str, text: &str) -> Result<Found> {
    match load(file, text) {
        Ok(loaded) => Ok(Found { file: file.to_owned(), loaded }),
        Err(findings) => Err(usage(told(&findings))),
    }
}

/// Every fault on a line of its own, as editors and terminals link them.
fn told(findings: &[Finding]) -> String {
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    format!("the pipeline cannot be run\n{}", lines.join("\n"))
}

/// The `name:` of a file, without checking anything else of it.
fn name_in(file: &Path) -> Option<String> {
    head(file)?.get("name")?.as_str().map(str::to_owned)
}

/// What stands in a file, unchecked.
fn head(file: &Path) -> Option<serde_json::Value> {
    let text = std::fs::read_to_string(file).ok().filter(|text| text.len() <= LARGEST_FILE_BYTES)?;
    serde_saphyr::from_str(&text).ok()
}

fn unknown(folder: &Path, wanted: &str, files: &[PathBuf]) -> String {
    let names: Vec<String> =
        files.iter().filter_map(|file| Some(file.file_stem()?.to_string_lossy().into_owned())).collect();
    let help = match nearest(wanted, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if names.is_empty() => format!("the folder {} holds none; give a file", folder.display()),
        None => format!("the folder {} holds {}", folder.display(), names.join(", ")),
    };
    format!("there is no pipeline `{wanted}`; {help}")
}

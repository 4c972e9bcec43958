//! The pipelines of the folder of that name, as far as a scheduler needs to know them.
//!
//! To be replaced by `engine::pipeline` when that is there: only name and schedule are read here, and
//! everything else in a file is passed over.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use engine::schedule::{Schedule, ScheduleSpec};
use serde::Deserialize;

use crate::config::Config;

/// A pipeline that states a schedule.
pub struct Scheduled {
    pub name: String,
    pub file: PathBuf,
    pub spec: ScheduleSpec,
    /// The schedule, or what is wrong with it.
    pub schedule: Result<Schedule, String>,
}

/// The head of a pipeline file.
#[derive(Deserialize)]
struct Head {
    name: Option<String>,
    schedule: Option<ScheduleSpec>,
}

/// The pipelines of the folder that have a schedule, by name.
pub fn scheduled(config: &Config) -> Result<Vec<Scheduled>> {
    let folder = Path::new(config.text("pipelines").unwrap_or("pipelines"));
    let mut found = Vec::new();
    for file in files(folder)? {
        found.extend(read(file)?);
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let cannot = || format!("cannot list the folder of pipelines {}", folder.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(cannot)? {
        let path = entry.with_context(cannot)?.path();
        if path.extension().is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known))
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: PathBuf) -> Result<Option<Scheduled>> {
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("cannot read the pipeline {}", file.display()))?;
    // JSON is YAML too.
    let head: Head =
        serde_saphyr::from_str(&text).with_context(|| format!("{} is not a pipeline", file.display()))?;
    let stem = || file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let name = head.name.unwrap_or_else(stem);
    Ok(head.schedule.map(|spec| Scheduled { name, schedule: spec.compile(), spec, file }))
}

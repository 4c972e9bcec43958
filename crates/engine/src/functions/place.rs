//! Files that a pipeline names: relative to its folder, and never outside it, as names may come out of
//! what was collected.

use std::path::{Component, Path, PathBuf};

use tokio::io::AsyncReadExt as _;

use super::{Call, Failure};

/// Where `named` is; `parameter` is what it was given as.
pub(crate) fn inside(call: &Call, parameter: &str, named: &str) -> Result<PathBuf, Failure> {
    let relative = Path::new(named);
    let mut parts = relative.components();
    let stays = parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if named.is_empty() || !stays {
        return Err(Failure::input(format!(
            "{parameter}: {named:?} is not inside the pipeline's folder: give a relative path without `..`"
        )));
    }
    Ok(call.world.folder.join(relative))
}

/// The text of a file.
pub(crate) async fn read(
    call: &Call,
    parameter: &str,
    named: &str,
    most_bytes: u64,
) -> Result<String, Failure> {
    let path = inside(call, parameter, named)?;
    let wrong = |error: std::io::Error| Failure::input(format!("{parameter}: cannot read {named}: {error}"));
    let mut text = String::new();
    let file = tokio::fs::File::open(&path).await.map_err(wrong)?;
    file.take(most_bytes + 1).read_to_string(&mut text).await.map_err(wrong)?;
    if text.len() as u64 > most_bytes {
        return Err(Failure::input(format!("{parameter}: {named} is larger than {most_bytes} bytes")));
    }
    Ok(text)
}

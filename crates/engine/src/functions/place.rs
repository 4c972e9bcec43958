//! Files that a pipeline names: relative to its folder, and never outside it, as names may come out of
//! what was collected.

use std::io::Write as _;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::AsyncReadExt as _;

use super::{Call, Failure};

/// Where `named` is; `parameter` is what it was given as.
pub(super) fn inside(call: &Call, parameter: &str, named: &str) -> Result<PathBuf, Failure> {
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
pub(super) async fn read(
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

/// Puts a file in its place as a whole: whoever reads sees the old one or the new one, also after a
/// loss of power.
pub(super) async fn put(path: &Path, text: String) -> std::io::Result<()> {
    let path = path.to_owned();
    let written = tokio::task::spawn_blocking(move || put_now(&path, text.as_bytes()));
    written.await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
}

fn put_now(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    // The same call tried again, by whoever, takes another name.
    name.push(format!(".{}-{}.part", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
    let beside = folder.join(name);
    let put = write_whole(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    if put.is_err() {
        // What is left of it is in nobody's way; the first error is the one to tell.
        let _ = std::fs::remove_file(&beside);
    }
    put
}

static NEXT: AtomicU64 = AtomicU64::new(0);

fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

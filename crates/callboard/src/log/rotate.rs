//! A log file that begins anew each day or when it is full, and of which so many old ones are kept:
//! `callboard.log`, then `callboard.log.1` (the newest of the old), `.2` and so on.

use std::fs::{File, OpenOptions, rename};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};

/// When to begin anew, and how much to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    pub rotate: Rotate,
    /// Old files that are kept.
    pub keep: u32,
}

/// When to begin anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotate {
    /// At midnight UTC.
    Daily,
    /// Before it would be longer, in bytes.
    Size(u64),
    Never,
}

impl FromStr for Rotate {
    type Err = String;

    fn from_str(text: &str) -> Result<Rotate, String> {
        let size = || {
            let units = [("KB", 1_000), ("MB", 1_000_000), ("GB", 1_000_000_000), ("", 1)];
            let of = |(unit, bytes): &(&str, u64)| {
                let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
                number.checked_mul(*bytes).filter(|bytes| *bytes >= 1_000)
            };
            units.iter().find_map(of).map(Rotate::Size)
        };
        match text {
            "daily" => Ok(Rotate::Daily),
            "never" => Ok(Rotate::Never),
            _ => size().ok_or_else(|| format!("{text:?} is not daily, never or a size like 10MB")),
        }
    }
}

/// The file. Clones are one file.
#[derive(Debug, Clone)]
pub struct Rotating(Arc<Mutex<Open>>);

#[derive(Debug)]
struct Open {
    path: PathBuf,
    rotation: Rotation,
    clock: fn() -> DateTime<Utc>,
    file: File,
    size_bytes: u64,
    day: NaiveDate,
}

impl Rotating {
    /// Opens it for writing at its end; its folder is made.
    pub fn open(path: PathBuf, rotation: Rotation, clock: fn() -> DateTime<Utc>) -> anyhow::Result<Rotating> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot make the folder of the log file {}", path.display()))?;
        }
        let cannot = || format!("cannot write the log file {}", path.display());
        let file = append(&path).with_context(cannot)?;
        let found = file.metadata().with_context(cannot)?;
        // What was written yesterday is of yesterday, also when this process began today.
        let written = found.modified().map(DateTime::<Utc>::from).ok().filter(|_| found.len() > 0);
        let day = written.unwrap_or_else(clock).date_naive();
        Ok(Rotating(Arc::new(Mutex::new(Open { size_bytes: found.len(), path, rotation, clock, file, day }))))
    }
}

impl Write for Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if open.is_due(line.len() as u64) {
            open.rotate()?;
        }
        open.file.write_all(line)?;
        open.size_bytes += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).file.flush()
    }
}

impl Open {
    fn is_due(&self, more_bytes: u64) -> bool {
        match self.rotation.rotate {
            Rotate::Daily => (self.clock)().date_naive() > self.day,
            Rotate::Size(most) => self.size_bytes > 0 && self.size_bytes + more_bytes > most,
            Rotate::Never => false,
        }
    }

    fn rotate(&mut self) -> io::Result<()> {
        let keep = self.rotation.keep;
        for number in (1..keep).rev() {
            move_file(&old(&self.path, number), &old(&self.path, number + 1))?;
        }
        match keep {
            0 => std::fs::remove_file(&self.path).or_else(absent)?,
            _ => move_file(&self.path, &old(&self.path, 1))?,
        }
        self.file = append(&self.path)?;
        (self.size_bytes, self.day) = (0, (self.clock)().date_naive());
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}

fn old(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

fn move_file(from: &Path, to: &Path) -> io::Result<()> {
    rename(from, to).or_else(absent)
}

/// Another process may have moved it first.
fn absent(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use testkit::TempFolder;

    use super::*;

    static DAY: AtomicI64 = AtomicI64::new(0);

    /// Days from a day that is after every file's own time.
    fn clock() -> DateTime<Utc> {
        let start: DateTime<Utc> = "2999-01-01T12:00:00Z".parse().expect("an instant");
        start + chrono::TimeDelta::days(DAY.load(Ordering::SeqCst))
    }

    fn read(folder: &TempFolder, name: &str) -> String {
        std::fs::read_to_string(folder.path().join(name)).expect(name)
    }

    fn open(folder: &TempFolder, rotate: Rotate) -> Rotating {
        let rotation = Rotation { rotate, keep: 2 };
        Rotating::open(folder.path().join("logs/a.log"), rotation, clock).expect("a file")
    }

    #[test]
    fn a_full_file_begins_anew_and_the_oldest_goes() {
        let folder = TempFolder::new();
        let mut log = open(&folder, Rotate::Size(1_000));
        for letter in ["a", "b", "c", "d"] {
            log.write_all(letter.repeat(600).as_bytes()).expect("written");
        }
        let begins = |name: &str| read(&folder, name)[..1].to_owned();
        assert_eq!([begins("logs/a.log"), begins("logs/a.log.1"), begins("logs/a.log.2")], ["d", "c", "b"]);
        assert!(!folder.path().join("logs/a.log.3").exists());
        // opened again it goes on where it was
        let mut log = open(&folder, Rotate::Size(1_000));
        log.write_all(&[b'e'; 300]).expect("written");
        assert_eq!(read(&folder, "logs/a.log").len(), 900);
    }

    #[test]
    fn a_new_day_begins_a_new_file() {
        let folder = TempFolder::new();
        let mut log = open(&folder, Rotate::Daily);
        log.write_all(b"first").expect("written");
        log.write_all(b" too").expect("written");
        DAY.fetch_add(1, Ordering::SeqCst);
        log.write_all(b"second").expect("written");
        assert_eq!(
            (read(&folder, "logs/a.log.1"), read(&folder, "logs/a.log")),
            ("first too".into(), "second".into())
        );
        // the file's own time is long before the clock's: it is of an older day
        let mut again = open(&folder, Rotate::Daily);
        again.write_all(b"third").expect("written");
        assert_eq!(
            (read(&folder, "logs/a.log.2"), read(&folder, "logs/a.log")),
            ("first too".into(), "third".into())
        );
    }

    #[test]
    fn sizes_are_read() {
        let check = |text: &str, expected: Option<Rotate>| assert_eq!(text.parse().ok(), expected, "{text}");
        check("daily", Some(Rotate::Daily));
        check("never", Some(Rotate::Never));
        check("10MB", Some(Rotate::Size(10_000_000)));
        check("64 KB", Some(Rotate::Size(64_000)));
        check("5000", Some(Rotate::Size(5_000)));
        check("12", None);
        check("weekly", None);
        check("99999999999999999999GB", None);
    }
}

//! One writes at a time, and whoever waits gets its turn: the beginning of every transaction that writes.
//!
//! PostgreSQL has a queue for this, an advisory lock. SQLite has none: who finds its file locked looks again
//! after up to a tenth of a second, and a process that writes without a pause keeps all others out. So the
//! processes that share a file queue by two more locks beside it. Who wants to write takes `next`, waits
//! for `turn`, and lets go of `next`; who has just written finds `next` taken by whoever waited. That is for
//! fairness alone: what keeps writers apart is SQLite's own lock.

use std::fs::{File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::{Pool, SqlResult, Transaction, query};

/// How often a lock is tried that somebody else has: what they do takes some milliseconds.
const AGAIN: Duration = Duration::from_millis(1);

/// What the writers of a store take turns by.
#[derive(Debug, Clone)]
pub(crate) enum Turns {
    /// Nothing: the database is in memory.
    Alone,
    /// Files beside the database.
    Files(Arc<Queue>),
    /// An advisory lock of this number.
    Lock(i64),
}

impl Turns {
    /// Those of the database file at `path`; who has waited as long as `at_most` goes on without.
    pub(crate) fn beside(path: &Path, at_most: Duration) -> Turns {
        let beside = |what: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(what);
            PathBuf::from(name)
        };
        let paths = [beside("-next"), beside("-turn")];
        let locks = Arc::new(Mutex::new(Locks { paths, opened: None }));
        Turns::Files(Arc::new(Queue { at_most, locks }))
    }

    /// The number of the advisory lock, for what has to be apart from it or takes it by itself.
    pub(crate) fn number(&self) -> i64 {
        match self {
            Turns::Lock(number) => *number,
            Turns::Alone | Turns::Files(_) => 0,
        }
    }

    /// A transaction that may write, when it is its turn.
    pub(crate) async fn begin(&self, writer: &Pool) -> SqlResult<Transaction> {
        match self {
            Turns::Alone => writer.begin_with("BEGIN IMMEDIATE").await,
            Turns::Files(queue) => {
                let waits = queue.locks.try_lock().is_err().then(Instant::now);
                let turn = queue.wait().await;
                if let Some(since) = waits {
                    writer.waited(since);
                }
                Ok(writer.begin_with("BEGIN IMMEDIATE").await?.in_turn(turn))
            }
            // In two messages, although each is a trip to the server: a wait that is given up within the first
            // would leave the connection in a transaction that nobody ends.
            Turns::Lock(number) => {
                let mut transaction = writer.begin_with("BEGIN").await?;
                query("SELECT pg_advisory_xact_lock(?)").bind(*number).execute(&mut *transaction).await?;
                Ok(transaction)
            }
        }
    }

    /// Takes the files away where nobody needs them.
    pub(crate) async fn end(&self) {
        if let Turns::Files(queue) = self {
            queue.locks.lock().await.remove();
        }
    }
}

/// Who waits, and for how long.
#[derive(Debug)]
pub(crate) struct Queue {
    at_most: Duration,
    /// Within the process the mutex is the queue: locks of files are no use among those who share them.
    locks: Arc<Mutex<Locks>>,
}

/// The two locks. Their files go with them, where nobody else has them.
#[derive(Debug)]
struct Locks {
    /// Of `next` and of `turn`.
    paths: [PathBuf; 2],
    opened: Option<[File; 2]>,
}

/// A turn, until it is dropped.
#[derive(Debug)]
pub(crate) struct Turn(OwnedMutexGuard<Locks>);

impl Queue {
    /// Waits for its turn; none where the files cannot be had, or in time.
    async fn wait(&self) -> Option<Turn> {
        let mut locks = self.locks.clone().lock_owned().await;
        let [next, turn] = locks.open()?;
        let until = Instant::now() + self.at_most;
        locked(next, until).await?;
        let had = locked(turn, until).await;
        let _ = next.unlock();
        had.map(|()| Turn(locks))
    }
}

impl Locks {
    /// Both files, opened; anew where another process took them away.
    fn open(&mut self) -> Option<&[File; 2]> {
        if self.opened.as_ref().is_none_or(|files| !files.iter().all(is_there)) {
            let open = |path| File::options().create(true).truncate(false).write(true).open(path);
            let [next, turn] = &self.paths;
            let opened: io::Result<[File; 2]> = open(next).and_then(|next| Ok([next, open(turn)?]));
            self.opened = opened.inspect_err(|error| tracing::debug!(%error, "writes without a queue")).ok();
        }
        self.opened.as_ref()
    }

    fn remove(&mut self) {
        let Some(opened) = self.opened.take() else { return };
        if opened.iter().all(|file| file.try_lock().is_ok()) {
            // Who has them open sees that they are gone, and makes new ones.
            self.paths.iter().for_each(|path| drop(std::fs::remove_file(path)));
        }
    }
}

impl Drop for Locks {
    /// A program that ends in an error leaves none behind either.
    fn drop(&mut self) {
        self.remove();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some([_, turn]) = &self.0.opened {
            let _ = turn.unlock();
        }
    }
}

/// False when another process took the file away.
fn is_there(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.nlink() > 0)
}

/// Locks the file; `None` when it could not be had by then.
async fn locked(file: &File, until: Instant) -> Option<()> {
    loop {
        match file.try_lock() {
            Ok(()) => return Some(()),
            Err(TryLockError::Error(_)) => return None,
            Err(TryLockError::WouldBlock) if Instant::now() >= until => return None,
            Err(TryLockError::WouldBlock) => tokio::time::sleep(AGAIN).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(folder: &testkit::TempFolder, at_most: Duration) -> Queue {
        let Turns::Files(queue) = Turns::beside(&folder.path().join("a.db"), at_most) else { unreachable!() };
        Arc::into_inner(queue).expect("the only one")
    }

    /// Two processes, one of which wants to write again at once, always.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn who_waits_gets_its_turn_before_who_has_just_had_it() {
        let folder = testkit::TempFolder::new();
        let [greedy, other] = [(); 2].map(|()| Arc::new(queue(&folder, Duration::from_secs(10))));
        let takes = |queue: Arc<Queue>| async move {
            let mut taken = Vec::new();
            for _ in 0..20 {
                let turn = queue.wait().await.expect("a turn");
                tokio::time::sleep(Duration::from_millis(3)).await;
                taken.push(Instant::now());
                drop(turn);
            }
            taken
        };
        let (one, two) = tokio::join!(tokio::spawn(takes(greedy)), tokio::spawn(takes(other)));
        let (one, two) = (one.unwrap(), two.unwrap());
        let mut all: Vec<(Instant, bool)> =
            one.iter().map(|at| (*at, true)).chain(two.iter().map(|at| (*at, false))).collect();
        all.sort();
        let middle = &all[4..36];
        let alternates = middle.windows(2).filter(|pair| pair[0].1 != pair[1].1).count();
        assert!(alternates > middle.len() / 2, "{alternates} of {}", middle.len());
    }

    #[tokio::test]
    async fn a_turn_that_does_not_come_is_not_waited_for_without_end() {
        let folder = testkit::TempFolder::new();
        let [one, two] = [(); 2].map(|()| queue(&folder, Duration::from_millis(20)));
        let turn = one.wait().await.expect("a turn");
        assert!(two.wait().await.is_none());
        drop(turn);
        assert!(two.wait().await.is_some());
    }

    #[tokio::test]
    async fn the_files_are_there_only_while_somebody_writes() {
        let folder = testkit::TempFolder::new();
        let [one, two] = [(); 2].map(|()| queue(&folder, Duration::from_millis(20)));
        drop(one.wait().await.expect("a turn"));
        drop(two.wait().await.expect("a turn"));
        one.locks.lock().await.remove();
        assert!(folder.names().is_empty());
        // The other one notices, so that both wait for the same locks.
        let turn = two.wait().await.expect("a turn");
        assert!(queue(&folder, Duration::ZERO).wait().await.is_none());
        drop(turn);
        drop(two);
        assert!(folder.names().is_empty());
    }
}

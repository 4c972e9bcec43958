//! A backup is of one moment, whatever is committed while it is made.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use testkit::TempFolder;

use super::kit::{Kept, at, databases, empty, filled, restore};
use crate::tests::kit::{Kit, page, titled};
use crate::{BackupLanding, BackupOptions, BackupProgress, BackupTarget, Store, sql};

/// Goes on with the first writes only once somebody has committed in between.
struct Slow {
    kept: Kept,
    commits: Arc<AtomicU64>,
    waits: u32,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let before = self.commits.load(Ordering::SeqCst);
        let began = Instant::now();
        while self.waits > 0 && self.commits.load(Ordering::SeqCst) == before {
            assert!(began.elapsed() < Duration::from_secs(30), "nobody commits");
            std::thread::sleep(Duration::from_millis(1));
        }
        self.waits = self.waits.saturating_sub(1);
        self.kept.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn count(store: &Store, sql: &'static str) -> i64 {
    sql::query_scalar(sql).fetch_one(&store.readers).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_is_committed_meanwhile_is_in_it_whole_or_not_at_all() {
    for from in databases() {
        let folder = TempFolder::new();
        let old = filled(empty(&folder, "old", from).await).await;
        let (commits, kept) = (Arc::new(AtomicU64::new(0)), Kept::default());
        let target = Slow { kept: kept.clone(), commits: commits.clone(), waits: 60 };
        let progress = BackupProgress::default();
        let options = BackupOptions { at: at(), landing: BackupLanding::Skip };
        let making = old.back_up(BackupTarget::Stream(Box::new(target)), options, &progress);
        let writing = tokio::spawn({
            let (store, commits) = (old.clone(), commits.clone());
            async move {
                let mut kit = Kit::of(store);
                kit.days_pass(3);
                let run = kit.begin().await;
                for n in 0.. {
                    let name = format!("meanwhile-{n}");
                    let records = vec![titled(&name, &name)];
                    kit.commit(run, vec![page(&name, records)]).await;
                    commits.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
        making.await.unwrap();
        writing.abort();
        let _ = writing.await;
        assert!(commits.load(Ordering::SeqCst) >= 60);
        let new = empty(&folder, "new", In_::other(from)).await;
        let bytes = kept.0.lock().unwrap().clone();
        restore(&new, &bytes).await.unwrap();
        // Each commit is a document, an event and a change.
        let documents = count(&new, "SELECT count(*) FROM documents WHERE name LIKE 'meanwhile%'").await;
        let events = count(&new, "SELECT count(*) FROM event_listings WHERE title LIKE 'meanwhile%'").await;
        let changes = count(
            &new,
            "SELECT count(*) FROM changes c JOIN event_listings e ON e.rid = c.rid AND c.kind = 4 \
             WHERE e.title LIKE 'meanwhile%'",
        )
        .await;
        assert_eq!((documents, changes), (events, events));
        assert!(u64::try_from(events).unwrap() < commits.load(Ordering::SeqCst), "it is of its beginning");
    }
}

/// The other database, where there is one.
struct In_;

impl In_ {
    fn other(from: super::kit::In) -> super::kit::In {
        databases().into_iter().find(|database| *database != from).unwrap_or(from)
    }
}

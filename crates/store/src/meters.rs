//! What a store counts of its own work, where it happens: statements, those that were slow, transactions, waits
//! for a connection, retries. Counting costs two looks at the clock and an addition.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::Store;

/// Different statements that are told of at most: a store that is slow altogether says so once for each.
const TOLD_MOST: usize = 500;

/// A connection that was just given back is not at hand at once; that is no wait.
const NO_WAIT: Duration = Duration::from_millis(1);

/// So much of a statement's text is told.
const TEXT_MOST: usize = 1_000;

/// The counts of a store, as they are now. All go up from when it was opened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct MeterReadings {
    /// Statements sent, those that failed included; one that writes many rows is one.
    pub statements: u64,
    /// How long they took together, in microseconds.
    pub statement_us: u64,
    /// Statements that took longer than `slow_statement_ms`.
    pub slow_statements: u64,
    /// Transactions begun.
    pub transactions: u64,
    /// Transactions that were done again because others stood in the way.
    pub retries: u64,
    /// Waits for a connection because all were in use.
    pub pool_waits: u64,
    /// How long these took together, in microseconds.
    pub pool_wait_us: u64,
}

/// Where it is counted.
#[derive(Debug)]
pub(crate) struct Meters {
    slow_us: u64,
    statements: AtomicU64,
    statement_us: AtomicU64,
    slow_statements: AtomicU64,
    transactions: AtomicU64,
    retries: AtomicU64,
    pool_waits: AtomicU64,
    pool_wait_us: AtomicU64,
    told: Mutex<HashSet<String>>,
}

/// Of connections that nobody counts, nothing is slow.
impl Default for Meters {
    fn default() -> Meters {
        Meters::slow_after(Duration::MAX)
    }
}

impl Meters {
    pub(crate) fn slow_after(slow: Duration) -> Meters {
        Meters {
            slow_us: micros(slow),
            statements: AtomicU64::default(),
            statement_us: AtomicU64::default(),
            slow_statements: AtomicU64::default(),
            transactions: AtomicU64::default(),
            retries: AtomicU64::default(),
            pool_waits: AtomicU64::default(),
            pool_wait_us: AtomicU64::default(),
            told: Mutex::default(),
        }
    }

    /// A statement is sent; it has ended when what this gives is dropped, however it ended.
    pub(crate) fn statement(self: &Arc<Self>, text: Cow<'static, str>) -> Timed {
        Timed { meters: self.clone(), text, began: Instant::now() }
    }

    pub(crate) fn transaction(&self) {
        self.transactions.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn retried(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn waited(&self, took: Duration) {
        if took < NO_WAIT {
            return;
        }
        self.pool_waits.fetch_add(1, Ordering::Relaxed);
        self.pool_wait_us.fetch_add(micros(took), Ordering::Relaxed);
    }

    fn ended(&self, text: &str, took: Duration) {
        let us = micros(took);
        self.statements.fetch_add(1, Ordering::Relaxed);
        self.statement_us.fetch_add(us, Ordering::Relaxed);
        if us > self.slow_us {
            self.slow_statements.fetch_add(1, Ordering::Relaxed);
            self.tell(text, us / 1_000);
        }
    }

    /// Once for each text. It holds no values: these are bound.
    fn tell(&self, text: &str, duration_ms: u64) {
        let statement: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let statement: String = statement.chars().take(TEXT_MOST).collect();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() < TOLD_MOST && told.insert(statement.clone()) {
            tracing::warn!(duration_ms, statement, "a statement was slow; told once, counted each time");
        }
    }
}

/// A statement on its way.
pub(crate) struct Timed {
    meters: Arc<Meters>,
    text: Cow<'static, str>,
    began: Instant,
}

impl Drop for Timed {
    fn drop(&mut self) {
        self.meters.ended(&self.text, self.began.elapsed());
    }
}

impl Store {
    /// What it has counted since it was opened.
    pub fn meters(&self) -> MeterReadings {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let meters = &self.meters;
        MeterReadings {
            statements: load(&meters.statements),
            statement_us: load(&meters.statement_us),
            slow_statements: load(&meters.slow_statements),
            transactions: load(&meters.transactions),
            retries: load(&meters.retries),
            pool_waits: load(&meters.pool_waits),
            pool_wait_us: load(&meters.pool_wait_us),
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

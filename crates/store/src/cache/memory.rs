//! The cache in this process's own memory: bounded in bytes; what was not asked for the longest goes
//! first.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::NaiveDate;
use futures::FutureExt;

use super::{Answer, Cache, CacheCounters, Clock, DayDocument, Filled};
use crate::Mark;

/// A cache in memory.
pub struct Memory {
    max_bytes: usize,
    clock: Clock,
    held: Mutex<Held>,
    counters: CacheCounters,
}

#[derive(Default)]
struct Held {
    mark: Option<Mark>,
    documents: BTreeMap<NaiveDate, Entry>,
    bytes: usize,
    /// Goes up with each use.
    uses: u64,
}

struct Entry {
    document: DayDocument,
    used: u64,
}

impl Memory {
    /// An empty cache that holds documents of `max_bytes` together.
    pub fn new(max_bytes: usize, clock: Clock) -> Memory {
        Memory { max_bytes, clock, held: Mutex::default(), counters: CacheCounters::default() }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, day: NaiveDate) -> Option<DayDocument> {
        let (now, mut held) = ((self.clock)(), self.held());
        held.uses += 1;
        let used = held.uses;
        let entry = held.documents.get_mut(&day)?;
        if entry.document.expires_at <= now {
            held.remove(day);
            return None;
        }
        entry.used = used;
        Some(entry.document.clone())
    }

    fn take_in(&self, document: DayDocument) -> bool {
        let mut held = self.held();
        let (now, size) = ((self.clock)(), document.body.len());
        let lacks = |mark: &Mark| !document.mark.holds(*mark);
        let there = held.documents.get(&document.day).map(|entry| &entry.document);
        let older = there.filter(|there| there.expires_at > now).is_some_and(|there| lacks(&there.mark));
        if size > self.max_bytes || older || held.mark.as_ref().is_none_or(lacks) {
            return false;
        }
        held.remove(document.day);
        while held.bytes + size > self.max_bytes {
            held.remove_least_used();
        }
        held.uses += 1;
        let used = held.uses;
        held.bytes += size;
        held.documents.insert(document.day, Entry { document, used });
        true
    }

    fn move_on(&self, from: Mark, to: Mark) -> bool {
        let mut held = self.held();
        let moves = held.mark == Some(from);
        if moves {
            held.mark = Some(to);
        }
        moves
    }

    fn begin_anew(&self, to: Mark, days: &[NaiveDate]) {
        let mut held = self.held();
        days.iter().for_each(|day| held.remove(*day));
        held.mark = Some(to);
    }
}

impl Held {
    fn remove(&mut self, day: NaiveDate) {
        if let Some(entry) = self.documents.remove(&day) {
            self.bytes -= entry.document.body.len();
        }
    }

    fn remove_least_used(&mut self) {
        let least = self.documents.iter().min_by_key(|(_, entry)| entry.used).map(|(day, _)| *day);
        match least {
            Some(day) => self.remove(day),
            None => self.bytes = 0,
        }
    }
}

impl Cache for Memory {
    fn name(&self) -> &str {
        "memory"
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn get(&self, day: NaiveDate) -> Answer<'_, Option<DayDocument>> {
        async move { Ok(self.find(day)) }.boxed()
    }

    fn put(&self, document: DayDocument) -> Answer<'_, bool> {
        async move {
            let taken = self.take_in(document);
            self.counters.put(taken);
            Ok(taken)
        }
        .boxed()
    }

    fn left(&self, days: Vec<NaiveDate>) -> Answer<'_, Vec<Duration>> {
        async move {
            let (now, held) = ((self.clock)(), self.held());
            let left = |day| held.documents.get(day).map_or(Duration::ZERO, |entry| entry.document.left(now));
            Ok(days.iter().map(left).collect())
        }
        .boxed()
    }

    fn filled(&self) -> Answer<'_, Filled> {
        async move { Ok(self.held().mark.map_or(Filled::Empty, Filled::UpTo)) }.boxed()
    }

    fn advance(&self, from: Mark, to: Mark) -> Answer<'_, bool> {
        async move { Ok(self.move_on(from, to)) }.boxed()
    }

    fn reset(&self, to: Mark, days: Vec<NaiveDate>) -> Answer<'_, ()> {
        async move {
            self.begin_anew(to, &days);
            Ok(())
        }
        .boxed()
    }

    fn counters(&self) -> &CacheCounters {
        &self.counters
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = self.held();
        write!(f, "Memory({} documents, {} bytes)", held.documents.len(), held.bytes)
    }
}

//! What is to be said about a cache, for `cache status` and `doctor`.

use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use engine::cache::{DayCache, behind, days};
use model::Window;
use serde::Serialize;
use store::Mark;
use store::cache::{CacheCounts, CacheError, Filled};

use crate::figures::counted;
use crate::output::{Format, print, print_json, table};

/// A look at a cache.
#[derive(Debug, Serialize)]
pub struct Status {
    /// `memory`, or its address.
    cache: String,
    /// What is wrong with it; null when it answers.
    error: Option<String>,
    latency_ms: Option<f64>,
    /// `this_store`, `another_store` or `nothing`; null while it is not known.
    filled_from: Option<&'static str>,
    /// Up to where it follows the change log.
    mark: Option<Mark>,
    /// Up to where the change log goes.
    store: Mark,
    /// Changes that it does not hold yet.
    behind: u64,
    today: NaiveDate,
    timezone: &'static str,
    /// Days that documents are always kept ready of.
    window: Window,
    /// Days of the window that there is a document of, with the seconds it lives.
    documents: Vec<Kept>,
    counts: CacheCounts,
    #[serde(skip)]
    shared: bool,
    at: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct Kept {
    day: NaiveDate,
    left_secs: u64,
}

impl Status {
    pub async fn of(cache: &DayCache) -> Result<Status> {
        let began = Instant::now();
        let filled = cache.cache.filled().await;
        let latency = began.elapsed();
        let (store, followed) = (cache.store.mark().await?, cache.store.follower(&cache.follower()).await?);
        let mark = match &filled {
            Ok(Filled::UpTo(mark)) => Some(*mark),
            Ok(_) => None,
            // What it held when it last answered.
            Err(_) => followed,
        };
        let (window, kept) = (cache.window(), documents(cache).await);
        let error = filled.as_ref().err().or(kept.as_ref().err()).map(CacheError::to_string);
        Ok(Status {
            cache: cache.cache.name().to_owned(),
            latency_ms: error.is_none().then_some(latency.as_secs_f64() * 1_000.0),
            error,
            filled_from: filled.ok().map(word),
            mark,
            store,
            behind: behind(mark.unwrap_or_default(), store),
            today: cache.today(),
            timezone: cache.zone.name(),
            window,
            documents: kept.unwrap_or_default(),
            counts: cache.cache.counters().read(),
            shared: cache.cache.is_shared(),
            at: (cache.clock)(),
        })
    }

    pub fn is_reachable(&self) -> bool {
        self.error.is_none()
    }

    pub fn show(&self, format: Format) -> Result<()> {
        if format != Format::Table {
            return print_json(self, format);
        }
        let mut rows = table(&["CACHE", &self.cache]);
        rows.add_row(["answers", &self.answers()]);
        rows.add_row(["follows", &self.follows()]);
        if self.shared {
            let (kept, all) = (self.documents.len(), days(self.window).len());
            let Window { from, to } = self.window;
            let rest = if kept < all { "; the others are made when they are asked for" } else { "" };
            rows.add_row(["kept ready", &format!("{kept} of {all} days, {from} to {to}{rest}")]);
            if let Some(first) = self.documents.iter().min_by_key(|kept| kept.left_secs) {
                let minutes = first.left_secs.div_ceil(60);
                rows.add_row(["runs out", &format!("first that of {}, in {minutes} minutes", first.day)]);
            }
        }
        rows.add_row(["today", &format!("{} in {}", self.today, self.timezone)]);
        Ok(print(&format!("{rows}\n"))?)
    }

    /// In a few words, for a list of checks.
    pub fn in_short(&self) -> String {
        format!("{}; {}", self.answers(), self.follows())
    }

    fn answers(&self) -> String {
        match (&self.error, self.latency_ms) {
            (Some(error), _) => error.clone(),
            (None, Some(ms)) if self.shared => format!("in {ms:.1} ms"),
            _ => "yes; it is the memory of each process, and ends with it".to_owned(),
        }
    }

    fn follows(&self) -> String {
        let behind = counted(self.behind, "change");
        match (self.filled_from, self.mark) {
            (Some("another_store"), _) => "another store; it is begun anew with the next run".to_owned(),
            (_, None) => format!("nothing yet; the store has had {behind}"),
            (None, Some(mark)) => {
                format!("it was at change {} when it last answered, {behind} behind now", mark.seq)
            }
            (Some(_), Some(mark)) if self.behind == 0 => format!("change {}, the last there is", mark.seq),
            (Some(_), Some(mark)) => format!("change {}, {behind} behind", mark.seq),
        }
    }
}

fn word(filled: Filled) -> &'static str {
    match filled {
        Filled::Empty => "nothing",
        Filled::UpTo(_) => "this_store",
        Filled::FromAnother => "another_store",
    }
}

async fn documents(cache: &DayCache) -> Result<Vec<Kept>, CacheError> {
    let days = days(cache.window());
    let left = cache.cache.left(days.clone()).await?;
    let there = days.into_iter().zip(left).filter(|(_, left)| *left > Duration::ZERO);
    Ok(there.map(|(day, left)| Kept { day, left_secs: left.as_secs() }).collect())
}

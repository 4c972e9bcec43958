//! Reading the log from a mark on: page by page, each handed over before the mark moves. Who follows looks
//! again and again, less often the longer nothing comes, and waits for a store that is away for a while.

use std::collections::VecDeque;
use std::io::Write;
use std::time::Duration;

use anyhow::Result;
use engine::run::Stop;
use store::{ChangePage, ChangeQuery, LoggedChange, Store, StoreError};
use tokio::sync::watch;

use super::mark::Mark;
use super::patience::Patience;
use super::shown::{Days, lines, listed};
use super::view::View;
use crate::output::{Format, print, print_json, say};
use crate::stopping;

/// Changes that are looked at in one go.
const PAGE: usize = 1_000;

/// One call's reading.
pub struct Reading {
    pub query: ChangeQuery,
    pub view: View,
    pub mark: Mark,
    pub limit: Option<usize>,
    pub format: Format,
    pub follow: bool,
}

impl Reading {
    pub async fn run(mut self, store: &Store) -> Result<()> {
        self.tell_horizon(store).await?;
        match self.format {
            _ if self.follow => self.follow(store).await,
            Format::Table => self.table(store).await,
            Format::Json => {
                let mut rows = Vec::new();
                self.each_page(store, |view, page| {
                    rows.extend(page.iter().flat_map(|logged| view.objects(logged)));
                    Ok(())
                })
                .await?;
                print_json(&rows, Format::Json)
            }
            Format::Ndjson => self.each_page(store, |view, page| write(view, page, Format::Ndjson)).await,
        }
    }

    /// Who goes on from before the horizon is told less than happened.
    async fn tell_horizon(&self, store: &Store) -> Result<()> {
        if self.query.since > 0
            && let Some(horizon) = store.change_horizon().await?
            && self.query.since < horizon.seq
        {
            say(&format!(
                "changes up to {} ({}) were folded: a row that changed several times until then is told once, \
                 with all that it was then",
                horizon.seq, horizon.at
            ));
        }
        Ok(())
    }

    /// Hands over page after page, and then moves the mark, until there is no more or the limit is reached.
    async fn each_page(
        &mut self,
        store: &Store,
        mut give: impl FnMut(View, &[LoggedChange]) -> Result<()>,
    ) -> Result<()> {
        loop {
            let page = store.change_page(&self.query, self.at_once()).await?;
            let more = page.more;
            if self.take(store, page, &mut give).await? || !more {
                return Ok(());
            }
        }
    }

    /// Hands over one page; `true` when that was all that is wanted.
    async fn take(
        &mut self,
        store: &Store,
        mut page: ChangePage,
        give: &mut impl FnMut(View, &[LoggedChange]) -> Result<()>,
    ) -> Result<bool> {
        if let Some(limit) = &mut self.limit {
            if page.changes.len() >= *limit {
                page.changes.truncate(*limit);
                page.through = page.changes.last().map_or(self.query.since, |logged| logged.change.seq);
            }
            *limit -= page.changes.len();
        }
        give(self.view, &page.changes)?;
        if self.query.newest_first {
            self.query.until = Some(page.through - 1);
        } else if page.through > self.query.since {
            self.query.since = page.through;
            self.keep(store).await?;
        }
        let ended = self.query.until.is_some_and(|until| self.query.since >= until);
        Ok(self.limit == Some(0) || ended)
    }

    /// Moves the mark; who follows waits for a store that is away.
    async fn keep(&self, store: &Store) -> Result<()> {
        let mut patience = Patience::default();
        loop {
            match self.mark.keep(store, self.query.since).await {
                Err(error) if self.follow && passes(&error) => {
                    patience.tell(&error);
                    tokio::time::sleep(patience.wait()).await;
                }
                kept => return kept,
            }
        }
    }

    fn at_once(&self) -> usize {
        self.limit.map_or(PAGE, |limit| limit.min(PAGE))
    }

    async fn follow(&mut self, store: &Store) -> Result<()> {
        let mut stop = stopping::listen();
        let mut at_once = stop.clone();
        let mut patience = Patience::default();
        loop {
            let page = tokio::select! {
                page = store.change_page(&self.query, self.at_once()) => page,
                _ = asked(&mut stop) => return Ok(()),
            };
            let page = match page {
                Ok(page) => page,
                Err(error) if error.passes() => {
                    patience.tell(&error.into());
                    if stopped_within(&mut stop, patience.wait()).await {
                        return Ok(());
                    }
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            patience.is_back();
            if page.through > self.query.since {
                patience.reset();
            }
            let (more, format) = (page.more, self.format);
            let mut give = |view, page: &[LoggedChange]| write(view, page, format);
            let taken = tokio::select! {
                taken = self.take(store, page, &mut give) => taken?,
                _ = asked_twice(&mut at_once) => return Ok(()),
            };
            if taken || (!more && stopped_within(&mut stop, patience.wait()).await) {
                return Ok(());
            }
        }
    }

    /// A table of the last that fit, oldest first; of a question, with how many there were on each day.
    async fn table(&mut self, store: &Store) -> Result<()> {
        let limit = self.limit.unwrap_or(usize::MAX);
        let (view, newest_first) = (self.view, self.query.newest_first);
        let summed = view != View::All;
        if summed {
            self.limit = None;
        }
        let (mut last, mut days) = (VecDeque::new(), Days::default());
        self.each_page(store, |view, page| {
            for logged in page {
                if summed {
                    days.count(view, logged);
                }
                if last.len() == limit {
                    last.pop_front();
                }
                last.push_back(logged.clone());
            }
            Ok(())
        })
        .await?;
        if newest_first {
            last.make_contiguous().reverse();
        }
        print(&listed(view, last.make_contiguous()))?;
        if summed && days.total() > 0 {
            print(&format!("\n{}", days.table(view)))?;
        }
        match last.len() {
            0 => say("no changes fit; `callboard changes --since 0` lists all"),
            shown if shown == limit => say(&format!("{shown} of them; --limit shows more")),
            _ => {}
        }
        Ok(())
    }
}

/// Writes a page and hands it over at once.
fn write(view: View, page: &[LoggedChange], format: Format) -> Result<()> {
    if page.is_empty() {
        return Ok(());
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for logged in page {
        if format == Format::Table {
            out.write_all(lines(view, logged).as_bytes())?;
            continue;
        }
        for object in view.objects(logged) {
            serde_json::to_writer(&mut out, &object).map_err(std::io::Error::from)?;
            out.write_all(b"\n")?;
        }
    }
    Ok(out.flush()?)
}

fn passes(error: &anyhow::Error) -> bool {
    error.downcast_ref::<StoreError>().is_some_and(StoreError::passes)
}

/// Waits until the user asks to stop.
async fn asked(stop: &mut watch::Receiver<Stop>) {
    // A sender that is gone stops it too.
    let _ = stop.wait_for(|stop| *stop != Stop::No).await;
}

async fn asked_twice(stop: &mut watch::Receiver<Stop>) {
    let _ = stop.wait_for(|stop| *stop == Stop::Now).await;
}

async fn stopped_within(stop: &mut watch::Receiver<Stop>, wait: Duration) -> bool {
    tokio::time::timeout(wait, asked(stop)).await.is_ok()
}

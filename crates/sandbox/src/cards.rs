//! A grading company's population report: categories, years, sets, cards and every graded copy, as a site
//! whose pages are built by a script in the browser, or come built already.
//!
//! Everything follows from a seed and is made when it is asked for; populations grow when told to. The site
//! keeps its own record of the truth and knows nothing of how callboard reads it.

mod names;
mod pages;
mod serve;
mod truth;
mod world;

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use serve::Shared;
use world::World;

pub use truth::{TruthCard, TruthCertificate, TruthCopy, TruthSet, TruthYear};

/// How large the report is.
#[derive(Debug, Clone)]
pub struct CardSiteOptions {
    /// The same seed gives the same report.
    pub seed: u64,
    /// Categories, 12 at most.
    pub categories: usize,
    /// Years of each category.
    pub years: usize,
    /// Sets of each year, 48 at most.
    pub sets: usize,
    /// Cards of a set; the first set of a category has more than fit on one page.
    pub cards: usize,
    /// Copies of a card at most to begin with; the first card of a category has more than fit on one page.
    pub copies: usize,
    /// Pages come built, with all rows, instead of by a script.
    pub rendered: bool,
    /// What goes wrong.
    pub faults: CardFaults,
}

impl CardSiteOptions {
    /// A small report: some hundreds of cards, some thousands of copies.
    pub fn small(seed: u64) -> CardSiteOptions {
        CardSiteOptions {
            seed,
            categories: 3,
            years: 2,
            sets: 3,
            cards: 4,
            copies: 5,
            rendered: false,
            faults: CardFaults::default(),
        }
    }

    /// A report of the size of the real one: some hundred thousand copies.
    pub fn large(seed: u64) -> CardSiteOptions {
        CardSiteOptions {
            categories: 12,
            years: 8,
            sets: 10,
            cards: 16,
            copies: 40,
            ..CardSiteOptions::small(seed)
        }
    }
}

/// What can go wrong. Which requests fail follows from the seed; robots.txt never does.
#[derive(Debug, Clone, Default)]
pub struct CardFaults {
    /// Waits before each answer.
    pub latency: Duration,
    /// Per cent of requests answered 500 or 503.
    pub fail_percent: u8,
    /// Every n-th request is answered 429 with `Retry-After: 1`; 0 is never.
    pub too_many_every: u64,
    /// Per cent of pages that show an empty table.
    pub empty_percent: u8,
    /// Per cent of pages that show some of their rows alone, and say so.
    pub truncated_percent: u8,
    /// Per cent of the scripts' questions that are never answered.
    pub hang_percent: u8,
    /// What becomes of the list of categories, whatever becomes of the rest.
    pub list: ListFault,
    /// robots.txt closes the whole report.
    pub closed: bool,
}

/// What is wrong with the list of categories.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ListFault {
    /// Nothing.
    #[default]
    None,
    /// It is answered 503.
    Fails,
    /// It shows no category.
    Empty,
    /// It shows the first half, and says of how many.
    Cut,
}

/// The running site; dropped, it stops.
#[derive(Debug)]
pub struct CardSite {
    shared: Arc<Shared>,
    address: SocketAddr,
    _stop: watch::Sender<()>,
}

impl CardSite {
    /// Starts it on a free port.
    pub async fn start(options: CardSiteOptions) -> io::Result<CardSite> {
        let (stop, stopped) = watch::channel(());
        let shared = Arc::new(Shared::new(options));
        let address = serve::serve(shared.clone(), stopped).await?;
        Ok(CardSite { shared, address, _stop: stop })
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Some cards were graded again: about one of ten has more copies from now on.
    pub fn grow(&self) {
        self.shared.world().grow();
    }

    /// The last card of every short set is taken out of the report, with its copies.
    pub fn withdraw(&self) {
        self.shared.world().withdraw();
    }

    /// Replaces the faults from now on.
    pub fn set_faults(&self, faults: CardFaults) {
        *self.shared.faults() = faults;
    }

    /// Pages that were asked for so far, without what scripts ask for.
    pub fn pages_served(&self) -> u64 {
        self.shared.pages.load(Ordering::Relaxed)
    }

    /// When each page was asked for.
    pub fn arrivals(&self) -> Vec<Instant> {
        self.shared.arrivals().clone()
    }

    /// The names that those who asked gave themselves.
    pub fn agents(&self) -> BTreeSet<String> {
        self.shared.agents().clone()
    }

    /// How many pages the report has now, its list included.
    pub fn page_count(&self) -> u64 {
        let world = self.shared.world();
        let cards: usize = world.all_cards().count();
        let sets: usize = world.all_sets().count();
        (1 + world.options.categories + world.options.categories * world.options.years + sets + cards) as u64
    }

    /// The names of the categories.
    pub fn categories(&self) -> Vec<String> {
        let world: &World = &self.shared.world();
        (0..world.options.categories).map(|category| world.category(category).to_owned()).collect()
    }

    /// Every year as it is now.
    pub fn years(&self) -> Vec<TruthYear> {
        truth::years(&self.shared.world())
    }

    /// Every set as it is now.
    pub fn sets(&self) -> Vec<TruthSet> {
        truth::sets(&self.shared.world())
    }

    /// Every card as it is now.
    pub fn cards(&self) -> Vec<TruthCard> {
        truth::cards(&self.shared.world())
    }

    /// The report of every certificate.
    pub fn certificates(&self) -> Vec<TruthCertificate> {
        truth::certificates(&self.shared.world())
    }

    /// Every graded copy as it is now.
    pub fn copies(&self) -> Vec<TruthCopy> {
        truth::copies(&self.shared.world())
    }
}

#[cfg(test)]
mod tests;

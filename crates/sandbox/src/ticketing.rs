//! Sellers of tickets for races, each the region of one organiser: an API as its owner defines it, webhooks,
//! and names, teams, coupons and forms with everything that is wrong with them in life.
//!
//! The truth of each region ([`Ticketing::truth`]) follows every edit, those made through the API too.

mod api;
mod basket;
mod buying;
mod coupons;
mod edits;
mod faults;
mod kind;
mod naming;
mod options;
mod people;
mod picking;
mod post;
mod programme;
mod query;
mod region;
mod render;
mod rows;
mod seller;
mod serve;
mod settings;
mod truth;
mod webhooks;

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use region::REGIONS;
use seller::Seller;
use serve::{Shared, serve};

use crate::server::lock;

pub use edits::TicketingEdit;
pub use faults::TicketingFaults;
pub use kind::Category;
pub use options::TicketingOptions;
pub use truth::{
    AgeCount, Answers, BrokenOrder, GenderFix, GroupCount, MixedTeam, Money, Origin, RegionTruth, SeriesUse,
    ShopUse, Totals, TrackedUse, TypeCount,
};
pub use webhooks::{Delivery, Webhook};

/// The running API; dropped, it stops.
#[derive(Debug)]
pub struct Ticketing {
    shared: Arc<Shared>,
    address: SocketAddr,
    /// Dropped with the API, which ends the server.
    _stop: watch::Sender<()>,
}

impl Ticketing {
    /// Generates the sellers and serves them on a free port.
    pub async fn start(options: TicketingOptions) -> io::Result<Ticketing> {
        let sellers = sellers(&options);
        let tokens = sellers.iter().map(|seller| (seller.token.clone(), seller.region.name)).collect();
        let shared = Arc::new(Shared {
            seed: options.seed,
            tokens,
            moved: sellers.iter().map(|_| AtomicU64::new(0)).collect(),
            sellers: sellers.into_iter().map(Mutex::new).collect(),
            faults: Mutex::new(options.faults),
            series_in_docs: options.series_in_docs,
            requests: AtomicU64::new(0),
        });
        let (stop, stopped) = watch::channel(());
        let address = serve(shared.clone(), stopped).await?;
        Ok(Ticketing { shared, address, _stop: stop })
    }

    /// What goes before `/events`, `/tickets` and the others.
    pub fn base_url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// The regions by name.
    pub fn regions(&self) -> Vec<&'static str> {
        self.shared.tokens.iter().map(|(_, name)| *name).collect()
    }

    /// The right answer to every report of a region, as it stands now; nothing for one that there is not.
    pub fn truth(&self, region: &str) -> Option<RegionTruth> {
        let seller = self.seller(region)?;
        Some(truth::truth(&seller))
    }

    /// So many edits of all kinds in a region; says which.
    pub fn mutate(&self, region: &str, edits: usize) -> Vec<TicketingEdit> {
        self.seller(region).map(|mut seller| edits::mutate(&mut seller, edits)).unwrap_or_default()
    }

    /// The region's own time: that of its last edit.
    pub fn now(&self, region: &str) -> Option<DateTime<Utc>> {
        Some(self.seller(region)?.clock)
    }

    /// The waiting webhooks of a region, in order; they wait no more.
    pub fn webhooks(&self, region: &str) -> Vec<Webhook> {
        self.seller(region).map(|mut seller| std::mem::take(&mut seller.outbox)).unwrap_or_default()
    }

    /// Sends the waiting webhooks of a region to a plain HTTP address of this machine; gives the statuses of
    /// the answers.
    pub async fn deliver(&self, region: &str, url: &str, how: &Delivery) -> io::Result<Vec<u16>> {
        webhooks::deliver(self.webhooks(region), url, how).await
    }

    /// What signs a region's webhooks.
    pub fn webhook_secret(&self, region: &str) -> Option<String> {
        Some(self.seller(region)?.webhook_secret.clone())
    }

    /// Replaces the faults from now on.
    pub fn set_faults(&self, faults: TicketingFaults) {
        *lock(&self.shared.faults) = faults;
    }

    /// Requests that there have been so far.
    pub fn requests(&self) -> u64 {
        self.shared.requests.load(Ordering::Relaxed)
    }

    fn seller(&self, region: &str) -> Option<MutexGuard<'_, Seller>> {
        let at = self.shared.tokens.iter().position(|(_, name)| *name == region)?;
        Some(lock(&self.shared.sellers[at]))
    }
}

fn sellers(options: &TicketingOptions) -> Vec<Seller> {
    let regions = options.regions.clamp(1, REGIONS.len());
    let each = options.tickets / regions;
    let mut sellers = Vec::with_capacity(regions);
    for (number, region) in REGIONS.iter().take(regions).enumerate() {
        let tickets = if number == 0 { options.tickets - each * (regions - 1) } else { each };
        let mut seller = Seller::new(region, options.seed, number, options.now);
        programme::programme(&mut seller, options.now);
        coupons::coupons(&mut seller, tickets, options.now);
        buying::sell(&mut seller, tickets, options.now);
        edits::history(&mut seller, tickets);
        seller.outbox.clear();
        sellers.push(seller);
    }
    sellers
}

//! A simulation of the queue: runners as actors on one store, a clock of its own, and every choice from a
//! seed. What happens is held against a model that knows who has what and what was done.
//!
//! `CALLBOARD_SIM_SEED=17` runs one seed and tells what it does; `CALLBOARD_SIM_SEEDS=5000` runs so many.

mod model;
mod pipeline;
pub mod random;
mod world;

use testkit::TempFolder;
use world::World;

use crate::Store;
use crate::tests::kit::{about_files, db, store};

const SEEDS: u64 = 200;

/// Fewer on a server, where each has a schema to be made, and every statement is a message there and back.
fn seeds() -> u64 {
    if about_files() { SEEDS / 4 } else { SEEDS }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Seeds on stores in memory, with failing transactions but without crashes.
#[tokio::test]
async fn whatever_happens_everything_is_done_once() {
    let (first, count) = match number("CALLBOARD_SIM_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("CALLBOARD_SIM_SEEDS").unwrap_or(seeds())),
    };
    for seed in first..first + count {
        let told = Told(seed);
        World::new(seed, store().await, None).run().await;
        std::mem::forget(told);
    }
}

/// The same on files that are left as they are and opened again in the middle.
#[tokio::test]
async fn whatever_happens_and_however_often_it_crashes_everything_is_done_once() {
    let (first, count) = match number("CALLBOARD_SIM_SEED") {
        Some(seed) => (seed, 1),
        None => (0, number("CALLBOARD_SIM_SEEDS").unwrap_or(seeds()) / 12),
    };
    for seed in first..first + count {
        let told = Told(seed);
        let folder = TempFolder::new();
        let store = Store::open(db(&folder)).await.unwrap();
        World::new(seed, store, Some(db(&folder))).run().await;
        std::mem::forget(told);
    }
}

/// Says which seed it was when a test fails.
struct Told(u64);

impl Drop for Told {
    fn drop(&mut self) {
        eprintln!("this was seed {0}: run it alone with CALLBOARD_SIM_SEED={0}", self.0);
    }
}

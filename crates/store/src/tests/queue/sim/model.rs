//! What must be true, kept beside the store: who has which item under which attempt, and what was done.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::random::mix;
use crate::{ItemId, Lease, Phase, RunnerId};

#[derive(Default)]
pub struct Model {
    /// Runner and attempt of what is in hand.
    pub held: BTreeMap<i64, (i64, u32)>,
    /// The last attempt of each item that was leased.
    attempts: HashMap<i64, u32>,
    /// What tells an item apart whatever its number is.
    names: HashMap<i64, u64>,
    /// Items that were done, and stay so.
    pub done: BTreeSet<i64>,
    /// Items that hold others, by name: they may finish anew after a redrive.
    holders: BTreeSet<i64>,
    /// Pieces of work that had their effect.
    pub effects: BTreeSet<u64>,
}

impl Model {
    pub fn leased(&mut self, runner: RunnerId, lease: &Lease, run: u64) {
        let item = lease.item.0;
        assert_eq!(self.held.insert(item, (runner.0, lease.attempt)), None, "leased to two: {lease:?}");
        let before = self.attempts.insert(item, lease.attempt).unwrap_or(0);
        assert!(before < lease.attempt, "an attempt that was there before ({before}): {lease:?}");
        assert!(!self.done.contains(&item), "done already: {lease:?}");
        // The root, which is leased after its children, goes by the name of its run.
        let above = lease.parent.and_then(|parent| self.names.get(&parent.0)).copied().unwrap_or(run);
        let name = lease.step.map_or(run, |step| mix(mix(above, u64::from(step.0)), lease.key as u64));
        self.names.insert(item, name);
        if lease.phase == Phase::Finish {
            self.holders.insert(item);
        }
    }

    pub fn name(&self, item: ItemId) -> u64 {
        self.names[&item.0]
    }

    pub fn holds(&self, runner: RunnerId, lease: &Lease) -> bool {
        self.held.get(&lease.item.0) == Some(&(runner.0, lease.attempt))
    }

    /// It had its effect and is not to be had again.
    pub fn done(&mut self, lease: &Lease) {
        assert!(self.done.insert(lease.item.0), "done twice: {lease:?}");
        if lease.phase == Phase::Start {
            assert!(self.effects.insert(self.name(lease.item)), "entered twice: {lease:?}");
        }
    }

    pub fn lost(&mut self, runner: RunnerId) {
        self.held.retain(|_, (holder, _)| *holder != runner.0);
    }

    /// After a redrive: what holds others may have to finish once more, and what was in hand to finish
    /// may have been taken back.
    pub fn redriven(&mut self, held: &BTreeMap<i64, (i64, u32)>) {
        let holders = &self.holders;
        self.done.retain(|item| !holders.contains(item));
        for item in self.held.keys().filter(|item| !held.contains_key(item)) {
            assert!(holders.contains(item), "item {item} was taken from its runner");
        }
        self.held.retain(|item, _| held.contains_key(item));
    }
}

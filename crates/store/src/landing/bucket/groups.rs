//! The groups of a bucket: the one that fills, the one on its way up, and what became of the last ones.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use model::ContentHash;

use super::super::fault::Fault;
use super::group::Group;

#[derive(Debug, Default)]
pub(super) struct Groups {
    /// The one that fills, and its number.
    pub(super) filling: Group,
    pub(super) number: u64,
    /// The one that is on its way up.
    rising: Option<Arc<Group>>,
    /// Groups up to this number are done with, for good or bad.
    done: u64,
    /// Those of the last groups that did not get through.
    fallen: HashMap<u64, Fault>,
    /// Bodies that did not get through and have not come again since.
    pub(super) lost: HashMap<ContentHash, Fault>,
    /// When one last did not get through.
    pub(super) fell: Option<(Instant, Fault)>,
}

/// Outcomes of so many groups are remembered, and so many lost bodies: whoever waits asks at once.
const REMEMBERED: usize = 64;
const LOST_MAX: usize = 100_000;

impl Groups {
    /// True when the body is on its way.
    pub(super) fn gathers(&self, hash: ContentHash) -> bool {
        let rising = self.rising.as_ref().is_some_and(|group| group.spots.contains_key(&hash));
        rising || self.filling.spots.contains_key(&hash)
    }

    pub(super) fn packed(&self, hash: ContentHash) -> Option<Bytes> {
        let rising = self.rising.as_ref().and_then(|group| group.packed(hash));
        rising.or_else(|| self.filling.packed(hash)).map(Bytes::copy_from_slice)
    }

    /// The group to bring up for whoever waits for this `number`; none when that is done with.
    pub(super) fn next(&mut self, number: u64) -> Result<Option<Arc<Group>>, Fault> {
        if self.done > number {
            return self.fallen.get(&number).map_or(Ok(None), |fault| Err(fault.clone()));
        }
        if self.filling.is_empty() {
            return Ok(None);
        }
        let group = Arc::new(std::mem::take(&mut self.filling));
        self.number += 1;
        self.rising = Some(group.clone());
        Ok(Some(group))
    }

    /// The group that was rising is up, or has fallen.
    pub(super) fn ended(&mut self, group: &Group, fault: Option<Fault>) -> Result<(), Fault> {
        self.rising = None;
        self.done = self.number;
        let Some(fault) = fault else {
            self.fell = None;
            return Ok(());
        };
        if self.lost.len() > LOST_MAX {
            self.lost.clear();
        }
        let again = group.spots.keys().filter(|hash| !self.filling.spots.contains_key(hash));
        self.lost.extend(again.map(|hash| (*hash, fault.clone())));
        self.fallen.retain(|number, _| *number + REMEMBERED as u64 > self.number);
        self.fallen.insert(self.number - 1, fault.clone());
        self.fell = Some((Instant::now(), fault.clone()));
        Err(fault)
    }
}

//! Acks wait here until they are entered together. Those of a call whose children are to be kept in
//! order wait for the ones before them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use store::{Ack, ItemId};

use super::Share;
use super::execute::Executed;

/// A group is entered when it holds so many acks or records, or is so old. While one is being entered
/// the next one fills.
const ACKS: usize = 250;
const RECORDS: usize = 2_000;
const AGE: Duration = Duration::from_millis(100);

/// What waits to be entered.
#[derive(Default)]
pub(super) struct Buffer {
    acks: Vec<Ack>,
    shares: Vec<Share>,
    records: usize,
    since: Option<Instant>,
    /// For each call whose children are kept in order: those in hand, and those that are done early.
    ordered: HashMap<ItemId, Ordered>,
}

#[derive(Default)]
struct Ordered {
    in_hand: BTreeSet<ItemId>,
    early: BTreeMap<ItemId, Executed>,
}

impl Buffer {
    /// An item of the call `holder`, whose children are kept in order, is in hand.
    pub(super) fn expect(&mut self, holder: ItemId, item: ItemId) {
        self.ordered.entry(holder).or_default().in_hand.insert(item);
    }

    /// Takes what came of an item; `holder` for one that was expected.
    pub(super) fn take(&mut self, executed: Executed, holder: Option<ItemId>) {
        let Some(holder) = holder else { return self.push(executed) };
        let ordered = self.ordered.entry(holder).or_default();
        ordered.early.insert(executed.ack.item, executed);
        let mut next = Vec::new();
        while let Some(first) = ordered.in_hand.first().copied() {
            let Some(executed) = ordered.early.remove(&first) else { break };
            ordered.in_hand.remove(&first);
            next.push(executed);
        }
        if ordered.in_hand.is_empty() {
            self.ordered.remove(&holder);
        }
        next.into_iter().for_each(|executed| self.push(executed));
    }

    fn push(&mut self, executed: Executed) {
        self.records += executed.records;
        self.acks.push(executed.ack);
        self.shares.push(executed.share);
        self.since.get_or_insert_with(Instant::now);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.acks.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.acks.len()
    }

    /// True when no more is to be begun before some of it is entered.
    pub(super) fn is_full(&self) -> bool {
        self.acks.len() >= ACKS || self.records >= RECORDS || self.early() >= ACKS
    }

    /// True when it is time to enter it; `starving` when there is nothing else to begin.
    pub(super) fn is_due(&self, starving: bool) -> bool {
        !self.is_empty()
            && (starving || self.is_full() || self.since.is_some_and(|since| since.elapsed() >= AGE))
    }

    /// When it will be so old that it is entered.
    pub(super) fn due_in(&self) -> Option<Duration> {
        self.since.map(|since| AGE.saturating_sub(since.elapsed()))
    }

    /// Everything that waits, in order, and the room that it has.
    pub(super) fn drain(&mut self) -> (Vec<Ack>, Vec<Share>) {
        (self.records, self.since) = (0, None);
        let mut shares = std::mem::take(&mut self.shares);
        shares.retain(|share| !share.is_none());
        (std::mem::take(&mut self.acks), shares)
    }

    fn early(&self) -> usize {
        self.ordered.values().map(|ordered| ordered.early.len()).sum()
    }
}

#[cfg(test)]
mod tests {
    use store::{Ending, Siblings};

    use super::*;

    fn executed(item: i64) -> Executed {
        let ack = Ack {
            item: ItemId(item),
            attempt: 1,
            elapsed_ms: 0,
            ending: Ending::Done { output: None },
            documents: Vec::new(),
            follow: Vec::new(),
            left_out: 0,
            siblings: Siblings::default(),
            step: None,
            run: None,
            audit: Vec::new(),
        };
        Executed { ack, records: 0, share: Share::default() }
    }

    fn items(buffer: &mut Buffer) -> Vec<i64> {
        buffer.drain().0.into_iter().map(|ack| ack.item.0).collect()
    }

    #[test]
    fn what_is_to_be_kept_in_order_waits_for_what_is_before_it() {
        let mut buffer = Buffer::default();
        let holder = Some(ItemId(1));
        (10..14).for_each(|item| buffer.expect(ItemId(1), ItemId(item)));
        buffer.take(executed(11), holder);
        buffer.take(executed(13), holder);
        buffer.take(executed(99), None);
        assert_eq!(items(&mut buffer), [99]);
        buffer.take(executed(10), holder);
        assert_eq!(items(&mut buffer), [10, 11]);
        buffer.take(executed(12), holder);
        assert_eq!(items(&mut buffer), [12, 13]);
        assert!(buffer.ordered.is_empty());
    }
}

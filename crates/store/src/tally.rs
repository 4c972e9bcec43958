//! Counting each row once per run, however many documents state it. One byte a row, addressed by
//! its number, so that a run over millions of rows stays within megabytes.

use std::collections::BTreeMap;

use model::Kind;

use crate::Counts;

/// What a run did to a row; a later, stronger one replaces a weaker one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    Unchanged = 1,
    Changed = 2,
    New = 3,
}

/// What one run has counted so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    fates: BTreeMap<Kind, Vec<u8>>,
}

impl Tally {
    /// Counts `fate` for a row, and gives what that adds to the totals.
    pub(crate) fn count(&mut self, kind: Kind, rid: i64, fate: Fate, counts: &mut Counts) {
        let fates = self.fates.entry(kind).or_default();
        let index = usize::try_from(rid).unwrap_or(0);
        if fates.len() <= index {
            fates.resize((index + 1).max(fates.len() * 2), 0);
        }
        let before = fates[index];
        fates[index] = before.max(fate as u8);
        if before == 0 {
            counts.read += 1;
        } else if before >= fate as u8 {
            return;
        } else if before == Fate::Unchanged as u8 {
            counts.unchanged -= 1;
        } else {
            counts.changed -= 1;
        }
        match fate {
            Fate::Unchanged => counts.unchanged += 1,
            Fate::Changed => counts.changed += 1,
            Fate::New => counts.new += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_fate_counts_and_only_once() {
        let check = |fates: &[Fate], expected: (i64, i64, i64)| {
            let (mut tally, mut counts) = (Tally::default(), Counts::default());
            for fate in fates {
                tally.count(Kind::Event, 7, *fate, &mut counts);
            }
            assert_eq!((counts.new, counts.changed, counts.unchanged), expected, "{fates:?}");
            assert_eq!(counts.read, 1);
        };
        check(&[Fate::Unchanged, Fate::Unchanged], (0, 0, 1));
        check(&[Fate::Unchanged, Fate::Changed, Fate::Unchanged], (0, 1, 0));
        check(&[Fate::New, Fate::Changed], (1, 0, 0));
    }
}

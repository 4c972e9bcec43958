//! Sets of steps as bits: who comes before whom, for as many steps as a file may hold.

use super::StepNo;

/// A set of steps.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepSet(Vec<u64>);

impl StepSet {
    /// Puts one in.
    pub fn insert(&mut self, no: StepNo) {
        let word = no.index() / 64;
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (no.index() % 64);
    }

    /// Whether it is in.
    pub fn contains(&self, no: StepNo) -> bool {
        self.0.get(no.index() / 64).is_some_and(|word| word & (1 << (no.index() % 64)) != 0)
    }

    /// Puts all of another set in.
    pub fn join(&mut self, other: &StepSet) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(own, more)| *own |= more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_what_was_put_in() {
        let mut set = StepSet::default();
        let mut more = StepSet::default();
        set.insert(StepNo(3));
        more.insert(StepNo(200));
        set.join(&more);
        let held: Vec<u32> = (0..300).filter(|no| set.contains(StepNo(*no))).collect();
        assert_eq!(held, [3, 200]);
    }
}

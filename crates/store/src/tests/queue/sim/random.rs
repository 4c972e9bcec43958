//! Choices from a seed.

/// A small generator: enough for tests, and the same everywhere.
pub struct Random(u64);

impl Random {
    pub fn of(seed: u64) -> Random {
        Random(mix(seed, 0x5eed))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0, 0)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// True once in `of`.
    pub fn once_in(&mut self, of: usize) -> bool {
        self.below(of) == 0
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        from.get(self.below(from.len()))
    }
}

/// One number from two, the same each time.
pub fn mix(one: u64, other: u64) -> u64 {
    let mut mixed = one ^ other.wrapping_add(1).wrapping_mul(0xff51_afd7_ed55_8ccd);
    for factor in [0xbf58_476d_1ce4_e5b9_u64, 0x94d0_49bb_1331_11eb] {
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(factor);
    }
    mixed ^ (mixed >> 31)
}

//! How many elements of a `for_each` may fail, as in the Map state of AWS Step Functions: a percentage
//! of all elements, a number of them, and whichever is passed first ends it.

use serde::{Deserialize, Serialize};

/// Which failures among the elements are borne. Neither percentage nor count: none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Tolerance {
    /// Percentage of all elements.
    pub percentage: Option<f64>,
    /// Number of elements.
    pub count: Option<u64>,
    /// Elements that must have ended before anything is judged; all of them where there are fewer.
    pub minimum_sample: u64,
}

/// What is said of it while the run is on; the rest stays as declared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ToleranceChange {
    /// Percentage of all elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percentage: Option<f64>,
    /// Number of elements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Elements that must have ended before anything is judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_sample: Option<u64>,
}

impl Tolerance {
    /// As it is after a change.
    pub fn changed(self, change: ToleranceChange) -> Tolerance {
        Tolerance {
            percentage: change.percentage.or(self.percentage),
            count: change.count.or(self.count),
            minimum_sample: change.minimum_sample.unwrap_or(self.minimum_sample),
        }
    }

    /// Whether more elements have failed than is borne. `total` is the number of all elements; where it
    /// is not known, the percentage is of those that ended so far.
    pub fn exceeded(&self, total: Option<u64>, ended: u64, failed: u64) -> bool {
        let sample = total.map_or(self.minimum_sample, |total| self.minimum_sample.min(total));
        if failed == 0 || ended < sample {
            return false;
        }
        let too_many = self.count.is_some_and(|count| failed > count);
        let all = total.unwrap_or(ended).max(failed);
        let too_much = self.percentage.is_some_and(|most| failed as f64 * 100.0 > most * all as f64);
        too_many || too_much || (self.count.is_none() && self.percentage.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whichever_is_passed_first_counts() {
        let percent = Tolerance { percentage: Some(10.0), ..Tolerance::default() };
        assert!(!percent.exceeded(Some(30), 3, 3));
        assert!(percent.exceeded(Some(30), 4, 4));
        let count = Tolerance { count: Some(2), ..Tolerance::default() };
        assert!(!count.exceeded(Some(30), 30, 2) && count.exceeded(Some(30), 3, 3));
        let both = Tolerance { percentage: Some(50.0), count: Some(2), minimum_sample: 0 };
        assert!(both.exceeded(Some(30), 5, 3) && both.exceeded(Some(3), 3, 2));
    }

    #[test]
    fn without_a_tolerance_one_failure_is_too_many() {
        assert!(Tolerance::default().exceeded(Some(100), 1, 1));
        assert!(!Tolerance::default().exceeded(Some(100), 100, 0));
        let none = Tolerance { percentage: Some(0.0), ..Tolerance::default() };
        assert!(none.exceeded(Some(100), 1, 1));
        let all = Tolerance { percentage: Some(100.0), ..Tolerance::default() };
        assert!(!all.exceeded(Some(7), 7, 7) && !all.exceeded(None, 7, 7));
    }

    #[test]
    fn nothing_is_judged_before_the_sample_but_a_short_list_is_judged_at_its_end() {
        let tolerance = Tolerance { percentage: Some(10.0), count: None, minimum_sample: 20 };
        assert!(!tolerance.exceeded(Some(100), 19, 19));
        assert!(tolerance.exceeded(Some(100), 20, 20));
        assert!(tolerance.exceeded(Some(5), 5, 1));
        assert!(tolerance.exceeded(None, 20, 3) && !tolerance.exceeded(None, 20, 2));
    }
}

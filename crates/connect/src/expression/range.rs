//! `range(n)`: whole numbers without a list of them. Ours in place of Jinja's, whose limit would keep a
//! pipeline from going over a million elements, and which no caller could tell from any other list.

use std::sync::Arc;

use minijinja::value::{Enumerator, Object, ObjectRepr, Value};
use minijinja::{Error, ErrorKind};

/// How many of its numbers an expression may turn into a list.
const MOST_LISTED: u64 = 100_000;

/// The numbers from `first` on, `step` apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    first: i64,
    step: i64,
    len: u64,
}

impl Range {
    /// As `range(lower, upper, step)` in Jinja: the upper end is left out.
    pub fn new(lower: i64, upper: Option<i64>, step: Option<i64>) -> Result<Range, Error> {
        let (first, end) = upper.map_or((0, lower), |upper| (lower, upper));
        let step = step.unwrap_or(1);
        if step == 0 {
            return Err(Error::new(ErrorKind::InvalidOperation, "`range` cannot go in steps of 0"));
        }
        let span = i128::from(end) - i128::from(first);
        let step_wide = i128::from(step);
        let len =
            if (span > 0) == (step > 0) { (span.abs() + step_wide.abs() - 1) / step_wide.abs() } else { 0 };
        Ok(Range { first, step, len: u64::try_from(len).unwrap_or(u64::MAX) })
    }

    /// How many numbers.
    pub fn len(self) -> u64 {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }

    /// The number at `index`.
    pub fn get(self, index: u64) -> Option<i64> {
        let beyond = i128::from(self.first) + i128::from(self.step) * i128::from(index);
        (index < self.len).then_some(beyond).and_then(|number| i64::try_from(number).ok())
    }
}

impl Object for Range {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        self.get(u64::try_from(key.as_i64()?).ok()?).map(Value::from)
    }

    /// A range too long for a list gives an error in place of its elements; `for_each` walks it by
    /// [`Range::get`].
    fn enumerate(self: &Arc<Self>) -> Enumerator {
        if self.len > MOST_LISTED {
            let message =
                format!("a range of {} numbers is for `for_each`; a list holds {MOST_LISTED}", self.len);
            return Enumerator::Values(vec![Value::from(Error::new(ErrorKind::InvalidOperation, message))]);
        }
        let range = **self;
        Enumerator::Iter(Box::new((0..range.len).filter_map(move |index| range.get(index)).map(Value::from)))
    }

    fn enumerator_len(self: &Arc<Self>) -> Option<usize> {
        usize::try_from(self.len).ok()
    }
}

/// The function that expressions call.
pub(super) fn range(lower: i64, upper: Option<i64>, step: Option<i64>) -> Result<Value, Error> {
    Ok(Value::from_object(Range::new(lower, upper, step)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_as_jinja_does() {
        let numbers = |lower, upper, step| {
            let range = Range::new(lower, upper, step).unwrap();
            (0..range.len()).filter_map(|index| range.get(index)).collect::<Vec<_>>()
        };
        assert_eq!(numbers(4, None, None), [0, 1, 2, 3]);
        assert_eq!(numbers(1, Some(10), Some(4)), [1, 5, 9]);
        assert_eq!(numbers(10, Some(1), Some(-4)), [10, 6, 2]);
        assert!(numbers(10, Some(1), None).is_empty() && numbers(-3, None, None).is_empty());
        assert!(Range::new(1, None, Some(0)).is_err());
        assert_eq!(Range::new(i64::MIN, Some(i64::MAX), None).unwrap().len(), u64::MAX);
    }
}

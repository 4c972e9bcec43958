//! Lenient JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = connect::format::json::lenient(text);
});

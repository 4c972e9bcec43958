//! JSON-LD blocks of a page.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = connect::format::jsonld::events(text);
});

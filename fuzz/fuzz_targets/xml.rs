//! XML as JSON, repaired.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = connect::format::xml::read_json(bytes, None);
});

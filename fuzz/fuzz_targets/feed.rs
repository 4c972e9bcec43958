//! RSS and Atom.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = connect::format::feed::read(&callboard_fuzz::document(bytes), &callboard_fuzz::options());
});

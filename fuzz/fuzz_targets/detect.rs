//! Whatever it is, told from its content and read.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = connect::detect::read(&callboard_fuzz::document(bytes), &callboard_fuzz::options());
});

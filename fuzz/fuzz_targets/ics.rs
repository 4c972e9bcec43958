//! Calendars: reading and counting.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = connect::format::ics::read(&callboard_fuzz::document(bytes), &callboard_fuzz::options());
    let _ = connect::format::ics::count(bytes);
});

//! Comma-separated values.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = connect::format::csv::rows(text, &connect::format::csv::CsvOptions::default());
});

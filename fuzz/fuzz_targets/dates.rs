//! Dates as people write them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    use connect::value::date;
    let hints = date::Hints::default();
    let _ = (date::read(text, &hints), date::read_span(text, &hints), date::read_times(text));
});

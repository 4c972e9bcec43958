//! Times, zones, money and text as people write them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    use connect::value;
    let when = value::time::read(text);
    let _ = (when.instant(), value::time::instant(text), value::zone::by_name(text));
    let _ = (value::money::read_price(text), value::money::read_range(text));
    let _ = (value::text::from_html(text), value::text::decode_entities(text));
});

//! hCalendar and h-event of a page.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = connect::format::microformats::events(&scraper::Html::parse_document(text));
});

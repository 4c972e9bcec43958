//! Manifests: lint, and reading a small page with what loads.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    use connect::{Connector, Params};
    if let Ok(manifest) = connect::manifest::load("fuzz.yaml", text) {
        let page = callboard_fuzz::document(b"<ul><li><b>Title</b> May 3, 2026 7pm</li></ul>");
        let _ = manifest.read(&page, &Params::default(), &callboard_fuzz::options());
    }
});

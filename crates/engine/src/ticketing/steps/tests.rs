//! The pipelines that ship, and those of the systems before, as files.

use super::super::PIPELINES;
use crate::pipeline::load;

#[test]
fn pipelines_that_ship_are_in_order() {
    for (name, text) in PIPELINES {
        let loaded = load(name, text).unwrap_or_else(|faults| panic!("{name}: {faults:#?}"));
        assert!(loaded.warnings.is_empty(), "{name}: {:?}", loaded.warnings);
        assert_eq!(loaded.pipeline.name, name);
    }
}

#[test]
fn recorded_pipelines_run_as_they_are() {
    let folder = "data/vivenu/kinglarce_sales-event-salamander";
    for name in ["pipeline_default.yaml", "pipeline_minimal.yaml", "pipeline_parallel.yaml"] {
        let Some(bytes) = testkit::recorded_bytes(&format!("{folder}/{name}")) else { return };
        let text = String::from_utf8(bytes).unwrap();
        let loaded = load(name, &text).unwrap_or_else(|faults| panic!("{name}: {faults:#?}"));
        assert!(loaded.warnings.is_empty(), "{name}: {:?}", loaded.warnings);
    }
}

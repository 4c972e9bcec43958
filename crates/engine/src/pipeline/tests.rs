use super::*;

#[test]
fn the_recorded_files_load_unchanged() {
    let mut counted = 0;
    for path in testkit::recorded_files("data/vivenu/kinglarce_sales-event-salamander", &[".yaml"]) {
        let text = std::fs::read_to_string(&path).unwrap();
        let loaded =
            load("pipeline.yaml", &text).unwrap_or_else(|faults| panic!("{}: {faults:?}", path.display()));
        let functions = loaded.plan.functions();
        assert_eq!(loaded.warnings.len(), functions.len(), "one warning for each function that is not there");
        assert!(loaded.warnings.iter().all(|warning| warning.message.contains("a later version brings it")));
        assert_eq!(loaded.plan.steps[0].max_retries, 3);
        assert_eq!(loaded.plan.steps[1].timeout, Some(std::time::Duration::from_secs(1800)));
        counted += 1;
    }
    assert!(counted == 3 || testkit::recorded("data/vivenu").is_none());
}

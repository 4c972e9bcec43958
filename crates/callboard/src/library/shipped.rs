//! Pipelines that ship with the program, found by name where the folder of pipelines has none of it.

use engine::pipeline::Pipeline;
use serde_json::Value;

/// Name and text of each.
const SHIPPED: [(&str, &str); 1] = [("tag", include_str!("tag.yaml"))];

/// Name and text of the pipeline that is called so. One that `PIPELINE_SCHEDULE` (with `PIPELINE_TIMEZONE`) gives
/// a schedule states it; those of ticketing have none of their own.
pub fn find(wanted: &str) -> Option<(&'static str, String)> {
    let Some((name, text)) = SHIPPED.iter().find(|(known, _)| *known == wanted) else {
        return engine::ticketing::pipeline(wanted).map(|(name, text)| (name, text.to_owned()));
    };
    let schedule = env("PIPELINE_SCHEDULE").filter(|cron| !cron.eq_ignore_ascii_case("disabled"));
    let text = match schedule {
        Some(cron) => scheduled(text, &cron, &env("PIPELINE_TIMEZONE").unwrap_or_else(|| "UTC".to_owned())),
        None => (*text).to_owned(),
    };
    Some((*name, text))
}

/// Parameters of crawls, and the variables that set them where nothing else does; the first that is there.
const VARIABLES: [(&str, &[&str]); 4] = [
    ("categories", &["PIPELINE_CATEGORIES"]),
    ("delay", &["PIPELINE_DELAY", "RATE_LIMIT_DELAY"]),
    ("max_retries", &["PIPELINE_MAX_RETRIES"]),
    ("retry_backoff", &["PIPELINE_RETRY_BACKOFF"]),
];

/// Makes what variables say the defaults of its parameters. So that is part of a run from its beginning: runners on
/// other machines may have other variables.
pub fn with_environment(pipeline: &mut Pipeline) {
    for (name, variables) in VARIABLES {
        let said = variables.iter().find_map(|variable| env(variable));
        let param = pipeline.params.get_mut(name).and_then(Value::as_object_mut);
        if let (Some(param), Some(said)) = (param, said) {
            param.insert("default".to_owned(), said.into());
        }
    }
}

/// The names of those that can have a schedule.
pub fn names() -> impl Iterator<Item = &'static str> {
    SHIPPED.iter().map(|(name, _)| *name)
}

fn env(name: &str) -> Option<String> {
    std::env::var(name).ok().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
}

/// JSON texts are YAML too.
fn scheduled(text: &str, cron: &str, timezone: &str) -> String {
    let schedule = serde_json::json!({"cron": cron, "timezone": timezone});
    format!("{text}schedule: {schedule}\n")
}

#[cfg(test)]
mod tests {
    use engine::pipeline::load;

    use super::*;

    #[test]
    fn every_shipped_pipeline_is_without_fault_also_with_a_schedule() {
        for (name, text) in SHIPPED {
            let loaded = load(name, text).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
            assert_eq!((loaded.pipeline.name.as_str(), loaded.warnings), (name, vec![]));
            let text = scheduled(text, "0 2 * * 0", "Europe/Berlin");
            let loaded = load(name, &text).unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
            assert!(loaded.pipeline.schedule.is_some());
        }
    }
}

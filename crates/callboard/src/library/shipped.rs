//! Pipelines that ship with the program, found by name where the folder of pipelines has none of it.

use engine::pipeline::Pipeline;
use engine::schedule;
use serde_json::Value;

use super::numbers::{factor, seconds, times};

/// Name and text of each.
const SHIPPED: [(&str, &str); 1] = [("tag", include_str!("tag.yaml"))];

/// Name and text of the pipeline that is called so. One that `PIPELINE_SCHEDULE` (with `PIPELINE_TIMEZONE`) gives
/// a schedule states it; those of ticketing have none of their own.
pub fn find(wanted: &str) -> Option<(&'static str, String)> {
    let Some((name, text)) = SHIPPED.iter().find(|(known, _)| *known == wanted) else {
        return engine::ticketing::pipeline(wanted).map(|(name, text)| (name, text.to_owned()));
    };
    let text = match stated_schedule() {
        Some(cron) => scheduled(text, &cron, &env(TIMEZONE).unwrap_or_else(|| "UTC".to_owned())),
        None => (*text).to_owned(),
    };
    Some((*name, text))
}

const SCHEDULE: &str = "PIPELINE_SCHEDULE";
const TIMEZONE: &str = "PIPELINE_TIMEZONE";

/// Whether variables give those that ship a schedule.
pub fn have_schedule() -> bool {
    stated_schedule().is_some()
}

fn stated_schedule() -> Option<String> {
    env(SCHEDULE).filter(|cron| !cron.eq_ignore_ascii_case("disabled"))
}

/// What is wrong with the variables of the schedule of `name`, in words that name the variable: the text that
/// they become part of is no file of the user's.
pub fn check_schedule(name: &str) -> Result<(), String> {
    if !names().any(|known| known == name) {
        return Ok(());
    }
    if let Some(cron) = stated_schedule() {
        let wrong = |why| format!("{SCHEDULE} is no schedule: {why}; `disabled` is none");
        schedule::parse(&cron, None).map_err(wrong)?;
    }
    let zone = env(TIMEZONE);
    let wrong = |why| format!("{TIMEZONE}: {why}");
    schedule::parse("@daily", zone.as_deref()).map(drop).map_err(wrong)
}

/// Whether a text can be what a parameter is; else what it should be.
type Fits = fn(&str) -> Result<(), String>;

/// Parameters of crawls, and the variables that set them where nothing else does; the first that is there.
const VARIABLES: [(&str, &[&str], Fits); 4] = [
    ("categories", &["PIPELINE_CATEGORIES"], |_| Ok(())),
    ("delay", &["PIPELINE_DELAY", "RATE_LIMIT_DELAY"], |text| seconds(text).map(drop)),
    ("max_retries", &["PIPELINE_MAX_RETRIES"], |text| times(text).map(drop)),
    ("retry_backoff", &["PIPELINE_RETRY_BACKOFF"], |text| factor(text).map(drop)),
];

/// Makes what variables say the defaults of its parameters. So that is part of a run from its beginning: runners on
/// other machines may have other variables.
pub fn with_environment(pipeline: &mut Pipeline) -> Result<(), String> {
    for (name, variables, fits) in VARIABLES {
        let said = variables.iter().find_map(|variable| Some((variable, env(variable)?)));
        let param = pipeline.params.get_mut(name).and_then(Value::as_object_mut);
        if let (Some(param), Some((variable, said))) = (param, said) {
            fits(&said).map_err(|what| format!("{variable} is {said:?}: give it {what}"))?;
            param.insert("default".to_owned(), said.into());
        }
    }
    Ok(())
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

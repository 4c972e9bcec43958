//! The regions of ticketing, from the environment and from `callboard.yaml`: read in every spelling of the
//! systems before, and made origins of a run, one for each list of each region.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use engine::ticketing::{self, Region, RegionConfig, RegionDefaults, Written};
use model::mask;
use secrecy::ExposeSecret;
use serde_json::Value;

use crate::config::Config;
use crate::output::usage;

/// What the variables of a region begin with: `EVENT_CONFIGS__hong_kong__token`.
const PREFIX: &str = "EVENT_CONFIGS__";

/// The regions that are configured; an error says everything that is wrong with any of them.
pub fn load(config: &Config) -> Result<Vec<RegionConfig>> {
    let mut written = of_file(config.text("regions"))?;
    for (name, value) in environment() {
        of_variable(&mut written, &name, value);
    }
    let said = |key: &str| config.text(key).map(str::to_owned);
    let defaults = RegionDefaults { base_url: said("vivenu_base_url"), token: said("vivenu_api_token") };
    ticketing::read(&written, &defaults).map_err(|faults| usage(faults.to_string()))
}

/// Where the files of regions are.
pub fn files(config: &Config) -> PathBuf {
    config.text("ticketing_files").unwrap_or(ticketing::ground::FOLDER).into()
}

/// The variables of the environment that are text.
fn environment() -> impl Iterator<Item = (String, String)> {
    let text =
        |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text)
}

/// The parameters of each region in `regions:`.
fn of_file(text: Option<&str>) -> Result<Written> {
    let Some(text) = text else { return Ok(Written::new()) };
    let wrong = || usage("setting regions: it is `{NAME: {token: …, event_id: …}}`, a region for each name");
    let regions: BTreeMap<String, BTreeMap<String, Value>> =
        serde_json::from_str(text).map_err(|_| wrong())?;
    let text = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    let mut written = Written::new();
    for (region, values) in regions {
        let values = values.into_iter().filter(|(_, value)| !value.is_null());
        let read = values.map(|(name, value)| Some((name, text(value)?))).collect::<Option<_>>();
        written.insert(Region::name_of(&region), read.ok_or_else(wrong)?);
    }
    Ok(written)
}

/// Region and parameter that a variable is for, as they are written in it.
fn named_by(variable: &str) -> Option<(&str, &str)> {
    variable.get(..PREFIX.len()).filter(|head| head.eq_ignore_ascii_case(PREFIX))?;
    let parts = variable.get(PREFIX.len()..)?.split_once("__");
    parts.filter(|(region, param)| !region.is_empty() && !param.is_empty())
}

/// A variable of the environment wins over the file.
fn of_variable(written: &mut Written, name: &str, value: String) {
    let Some((region, param)) = named_by(name) else { return };
    let values = written.entry(Region::name_of(region)).or_default();
    values.retain(|known, _| !known.eq_ignore_ascii_case(param));
    values.insert(param.to_lowercase(), value);
}

/// A variable that says something of a region, as it may be shown.
pub struct Variable {
    /// `regions.REGION.PARAMETER`.
    pub setting: String,
    /// Its value; masked where it is a credential.
    pub value: String,
    /// Its name.
    pub name: String,
}

/// What the environment says of regions, by region and parameter.
pub fn variables() -> Vec<Variable> {
    let mut all: Vec<Variable> = environment().filter_map(|(name, value)| variable(name, &value)).collect();
    all.sort_by(|a, b| a.setting.cmp(&b.setting));
    all
}

fn variable(name: String, value: &str) -> Option<Variable> {
    let (region, param) = named_by(&name)?;
    let param = param.to_lowercase();
    let setting = format!("regions.{}.{param}", Region::name_of(region));
    let value = match mask::names_credential(&param) {
        true => mask::MASK.to_owned(),
        false => mask::text(value).into_owned(),
    };
    Some(Variable { setting, value, name })
}

/// What `regions:` may be shown as: whatever is a credential in it is masked.
pub fn shown(text: &str) -> String {
    let Ok(mut regions) = serde_json::from_str::<Value>(text) else { return mask::MASK.to_owned() };
    for values in regions.as_object_mut().into_iter().flat_map(|regions| regions.values_mut()) {
        for (name, value) in values.as_object_mut().into_iter().flatten() {
            if mask::names_credential(name) {
                *value = mask::MASK.into();
            }
        }
    }
    regions.to_string()
}

/// What is asked of the connector for one list of one region.
pub struct Asking {
    /// `NAME=VALUE` each, the token too.
    pub params: Vec<String>,
    /// The source its records are kept under.
    pub source: Option<String>,
}

/// One asking for each list of each region that `given` names; where it names none, one for each list.
pub fn askings(
    regions: impl FnOnce() -> Result<Vec<RegionConfig>>,
    given: &[String],
    source: Option<&str>,
) -> Result<Vec<Asking>> {
    let value = |name: &str| given.iter().find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    let parts: Vec<String> = match value("part") {
        Some(part) => part.split(',').map(|part| part.trim().to_owned()).collect(),
        None => connect::sources::vivenu::PARTS.iter().map(|part| (*part).to_owned()).collect(),
    };
    let rest: Vec<String> = given
        .iter()
        .filter(|pair| !pair.starts_with("part=") && !pair.starts_with("region="))
        .cloned()
        .collect();
    let mut bases = Vec::new();
    match value("region") {
        Some(names) => {
            for one in named(regions()?, names)? {
                let own = own_params(&one, &rest);
                bases
                    .push((own, Some(source.map_or_else(|| one.region.source().to_string(), str::to_owned))));
            }
        }
        None => bases.push((rest, source.map(str::to_owned))),
    }
    let mut askings = Vec::new();
    for (params, source) in bases {
        for part in &parts {
            let params = params.iter().cloned().chain([format!("part={part}")]).collect();
            askings.push(Asking { params, source: source.clone() });
        }
    }
    Ok(askings)
}

/// How such an asking is called.
pub fn label(params: &connect::Params) -> String {
    let said = |name: &str| params.plain.get(name).and_then(Value::as_str);
    let whose = said("region").or(said("event"));
    let words = [Some(ticketing::CONNECTOR), whose, said("part")];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

fn named(all: Vec<RegionConfig>, names: &str) -> Result<Vec<RegionConfig>> {
    let names: Vec<String> = match names.trim() {
        "all" if all.is_empty() => return Ok(all),
        "all" => Vec::new(),
        names => names.split(',').map(|name| name.trim().to_owned()).collect(),
    };
    ticketing::chosen(all, &names).map_err(usage)
}

/// What was given, and what the region has for the rest.
fn own_params(one: &RegionConfig, given: &[String]) -> Vec<String> {
    let region = &one.region;
    let mut params = given.to_vec();
    let mut add = |name: &str, value: &str| {
        if !given.iter().any(|pair| pair.split_once('=').is_some_and(|(known, _)| known == name)) {
            params.push(format!("{name}={value}"));
        }
    };
    add("region", &region.name);
    add("event", &region.event_id);
    add("base_url", region.base_url.as_str());
    add("token", one.secrets.token.expose_secret());
    if let Some(url) = &region.scans_url {
        add("scans_url", url);
    }
    let fields: Vec<String> =
        region.fields.iter().map(|(column, answer)| format!("{column}={answer}")).collect();
    if !fields.is_empty() {
        add("fields", &fields.join(","));
    }
    params
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_win_over_the_file_in_any_spelling() {
        let mut written =
            of_file(Some(r#"{"Hong Kong": {"token": "a", "max_capacity": 9000}}"#)).expect("readable");
        of_variable(&mut written, "event_configs__hong_kong__TOKEN", "b".to_owned());
        of_variable(&mut written, "EVENT_CONFIGS__hong_kong__event_id", "e".to_owned());
        of_variable(&mut written, "EVENT_CONFIG", "x".to_owned());
        let values: Vec<(&str, &str)> =
            written["hong-kong"].iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(values, [("event_id", "e"), ("max_capacity", "9000"), ("token", "b")]);
        assert!(of_file(Some(r#"{"a": ["b"]}"#)).is_err());
    }

    #[test]
    fn tokens_are_masked_wherever_regions_are_shown() {
        let shown = shown(r#"{"a": {"token": "hush", "webhook_secret": "still", "event_id": "e1"}}"#);
        assert!(!shown.contains("hush") && !shown.contains("still") && shown.contains("e1"), "{shown}");
        let of = |name: &str, value: &str| {
            let told = variable(name.to_owned(), value)?;
            Some((told.setting, told.value))
        };
        let masked = Some(("regions.hong-kong.token".to_owned(), mask::MASK.to_owned()));
        assert_eq!(of("EVENT_CONFIGS__Hong_Kong__TOKEN", "hush"), masked);
        let plain = Some(("regions.hong-kong.event_id".to_owned(), "e1".to_owned()));
        assert_eq!(
            (of("event_configs__hong_kong__event_id", "e1"), of("EVENT_CONFIGS__x", "e1")),
            (plain, None)
        );
    }

    #[test]
    fn each_list_of_each_region_is_asked_for_by_itself() {
        let written = of_file(Some(
            r#"{"a": {"token": "t", "event_id": "e1"}, "b": {"token": "u", "event_id": "e2"}}"#,
        ));
        let regions =
            || Ok(ticketing::read(&written.expect("readable"), &RegionDefaults::default()).expect("right"));
        let given = ["region=all".to_owned(), "part=tickets,scans".to_owned(), "event=other".to_owned()];
        let askings = askings(regions, &given, None).expect("askings");
        assert_eq!(askings.len(), 4);
        assert_eq!(askings[2].source.as_deref(), Some("vivenu/b"));
        let has = |pair: &str| askings[2].params.iter().any(|known| known == pair);
        assert!(has("token=u") && has("event=other") && has("part=tickets") && !has("event=e2"));
    }
}

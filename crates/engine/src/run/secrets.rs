//! Values of secret parameters. No store keeps them: each process that works on a run has them from
//! whoever started it (`--set`) or from its own environment.

use serde_json::{Map, Value};

use super::RunError;
use crate::pipeline::Pipeline;

/// The variable that may hold the value of the secret parameter `name`: `CALLBOARD_PARAM_API_TOKEN`.
pub fn variable(name: &str) -> String {
    let sign = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("CALLBOARD_PARAM_{}", name.chars().map(sign).collect::<String>())
}

/// The values of all parameters: what was set (`NAME=VALUE` each), for a secret the environment, else
/// the default. Every fault at once.
pub fn params(
    pipeline: &Pipeline,
    sets: &[String],
    env: fn(&str) -> Option<String>,
) -> Result<Map<String, Value>, RunError> {
    let is_set = |name: &str| sets.iter().any(|set| set.split('=').next().map(str::trim) == Some(name));
    let secret = pipeline.declared().filter(|(name, param)| param.secret && !is_set(name));
    let from_env = secret.filter_map(|(name, _)| Some(format!("{name}={}", env(&variable(name))?)));
    let all: Vec<String> = sets.iter().cloned().chain(from_env).collect();
    pipeline.params_with(&all).map_err(|faults| RunError::Usage(faults.join("\n")))
}

/// Those of `sets` that give a secret parameter, as the environment of another process that is to know
/// them.
pub fn as_environment(pipeline: &Pipeline, sets: &[String]) -> Vec<(String, String)> {
    let secret = |name: &str| pipeline.declared().any(|(own, param)| own == name && param.secret);
    let pairs = sets.iter().filter_map(|set| set.split_once('='));
    let pairs = pairs.filter(|(name, _)| secret(name.trim()));
    pairs.map(|(name, value)| (variable(name.trim()), value.to_owned())).collect()
}

/// Adds the secrets to the parameters that the store kept: those known, then those of the environment,
/// then the defaults.
pub(super) fn complete(
    pipeline: &Pipeline,
    params: &mut Map<String, Value>,
    known: &Map<String, Value>,
    env: fn(&str) -> Option<String>,
) -> Result<(), RunError> {
    let mut missing = Vec::new();
    for (name, param) in pipeline.declared().filter(|(_, param)| param.secret) {
        let default = Some(param.default).filter(|value| !value.is_null());
        let from_env = || env(&variable(name)).map(Value::String);
        match known.get(name).cloned().or_else(from_env).or(default) {
            Some(value) => drop(params.insert(name.to_owned(), value)),
            None if params.contains_key(name) => {}
            None => missing.push(format!("`{name}` (set {}, or give --set {name}=…)", variable(name))),
        }
    }
    match missing.is_empty() {
        true => Ok(()),
        false => {
            Err(RunError::Usage(format!("{} needs its secret {}", pipeline.name, missing.join(" and "))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn pipeline() -> Pipeline {
        let params = json!({"days": 3, "token": {"secret": true, "required": true}});
        Pipeline {
            name: "p".to_owned(),
            params: params.as_object().cloned().unwrap_or_default(),
            ..Pipeline::default()
        }
    }

    fn env(name: &str) -> Option<String> {
        (name == "CALLBOARD_PARAM_TOKEN").then(|| "from-env".to_owned())
    }

    #[test]
    fn a_secret_comes_from_a_flag_or_the_environment() {
        let given = |sets: &[&str], env| {
            let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
            params(&pipeline(), &sets, env).map(Value::Object)
        };
        assert_eq!(given(&[], env).unwrap(), json!({"days": 3, "token": "from-env"}));
        assert_eq!(given(&["token=t", "days=4"], env).unwrap(), json!({"days": 4, "token": "t"}));
        assert!(given(&[], |_| None).unwrap_err().to_string().contains("token"));
    }

    #[test]
    fn going_on_with_a_run_needs_its_secrets_again() {
        let mut kept = Map::from_iter([("days".to_owned(), json!(3))]);
        let refused = complete(&pipeline(), &mut kept, &Map::new(), |_| None).unwrap_err().to_string();
        assert!(refused.contains("CALLBOARD_PARAM_TOKEN"), "{refused}");
        complete(&pipeline(), &mut kept, &Map::new(), env).unwrap();
        assert_eq!(kept["token"], "from-env");
    }
}

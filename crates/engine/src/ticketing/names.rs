//! How steps are told which regions, or which reports.

use schemars::JsonSchema;
use serde::Deserialize;

use super::RegionConfig;
use crate::functions::{Call, Failure};

/// One name, several with commas between or as a list, or nothing for all.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// As a list.
    List(Vec<String>),
    /// As a text.
    Text(String),
    /// All.
    #[default]
    All,
}

impl Names {
    /// Those that are named; none for all.
    pub fn list(&self) -> Vec<String> {
        let names: Vec<&str> = match self {
            Names::List(names) => names.iter().map(String::as_str).collect(),
            Names::Text(text) => text.split(',').collect(),
            Names::All => Vec::new(),
        };
        let names = names.into_iter().map(str::trim).filter(|name| !name.is_empty() && *name != "all");
        names.map(str::to_owned).collect()
    }

    /// The configured regions of these names.
    pub(super) fn regions(&self, call: &Call) -> Result<Vec<RegionConfig>, Failure> {
        super::regions(&call.world, &self.list())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn regions_are_named_in_any_way() {
        let check = |value: Value, expected: &[&str]| {
            let named: Names = serde_json::from_value(value).expect("readable");
            assert_eq!(named.list(), expected);
        };
        check(json!(["a", "b"]), &["a", "b"]);
        check(json!("a, b"), &["a", "b"]);
        check(json!("all"), &[]);
        check(json!(""), &[]);
        check(Value::Null, &[]);
    }
}

//! One parameter of a pipeline: either its default as it is, or an object that declares it.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The keys that make an object a declaration.
pub const KEYS: [&str; 4] = ["default", "description", "required", "secret"];

/// A parameter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Param {
    /// Its value when none is given; its type is the parameter's type.
    #[serde(default)]
    pub default: Value,
    /// What it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// True when nothing runs without it.
    #[serde(default)]
    pub required: bool,
    /// True when its value must not be shown anywhere.
    #[serde(default)]
    pub secret: bool,
}

impl Param {
    /// Whether a value declares a parameter rather than being its default: an object with one of the
    /// keys `default`, `description`, `required`, `secret`. An object without any of them is a default.
    pub fn is_declaration(value: &Value) -> bool {
        value.as_object().is_some_and(|members| members.keys().any(|name| KEYS.contains(&name.as_str())))
    }

    /// The parameter that a value in the file means. A declaration that lint refuses is one without
    /// anything.
    pub fn of(value: &Value) -> Param {
        match Param::is_declaration(value) {
            true => serde_json::from_value(value.clone()).unwrap_or_default(),
            false => Param { default: value.clone(), ..Param::default() },
        }
    }
}

/// For editors: a declaration, or anything else.
impl JsonSchema for Param {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Param".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The default value of a parameter, or an object with at least one of `default`, \
                            `description`, `required`, `secret` that declares it.",
            "anyOf": [
                {
                    "type": "object",
                    "properties": {
                        "default": { "description": "Its value when none is given; its type is the parameter's." },
                        "description": { "type": "string", "description": "What it is." },
                        "required": { "type": "boolean", "description": "True when nothing runs without it." },
                        "secret": { "type": "boolean", "description": "True when its value must not be shown." }
                    },
                    "additionalProperties": false
                },
                true
            ]
        })
    }
}

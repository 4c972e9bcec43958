//! From a value to JSON within bounds: what a pipeline hands on may not grow without end, and a part
//! that is not there is an error rather than a null.

use minijinja::value::{Value, ValueKind};
use serde_json::Value as Json;

use super::{Moment, number, text_of};

/// What a computed value may measure.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Values in it, those inside of lists and objects counted each.
    pub values: usize,
    /// Bytes of text in it.
    pub text_bytes: usize,
    /// Lists and objects inside one another.
    pub depth: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { values: 1_000_000, text_bytes: 64 << 20, depth: 64 }
    }
}

/// The JSON form of `value`; the error says what is too much or not there.
pub fn to_json_within(value: &Value, bounds: Bounds) -> Result<Json, String> {
    Measure { bounds, left: bounds }.json(value, 0)
}

struct Measure {
    bounds: Bounds,
    left: Bounds,
}

impl Measure {
    fn json(&mut self, value: &Value, depth: usize) -> Result<Json, String> {
        self.count(depth)?;
        if let Some(moment) = Moment::of(value) {
            return serde_json::to_value(&moment.0).map_err(|error| error.to_string());
        }
        match value.kind() {
            ValueKind::Undefined => Err("a part of the value is undefined".to_owned()),
            ValueKind::None => Ok(Json::Null),
            ValueKind::Bool => Ok(Json::Bool(value.is_true())),
            ValueKind::Number => Ok(number(value)),
            ValueKind::Seq | ValueKind::Iterable => self.list(value, depth),
            ValueKind::Map => self.object(value, depth),
            ValueKind::Invalid => Err(value.to_string()),
            _ => self.text(value),
        }
    }

    fn count(&mut self, depth: usize) -> Result<(), String> {
        if depth > self.bounds.depth {
            return Err(format!("the value is nested deeper than {} levels", self.bounds.depth));
        }
        let left = self.left.values.checked_sub(1);
        self.left.values =
            left.ok_or_else(|| format!("the value holds more than {} values", self.bounds.values))?;
        Ok(())
    }

    fn text(&mut self, value: &Value) -> Result<Json, String> {
        let text = text_of(value);
        let left = self.left.text_bytes.checked_sub(text.len());
        let beyond = || format!("the value holds more than {} bytes of text", self.bounds.text_bytes);
        self.left.text_bytes = left.ok_or_else(beyond)?;
        Ok(Json::String(text))
    }

    fn list(&mut self, value: &Value, depth: usize) -> Result<Json, String> {
        let mut list = Vec::new();
        for item in value.try_iter().map_err(|error| super::describe(&error))? {
            list.push(self.json(&item, depth + 1)?);
        }
        Ok(Json::Array(list))
    }

    fn object(&mut self, value: &Value, depth: usize) -> Result<Json, String> {
        let mut members = serde_json::Map::new();
        for key in value.try_iter().map_err(|error| super::describe(&error))? {
            let member = value.get_item(&key).map_err(|error| super::describe(&error))?;
            members.insert(key.to_string(), self.json(&member, depth + 1)?);
        }
        Ok(Json::Object(members))
    }
}

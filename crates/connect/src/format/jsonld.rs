//! JSON-LD of web pages: the schema.org events in a page's blocks, wherever they hang.
//!
//! Blocks are found without building the page's tree, read strictly, and leniently only when that
//! fails. Nodes come out as the page writes them; what they mean is [`super::schema`]'s business.

mod walk;

use model::Note;
use serde_json::Value;

use super::{html, json};

/// What the JSON-LD of one page holds.
#[derive(Debug, Default)]
pub struct Found {
    /// The event nodes in page order, texts verbatim. References to other nodes of the page are
    /// replaced by those nodes; sub-events state their place and organizer even where only the
    /// event they belong to does.
    pub nodes: Vec<Value>,
    /// How many blocks are no strict JSON and were read all the same.
    pub lenient: usize,
    /// The blocks that could not be read, each with its reason.
    pub unparsable: Vec<Note>,
}

/// The event nodes of a page, as [`Found::nodes`].
pub fn events(html: &str) -> Vec<Value> {
    read(&html::scan(html).json_ld).nodes
}

/// Reads the blocks of one page together: they may refer to each other.
pub fn read(blocks: &[&str]) -> Found {
    let mut found = Found::default();
    let mut values = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        if let Ok(value) = serde_json::from_str::<Value>(block) {
            values.push(value);
            continue;
        }
        match read_leniently(block) {
            Ok(Value::Null) => {}
            Ok(value) => {
                found.lenient += 1;
                values.push(value);
            }
            Err(fault) => {
                let message = format!("JSON-LD block {} cannot be read: {fault}", index + 1);
                found.unparsable.push(Note::new(message));
            }
        }
    }
    found.nodes = from_values(&values);
    found
}

/// The event nodes in JSON-LD that was parsed elsewhere, as [`Found::nodes`].
pub fn from_values(values: &[Value]) -> Vec<Value> {
    walk::event_nodes(values)
}

/// Some pages escape the block as if it were text.
fn read_leniently(block: &str) -> Result<Value, json::Fault> {
    let fault = match json::lenient(block) {
        Ok(value) => return Ok(value),
        Err(fault) => fault,
    };
    if block.contains("&quot;") || block.contains("&#34;") {
        let decoded = block.replace("&quot;", "\"").replace("&#34;", "\"");
        return json::lenient(&decoded).map_err(|_| fault);
    }
    Err(fault)
}

#[cfg(test)]
mod tests;

//! The way through JSON-LD to its events: objects, lists, graphs, item lists, and whatever holds an
//! event in one of its properties.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::format::schema;

/// Deeper nesting is not followed; serde_json itself stops at 128.
const MAX_DEPTH: usize = 64;

/// Properties that point at an event which is not itself listed: the one a listed event belongs to,
/// a recording's origin, a booking.
const NOT_LISTED: &[&str] =
    &["superEvent", "recordedAt", "releasedEvent", "publication", "reservationFor", "itemReviewed"];

/// What a sub-event takes from the event that holds it, when it does not say so itself.
const INHERITED: &[&str] = &["location", "organizer", "eventAttendanceMode", "image"];

/// Nodes of the page by `@id`, for references.
type Index<'a> = HashMap<&'a str, &'a Map<String, Value>>;

/// The event nodes of `values`, in order.
pub(super) fn event_nodes(values: &[Value]) -> Vec<Value> {
    let mut walk = Walk { index: Index::new(), nodes: Vec::new() };
    for value in values {
        index_ids(value, &mut walk.index, 0);
    }
    for value in values {
        walk.visit(value, None, 0);
    }
    walk.nodes
}

/// Notes every object that has an `@id` and says more than that.
fn index_ids<'a>(value: &'a Value, index: &mut Index<'a>, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|item| index_ids(item, index, depth + 1)),
        Value::Object(object) => {
            if let Some(id) = object.get("@id").and_then(Value::as_str)
                && !is_reference(object)
            {
                index.entry(id).or_insert(object);
            }
            object.values().for_each(|member| index_ids(member, index, depth + 1));
        }
        _ => {}
    }
}

/// True for `{"@id": …}` with at most a type beside it.
fn is_reference(object: &Map<String, Value>) -> bool {
    object.contains_key("@id") && object.keys().all(|key| key == "@id" || key == "@type")
}

struct Walk<'a> {
    index: Index<'a>,
    nodes: Vec<Value>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, value: &'a Value, parent: Option<&'a Map<String, Value>>, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.visit(item, parent, depth + 1)),
            Value::Object(object) => self.visit_object(object, parent, depth),
            _ => {}
        }
    }

    fn visit_object(
        &mut self,
        object: &'a Map<String, Value>,
        parent: Option<&'a Map<String, Value>>,
        depth: usize,
    ) {
        let event = schema::is_event(object) && !is_reference(object);
        if event {
            let node = self.completed(object, parent);
            self.nodes.push(Value::Object(node));
        }
        for (name, member) in object {
            let holds_parts = event && matches!(name.as_str(), "subEvent" | "subEvents");
            if !NOT_LISTED.contains(&name.as_str()) {
                self.visit(member, holds_parts.then_some(object), depth + 1);
            }
        }
    }

    /// The node with its references followed and, for a sub-event, its parent's place.
    fn completed(
        &self,
        object: &Map<String, Value>,
        parent: Option<&Map<String, Value>>,
    ) -> Map<String, Value> {
        let mut node = object.clone();
        if let Some(parent) = parent {
            for name in INHERITED {
                if let (false, Some(value)) = (node.contains_key(*name), parent.get(*name)) {
                    node.insert((*name).to_owned(), value.clone());
                }
            }
            if !node.contains_key("superEvent") {
                node.insert("superEvent".to_owned(), summary(parent));
            }
        }
        for (name, value) in &mut node {
            if name != "subEvent" && name != "subEvents" {
                self.follow(value, 0);
            }
        }
        node
    }

    /// Replaces references by the nodes they mean, two levels deep: a place and its address.
    fn follow(&self, value: &mut Value, depth: usize) {
        if depth > 2 {
            return;
        }
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.follow(item, depth)),
            Value::Object(object) => {
                if is_reference(object)
                    && let Some(target) =
                        object.get("@id").and_then(Value::as_str).and_then(|id| self.index.get(id))
                {
                    *object = (*target).clone();
                }
                object.values_mut().for_each(|member| self.follow(member, depth + 1));
            }
            _ => {}
        }
    }
}

/// What a sub-event needs to know of the event it belongs to.
fn summary(parent: &Map<String, Value>) -> Value {
    let kept = parent.iter().filter(|(name, _)| matches!(name.as_str(), "@type" | "@id" | "name" | "url"));
    Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
}

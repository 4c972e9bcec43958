//! What a source said about one field, or that it said nothing.
//!
//! The difference decides whether a stored value may be overwritten: a page that leaves a field out
//! never wipes what another page said, a page that says "there is none" does.

/// A field as one document states it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stated<T> {
    /// The document does not mention the field. Never overwrites.
    #[default]
    Unstated,
    /// The document says explicitly that there is no value. Overwrites with null.
    Empty,
    /// The document gives this value.
    Value(T),
}

impl<T> Stated<T> {
    /// The value, if one was given.
    pub fn value(&self) -> Option<&T> {
        match self {
            Stated::Value(v) => Some(v),
            _ => None,
        }
    }

    /// The value by value, if one was given.
    pub fn into_value(self) -> Option<T> {
        match self {
            Stated::Value(v) => Some(v),
            _ => None,
        }
    }

    /// True when the document does not mention the field.
    pub fn is_unstated(&self) -> bool {
        matches!(self, Stated::Unstated)
    }

    /// Keeps `self` where it says something, else takes `other`.
    pub fn or(self, other: Stated<T>) -> Stated<T> {
        if self.is_unstated() { other } else { self }
    }

    /// Applies `f` to a given value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Stated<U> {
        match self {
            Stated::Unstated => Stated::Unstated,
            Stated::Empty => Stated::Empty,
            Stated::Value(v) => Stated::Value(f(v)),
        }
    }
}

impl<T> From<T> for Stated<T> {
    fn from(value: T) -> Self {
        Stated::Value(value)
    }
}

/// `None` is "not stated": the usual meaning of an absent key.
impl<T> From<Option<T>> for Stated<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Stated::Unstated, Stated::Value)
    }
}

/// Blank text is "not stated": sources print empty elements for fields they do not fill.
impl From<&str> for Stated<String> {
    fn from(value: &str) -> Self {
        let value = value.trim();
        if value.is_empty() { Stated::Unstated } else { Stated::Value(value.to_owned()) }
    }
}

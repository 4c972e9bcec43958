//! The record kinds: what a source can state. Each struct is a table; rows of one source refer to each
//! other by source key. The kinds of one area have a file of their own.

mod cards;
mod events;
mod tickets;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{FieldError, Stated, TableSpec};
pub use cards::{Card, CardCategory, CardSet, CardTotals, CardYear, GradedCard};

pub use events::{EVENT_STATUSES, Event, Offer, Organizer, Performer, Venue};
pub use tickets::{Coupon, CouponSeries, Scan, Shop, ShopOffer, Ticket, Transaction};

/// Lists every kind once; the enums and their conversions follow from it.
macro_rules! kinds {
    ($( $(#[doc = $doc:literal])+ $name:ident, $kind:literal, $prefix:literal; )+) => {
        /// The record kinds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Kind {
            $( $(#[doc = $doc])+ $name, )+
        }

        impl Kind {
            /// Every kind, in the order they are stored: what is referred to comes first.
            pub const ALL: &'static [Kind] = &[$( Kind::$name, )+];

            /// The word for it in manifests, JSON and on screen.
            pub fn name(self) -> &'static str {
                match self { $( Kind::$name => $kind, )+ }
            }

            /// How the ids of its rows begin.
            pub fn prefix(self) -> &'static str {
                match self { $( Kind::$name => $prefix, )+ }
            }

            /// The kind called `name`.
            pub fn from_name(name: &str) -> Option<Kind> {
                match name { $( $kind => Some(Kind::$name), )+ _ => None }
            }

            /// Its table.
            pub fn spec(self) -> &'static TableSpec {
                match self { $( Kind::$name => const { &$name::SPEC }, )+ }
            }
        }

        /// The fields of one record, by kind.
        #[derive(Debug, Clone, PartialEq)]
        enum Fields {
            $( $name(Box<$name>), )+
        }

        $(
            impl From<$name> for Fields {
                fn from(fields: $name) -> Fields { Fields::$name(Box::new(fields)) }
            }
        )+

        impl Fields {
            fn empty(kind: Kind) -> Fields {
                match kind { $( Kind::$name => $name::default().into(), )+ }
            }

            fn kind(&self) -> Kind {
                match self { $( Fields::$name(_) => Kind::$name, )+ }
            }

            fn values(&self) -> Vec<Stated<Value>> {
                match self { $( Fields::$name(fields) => fields.values(), )+ }
            }

            fn set(&mut self, name: &str, value: Stated<Value>) -> Result<(), FieldError> {
                match self { $( Fields::$name(fields) => fields.set(name, value), )+ }
            }

            fn fill_from(&mut self, other: Fields) {
                match (self, other) {
                    $( (Fields::$name(mine), Fields::$name(theirs)) => mine.fill_from(*theirs), )+
                    _ => {}
                }
            }
        }
    };
}

kinds! {
    /// A place.
    Venue, "venue", "ve";
    /// An artist, band, team or speaker.
    Performer, "performer", "pe";
    /// Who puts events on.
    Organizer, "organizer", "or";
    /// An event.
    Event, "event", "ev";
    /// A way to buy into an event.
    Offer, "offer", "of";
    /// A part of an event's sale with an address of its own.
    Shop, "shop", "sh";
    /// What a shop has of an offer.
    ShopOffer, "shop_offer", "so";
    /// Coupons that are issued together.
    CouponSeries, "coupon_series", "cs";
    /// A coupon.
    Coupon, "coupon", "co";
    /// A purchase.
    Transaction, "transaction", "tr";
    /// A ticket.
    Ticket, "ticket", "ti";
    /// A check-in.
    Scan, "scan", "sc";
    /// A category of graded cards.
    CardCategory, "card_category", "cc";
    /// A year of a category.
    CardYear, "card_year", "cy";
    /// A set of a year.
    CardSet, "card_set", "st";
    /// A card of a set.
    Card, "card", "ca";
    /// A graded copy of a card.
    GradedCard, "graded_card", "gc";
    /// What a page states as the totals of its rows.
    CardTotals, "card_totals", "to";
}

/// One record as one document states it: its kind, its source key, its fields.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The source's own key, unique within source and kind.
    pub key: String,
    fields: Fields,
}

#[allow(private_bounds)]
impl Record {
    /// A record of typed fields.
    pub fn new(key: impl Into<String>, fields: impl Into<Fields>) -> Record {
        Record { key: key.into(), fields: fields.into() }
    }

    /// A record of `kind` that states nothing yet.
    pub fn empty(key: impl Into<String>, kind: Kind) -> Record {
        Record { key: key.into(), fields: Fields::empty(kind) }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.fields.kind()
    }

    /// The event's fields, if it is one.
    pub fn as_event(&self) -> Option<&Event> {
        match &self.fields {
            Fields::Event(event) => Some(event),
            _ => None,
        }
    }

    /// The event's fields, to change them.
    pub fn as_event_mut(&mut self) -> Option<&mut Event> {
        match &mut self.fields {
            Fields::Event(event) => Some(event),
            _ => None,
        }
    }

    /// The venue's fields, if it is one.
    pub fn as_venue(&self) -> Option<&Venue> {
        match &self.fields {
            Fields::Venue(venue) => Some(venue),
            _ => None,
        }
    }

    /// The venue's fields, to change them.
    pub fn as_venue_mut(&mut self) -> Option<&mut Venue> {
        match &mut self.fields {
            Fields::Venue(venue) => Some(venue),
            _ => None,
        }
    }

    /// The offer's fields, if it is one.
    pub fn as_offer(&self) -> Option<&Offer> {
        match &self.fields {
            Fields::Offer(offer) => Some(offer),
            _ => None,
        }
    }

    /// Every field in the order of the kind's columns, as stored.
    pub fn values(&self) -> Vec<Stated<Value>> {
        self.fields.values()
    }

    /// Sets the field called `name`.
    pub fn set(&mut self, name: &str, value: Stated<Value>) -> Result<(), FieldError> {
        self.fields.set(name, value)
    }

    /// Fills what this record leaves unstated from another statement of the same row.
    pub fn fill_from(&mut self, other: Record) {
        self.fields.fill_from(other.fields);
    }

    /// The stated fields as a JSON object, `key` first; what is stated empty is null.
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("key".to_owned(), Value::String(self.key.clone()));
        for (column, value) in self.kind().spec().columns.iter().zip(self.values()) {
            match value {
                Stated::Unstated => {}
                Stated::Empty => drop(object.insert(column.name.to_owned(), Value::Null)),
                Stated::Value(value) => drop(object.insert(column.name.to_owned(), value)),
            }
        }
        Value::Object(object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unstated_fields_stay_out_and_unknown_ones_are_named() {
        let mut record = Record::new("1", Event { title: "Gala".into(), ..Event::default() });
        record.set("is_free", Stated::Value(Value::from("true"))).expect("text booleans are read");
        record.set("url", Stated::Empty).expect("known field");
        assert_eq!(
            record.to_json(),
            serde_json::json!({"key": "1", "title": "Gala", "url": null, "is_free": true})
        );

        let fault = record.set("titel", Stated::Value(Value::from("x"))).expect_err("unknown field");
        assert!(fault.to_string().contains("did you mean `title`"), "{fault}");
        let fault = record.set("capacity", Stated::Value(Value::from("many"))).expect_err("wrong type");
        assert!(fault.to_string().contains("expected a whole number"), "{fault}");
    }

    #[test]
    fn filling_keeps_what_is_stated() {
        let mut first =
            Record::new("1", Event { title: "Gala".into(), url: Stated::Empty, ..Event::default() });
        let second = Event {
            title: "Other".into(),
            url: "https://x.test/".into(),
            currency: "EUR".into(),
            ..Event::default()
        };
        first.fill_from(Record::new("1", second));
        let event = first.as_event().expect("an event");
        assert_eq!(event.title, Stated::Value("Gala".to_owned()));
        assert_eq!(event.url, Stated::Empty);
        assert_eq!(event.currency, Stated::Value("EUR".to_owned()));
    }

    #[test]
    fn every_column_has_a_unique_name_and_a_doc() {
        for kind in Kind::ALL {
            let spec = kind.spec();
            for (index, column) in spec.columns.iter().enumerate() {
                assert!(!column.doc.trim().is_empty(), "{}.{}", spec.kind, column.name);
                assert!(spec.columns[index + 1..].iter().all(|c| c.name != column.name), "{}", column.name);
            }
            assert_eq!(Kind::from_name(spec.kind), Some(*kind));
        }
    }
}

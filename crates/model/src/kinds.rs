//! The record kinds: what a source can state about an event and what hangs on it. Each struct is a
//! table; rows of one source refer to each other by source key.

mod cards;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::record::record_kind;
use crate::{Amount, FieldError, Stated, TableSpec, When};
pub use cards::{Card, CardCategory, CardSet, CardTotals, CardYear, GradedCard};

record_kind! {
    /// One event (or one occurrence of a repeating one) as one source states it.
    Event, "event", "event_listings" {
        /// What the event is called, plain text.
        title: String;
        /// What it is about, plain text; markup is taken out.
        description: String;
        /// `scheduled`, `tentative`, `cancelled`, `postponed`, `rescheduled` or `moved_online`.
        status: String;
        /// When it begins.
        start: When;
        /// When it ends. For whole days: the last day, included.
        end: When;
        /// IANA name of the zone its local times are read in.
        timezone: String;
        /// Remarks on the time that have no other place ("doors open one hour earlier").
        time_notes: String;
        /// When doors open.
        doors: When;
        /// When the old date was, for an event that has been moved.
        previous_start: When;
        /// The series it is an occurrence of, as the source keys it.
        series: String;
        /// Which occurrence of the series: its original local start.
        occurrence: String;
        /// The event's own page.
        url: String;
        /// A picture of it.
        image_url: String;
        /// Where tickets are sold.
        ticket_url: String;
        /// `in_person`, `online` or `mixed`.
        attendance: String;
        /// The source's own categories, broadest first.
        categories: Vec<String>;
        /// Free keywords.
        tags: Vec<String>;
        /// Language of the event, a BCP 47 tag.
        language: String;
        /// Source key of its venue.
        venue: String;
        /// Where it takes place in the source's words, when there is more than the venue says.
        location_notes: String;
        /// Source keys of its performers, headliner first.
        performers: Vec<String>;
        /// Source key of its organizer.
        organizer: String;
        /// Lowest price, in units of `currency`.
        price_min: Amount;
        /// Highest price, in units of `currency`.
        price_max: Amount;
        /// ISO 4217 code of the prices.
        currency: String;
        /// True when attending costs nothing; false when it costs something, known or not.
        is_free: bool;
        /// `available`, `limited`, `sold_out`, `not_yet` or `ended`.
        availability: String;
        /// When sales open.
        sales_start: DateTime<Utc>;
        /// When sales close.
        sales_end: DateTime<Utc>;
        /// Ages let in, in the source's words.
        age_restriction: String;
        /// How many people can attend.
        capacity: i64;
        /// Documents and pages that belong to it: a list of `{title, url}`.
        links: Value;
        /// When the source published it.
        published_at: DateTime<Utc>;
        /// When the source last changed it.
        modified_at: DateTime<Utc>;
        /// Anything else the source states that its connector found worth keeping, by name.
        extra: Value;
    }
}

record_kind! {
    /// A place where events happen, as one source states it.
    Venue, "venue", "venues" {
        /// What the place is called.
        name: String;
        /// Street and number.
        street: String;
        /// City or town.
        city: String;
        /// State, province or county.
        region: String;
        /// Postal code.
        postal_code: String;
        /// Country, ISO 3166-1 alpha-2 where the source allows it.
        country: String;
        /// The whole address as one text, where the source gives it so.
        address: String;
        /// Degrees north, WGS 84.
        lat: f64;
        /// Degrees east, WGS 84.
        lon: f64;
        /// IANA name of its time zone.
        timezone: String;
        /// Its own page.
        url: String;
        /// Its telephone number.
        phone: String;
        /// How many people fit in.
        capacity: i64;
        /// What the source writes about it, plain text.
        description: String;
        /// A picture of it.
        image_url: String;
    }
}

record_kind! {
    /// An artist, band, team or speaker, as one source states it.
    Performer, "performer", "performers" {
        /// The name it performs under.
        name: String;
        /// `person`, `group`, `team` or the source's own word.
        role: String;
        /// Its own page.
        url: String;
        /// A picture.
        image_url: String;
        /// The source's own genres, broadest first.
        genres: Vec<String>;
        /// What the source writes about it, plain text.
        description: String;
    }
}

record_kind! {
    /// Who puts events on, as one source states it.
    Organizer, "organizer", "organizers" {
        /// Its name.
        name: String;
        /// Its own page.
        url: String;
        /// How to write to it.
        email: String, personal;
        /// Its telephone number.
        phone: String, personal;
        /// A picture or logo.
        image_url: String;
        /// What the source writes about it, plain text.
        description: String;
    }
}

record_kind! {
    /// One way to buy into one event, as one source states it.
    Offer, "offer", "offers" {
        /// Source key of the event.
        event: String;
        /// What is sold ("Early bird", "Adult").
        name: String;
        /// Price, or the lowest of a range, in units of `currency`.
        price: Amount;
        /// The highest price, for an offer that spans a range.
        price_max: Amount;
        /// ISO 4217 code.
        currency: String;
        /// `available`, `limited`, `sold_out`, `not_yet` or `ended`.
        availability: String;
        /// Where it is sold.
        url: String;
        /// When sales open.
        sales_start: DateTime<Utc>;
        /// When sales close.
        sales_end: DateTime<Utc>;
        /// The source's own word for the sort of offer.
        category: String;
    }
}

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

//! What hangs on an event as its sources state it: the event, its place, who performs, who puts it on, and
//! the ways to buy into it.

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::record::record_kind;
use crate::{Amount, When};

/// What an event's status may be.
pub const EVENT_STATUSES: [&str; 6] =
    ["scheduled", "tentative", "cancelled", "postponed", "rescheduled", "moved_online"];

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
        /// How many are on sale in all.
        capacity: i64;
        /// Tax in percent that the price holds.
        tax_rate: f64;
        /// Whether it is on sale at all; one that is not may still have tickets.
        active: bool;
    }
}

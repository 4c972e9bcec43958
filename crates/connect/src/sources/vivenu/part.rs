//! The lists that the API has: where each is, what it can be asked for, and what its rows are.

use std::collections::BTreeMap;

use model::Kind;
use serde_json::Value;
use url::Url;

/// One list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Events,
    Tickets,
    Transactions,
    CouponSeries,
    Coupons,
    Scans,
}

/// Every status a ticket can have. They are asked for by name, so that cancelled ones are listed too.
const STATUSES: &str = "VALID,INVALID,RESERVED,DETAILSREQUIRED,BLANK";

impl Part {
    pub(super) const ALL: [Part; 6] =
        [Part::Events, Part::Tickets, Part::Transactions, Part::CouponSeries, Part::Coupons, Part::Scans];

    pub(super) fn name(self) -> &'static str {
        match self {
            Part::Events => "events",
            Part::Tickets => "tickets",
            Part::Transactions => "transactions",
            Part::CouponSeries => "coupon_series",
            Part::Coupons => "coupons",
            Part::Scans => "scans",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Part> {
        Part::ALL.into_iter().find(|part| part.name() == name)
    }

    /// What its rows are.
    pub(super) fn kind(self) -> Kind {
        match self {
            Part::Events => Kind::Event,
            Part::Tickets => Kind::Ticket,
            Part::Transactions => Kind::Transaction,
            Part::CouponSeries => Kind::CouponSeries,
            Part::Coupons => Kind::Coupon,
            Part::Scans => Kind::Scan,
        }
    }

    /// Whether it can be asked for what has changed since.
    pub(super) fn has_changes(self) -> bool {
        matches!(self, Part::Tickets | Part::Transactions)
    }

    /// Whether what it holds can be counted by asking: scans are of all events of a seller, the newest first.
    pub(super) fn can_be_whole(self) -> bool {
        self != Part::Scans
    }

    fn path(self) -> &'static str {
        match self {
            Part::Events => "events",
            Part::Tickets => "tickets",
            Part::Transactions => "transactions",
            Part::CouponSeries => "coupon/series",
            Part::Coupons => "coupon/rich",
            Part::Scans => "scans",
        }
    }

    /// The address of the whole list, of one event where the list can be narrowed to one.
    pub(super) fn url(self, params: &BTreeMap<String, Value>) -> Result<Url, String> {
        let base = if self == Part::Scans { "scans_url" } else { "base_url" };
        let text = params.get(base).and_then(Value::as_str).unwrap_or_default().trim_end_matches('/');
        let url = match self {
            Part::Scans => text.to_owned(),
            _ => format!("{text}/{}", self.path()),
        };
        let mut url = Url::parse(&url).map_err(|error| format!("`{base}` {text:?}: {error}"))?;
        let name = match self {
            Part::Tickets | Part::Transactions => Some("event"),
            Part::Coupons => Some("eventId"),
            _ => None,
        };
        if let Some((name, event)) = name.zip(event(params)) {
            url.query_pairs_mut().append_pair(name, event);
        }
        if self == Part::Tickets {
            url.query_pairs_mut().append_pair("status", STATUSES);
        }
        Ok(url)
    }
}

/// The event that everything is narrowed to.
pub(super) fn event(params: &BTreeMap<String, Value>) -> Option<&str> {
    params.get("event").and_then(Value::as_str).filter(|event| !event.is_empty())
}

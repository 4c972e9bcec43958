//! The reports: which there are, and what each is made from. Every one is a pure function of a board, so
//! that it says the same about the same tickets whenever it is asked for.

mod ages;
mod coupons;
mod origin;
mod revenue;
mod sales;
mod spectators;
mod status;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) mod tests;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use model::Kind;

use super::ages::AgeOn;
use super::ground::Ground;
use super::load::Looks;
use super::region::Region;
use super::report::{Cell, Fact, Report, Section};
use super::rows::{Board, Ticket};
use super::rules::Name;

/// A report that ships.
pub struct ReportSpec {
    /// The word for it.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it tells, one sentence.
    pub summary: &'static str,
    /// Whether it tells ages, for which birth dates are read.
    pub ages: bool,
    /// Whether it tells what came since and what will come, for which earlier times are looked at.
    pub grows: bool,
    /// What of a board it is made from.
    pub looks: Looks,
    make: fn(&View<'_>) -> Parts,
}

/// What a report makes of a board.
struct Parts {
    facts: Vec<Fact>,
    sections: Vec<Section>,
}

/// Every report, in the order of the reference.
pub static REPORTS: &[ReportSpec] = &[
    ReportSpec {
        name: "sales",
        title: "Sales",
        summary: "Sold of what there is room for: totals, groups, days, shops, add-ons, growth, projections",
        ages: false,
        grows: true,
        looks: Looks {
            kinds: &[Kind::Offer, Kind::Ticket, Kind::Shop, Kind::ShopOffer],
            tickets: &["offer", "shop", "add_ons", "created_at"],
        },
        make: sales::parts,
    },
    ReportSpec {
        name: "spectators",
        title: "Spectators",
        summary: "Spectators' tickets by day and pass",
        ages: false,
        grows: false,
        looks: Looks { kinds: &[Kind::Ticket], tickets: &[] },
        make: spectators::parts,
    },
    ReportSpec {
        name: "age-groups",
        title: "Age groups",
        summary: "People by group, day and age; returning athletes, residence, gyms",
        ages: true,
        grows: false,
        looks: Looks {
            kinds: &[Kind::Ticket],
            tickets: &[
                "transaction",
                "birth_date",
                "residence",
                "gym_status",
                "returning_athlete",
                "returning_city",
            ],
        },
        make: ages::parts,
    },
    ReportSpec {
        name: "coupons",
        title: "Coupon usage",
        summary: "Coupons by series, codes handed out, used codes that nobody was handed",
        ages: false,
        grows: false,
        looks: Looks { kinds: &[Kind::CouponSeries, Kind::Coupon], tickets: &[] },
        make: coupons::parts,
    },
    ReportSpec {
        name: "status",
        title: "Ticketing status",
        summary: "Tickets by status; teams, genders and ages that do not fit",
        ages: true,
        grows: false,
        looks: Looks {
            kinds: &[Kind::Ticket, Kind::Scan],
            tickets: &["transaction", "gender", "birth_date", "add_ons"],
        },
        make: status::parts,
    },
    ReportSpec {
        name: "origin",
        title: "Local and international",
        summary: "Athletes and spectators by nationality and region of the world",
        ages: false,
        grows: false,
        looks: Looks { kinds: &[Kind::Ticket], tickets: &["nationality"] },
        make: origin::parts,
    },
    ReportSpec {
        name: "revenue",
        title: "Revenue",
        summary: "What tickets cost, what purchases brought and what was given back, by currency",
        ages: false,
        grows: false,
        looks: Looks { kinds: &[Kind::Ticket, Kind::Transaction], tickets: &["price", "currency"] },
        make: revenue::parts,
    },
];

/// The report of this name; `_` and `-` are the same.
pub fn find(name: &str) -> Option<&'static ReportSpec> {
    let wanted = name.to_lowercase().replace('_', "-");
    REPORTS.iter().find(|report| report.name == wanted)
}

/// What was sold at an earlier time, for growth.
#[derive(Debug, Clone)]
pub struct Earlier {
    /// When.
    pub at: DateTime<Utc>,
    /// The names of the tickets that were sold then.
    pub sold: Vec<Arc<Name>>,
}

/// How a report is asked for.
#[derive(Debug, Clone)]
pub struct Ask {
    /// As of when the board is.
    pub at: DateTime<Utc>,
    /// Ages are those of which day.
    pub age_on: AgeOn,
    /// Groups day by day, also where the region does not ask for it.
    pub by_day: bool,
    /// How far back growth is looked at.
    pub window: TimeDelta,
    /// How far ahead it is gone on with.
    pub ahead: TimeDelta,
    /// What is personal is shown where a report lists tickets.
    pub personal: bool,
    /// When the source last gave an answer, where it ever did.
    pub gathered: Option<DateTime<Utc>>,
    /// What the source was never heard of: how many there are is not known.
    pub never: Vec<Kind>,
    /// What was sold at times within the window, where the store knew something then.
    pub earlier: Vec<Earlier>,
}

/// Minutes looked back and ahead where nothing else is said: the systems before ran every fifteen, and
/// could tell nothing of their three.
pub const WINDOW_MINUTES: i64 = 15;

impl Ask {
    /// About this moment, as usual.
    pub fn at(at: DateTime<Utc>) -> Ask {
        Ask {
            at,
            age_on: AgeOn::EventDay,
            by_day: false,
            window: TimeDelta::minutes(WINDOW_MINUTES),
            ahead: TimeDelta::minutes(WINDOW_MINUTES),
            personal: false,
            gathered: None,
            never: Vec::new(),
            earlier: Vec::new(),
        }
    }
}

/// The times, beside now, at which growth is looked at: where the window begins.
pub fn sample_times(at: DateTime<Utc>, window: TimeDelta) -> Vec<DateTime<Utc>> {
    vec![at - window]
}

/// Where a report is posted: `region` is the channel that the region is set up with, in which sales have one of
/// their own.
pub fn channel_of<'a>(asked: &'a str, region: &'a Region, report: &Report) -> &'a str {
    match (asked, report.name) {
        ("region", "sales") => &region.registration_channel,
        ("region", _) => &region.reporting_channel,
        (asked, _) => asked,
    }
}

/// What a report looks at.
pub struct View<'a> {
    /// The region.
    pub region: &'a Region,
    /// What is sold.
    pub board: &'a Board,
    /// What it is told against.
    pub ground: &'a Ground,
    /// How it is asked for.
    pub ask: &'a Ask,
}

impl View<'_> {
    /// Sold tickets.
    fn sold(&self) -> Vec<&Ticket> {
        self.board.sold().collect()
    }

    /// Sold tickets of athletes.
    fn athletes(&self) -> Vec<&Ticket> {
        self.board.sold().filter(|ticket| ticket.name.category.is_athlete()).collect()
    }

    /// How many there are of a kind; nothing where its list was never heard of.
    fn known(&self, kind: Kind, count: u64) -> Cell {
        if self.ask.never.contains(&kind) { Cell::Nothing } else { count.into() }
    }

    /// The event's own clock.
    fn zone(&self) -> Tz {
        self.board.event.zone.unwrap_or(Tz::UTC)
    }
}

impl ReportSpec {
    /// The report on this view.
    pub fn of(&self, view: &View<'_>) -> Report {
        let Parts { facts, sections } = (self.make)(view);
        // Numbers are as new as what was gathered, whenever they are asked for.
        let gathered = view.ask.gathered.map(|at| Fact {
            name: "gathered",
            title: "Last gathered",
            value: Cell::At(at),
        });
        let facts = gathered.into_iter().chain(facts).collect();
        Report {
            name: self.name,
            title: self.title.to_owned(),
            region: view.region.name.clone(),
            event: match view.board.event.name.as_str() {
                "" => format!("event {}, of which nothing was known", view.region.event_id),
                name => name.to_owned(),
            },
            icon: view.ground.icon.clone(),
            as_of: view.ask.at,
            zone: view.zone(),
            facts,
            sections,
        }
    }
}

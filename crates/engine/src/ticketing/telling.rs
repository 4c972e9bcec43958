//! Reports out of the store: the board as of a time, what was sold before it, and what they are told
//! against. Nothing that is told is kept: the tickets and their change log are, so that a report of any
//! moment is made from them, and two reports of one moment say the same.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use model::Kind;
use store::{Store, StoreError};

use super::ages::AgeOn;
use super::ground::Ground;
use super::load::{self, Looks, Wanted};
use super::region::{Region, part_of};
use super::report::Report;
use super::reports::{Ask, Earlier, ReportSpec, View, WINDOW_MINUTES, sample_times};
use super::rows::Board;

/// The day that ages are asked for of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AgesOn {
    /// That of the event.
    #[default]
    Event,
    /// The one that it is now where the event is.
    Today,
    /// This one.
    Day(NaiveDate),
}

impl AgesOn {
    fn at(self, now: DateTime<Utc>, zone: Option<Tz>) -> AgeOn {
        match self {
            AgesOn::Event => AgeOn::EventDay,
            AgesOn::Today => AgeOn::Day(now.with_timezone(&zone.unwrap_or(Tz::UTC)).date_naive()),
            AgesOn::Day(day) => AgeOn::Day(day),
        }
    }
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Now.
    pub now: DateTime<Utc>,
    /// As known at this time instead of now.
    pub as_of: Option<DateTime<Utc>>,
    /// Ages are those of which day.
    pub age_on: AgesOn,
    /// Groups day by day too.
    pub by_day: bool,
    /// How far back growth is looked at.
    pub window: TimeDelta,
    /// How far ahead it is gone on with.
    pub ahead: TimeDelta,
    /// What is personal is shown where a report lists tickets.
    pub personal: bool,
}

impl Question {
    /// About now, as usual.
    pub fn at(now: DateTime<Utc>) -> Question {
        let usual = TimeDelta::minutes(WINDOW_MINUTES);
        Question {
            now,
            as_of: None,
            age_on: AgesOn::Event,
            by_day: false,
            window: usual,
            ahead: usual,
            personal: false,
        }
    }
}

/// A region's board as it is known now, with what is looked at.
pub async fn board(
    store: &Store,
    region: &Region,
    ground: &Ground,
    looks: Looks,
) -> Result<Board, StoreError> {
    board_at(store, region, ground, (&[looks], None)).await
}

async fn board_at(
    store: &Store,
    region: &Region,
    ground: &Ground,
    (looks, at): (&[Looks], Option<DateTime<Utc>>),
) -> Result<Board, StoreError> {
    let source = region.source();
    let wanted = Wanted { source: &source, event: &region.event_id, looks, at };
    load::board(store, &wanted, &ground.rules).await
}

/// These reports on a region.
pub async fn reports(
    store: &Store,
    region: &Region,
    ground: &Ground,
    specs: &[&'static ReportSpec],
    question: &Question,
) -> Result<Vec<Report>, StoreError> {
    let shown = question.personal.then_some(Looks { kinds: &[], tickets: &["barcode"] });
    let looks: Vec<Looks> = specs.iter().map(|spec| spec.looks).chain(shown).collect();
    let board = board_at(store, region, ground, (&looks, question.as_of)).await?;
    let at = question.as_of.unwrap_or(question.now);
    let grows = specs.iter().any(|spec| spec.grows) && !region.only_spectator_report;
    let earlier = match grows {
        true => earlier(store, region, ground, &board, (at, question.window)).await?,
        false => Vec::new(),
    };
    let (age_on, by_day) = (question.age_on.at(question.now, board.event.zone), question.by_day);
    let (window, ahead) = (question.window, question.ahead);
    let gathered = store.last_answer(&region.source(), None, at).await?;
    let never = never(store, region, &board, (&looks, at)).await?;
    let personal = question.personal;
    let ask = Ask { at, age_on, by_day, window, ahead, personal, gathered, never, earlier };
    let view = View { region, board: &board, ground, ask: &ask };
    Ok(specs.iter().map(|spec| spec.of(&view)).collect())
}

/// What is looked at and is not there, and whose list had given no answer by then either.
async fn never(
    store: &Store,
    region: &Region,
    board: &Board,
    (looks, at): (&[Looks], DateTime<Utc>),
) -> Result<Vec<Kind>, StoreError> {
    let empty = [
        (Kind::Scan, board.scans.is_empty()),
        (Kind::Coupon, board.coupons.is_empty()),
        (Kind::CouponSeries, board.series.is_empty()),
        (Kind::Transaction, board.transactions.is_empty()),
    ];
    let mut never = Vec::new();
    for (kind, is_empty) in empty {
        if !is_empty || !looks.iter().any(|looks| looks.kinds.contains(&kind)) {
            continue;
        }
        let scope = region.scope(part_of(kind));
        if store.last_answer(&region.source(), Some(&scope), at).await?.is_none() {
            never.push(kind);
        }
    }
    Ok(never)
}

/// What was sold at the beginning of the window, as far as anything was known then.
async fn earlier(
    store: &Store,
    region: &Region,
    ground: &Ground,
    board: &Board,
    (at, window): (DateTime<Utc>, TimeDelta),
) -> Result<Vec<Earlier>, StoreError> {
    let source = region.source();
    let mut earlier = Vec::new();
    for time in sample_times(at, window) {
        let wanted = Wanted { source: &source, event: &region.event_id, looks: &[], at: Some(time) };
        match load::names_sold(store, &wanted, &ground.rules, &board.event.days).await {
            Ok(Some(sold)) => earlier.push(Earlier { at: time, sold }),
            // What was folded away is no longer known: that is one sample less, and no reason to tell nothing.
            Ok(None) | Err(StoreError::Question(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(earlier)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn today_is_the_day_where_the_event_is() {
        let check = |now: &str, zone: Option<Tz>, expected: &str| {
            let on = AgesOn::Today.at(now.parse().unwrap(), zone);
            assert_eq!(on, AgeOn::Day(expected.parse().unwrap()), "{now} {zone:?}");
        };
        check("2026-11-25T23:30:00Z", Some(Tz::Pacific__Auckland), "2026-11-26");
        check("2026-11-26T02:00:00Z", Some(Tz::America__New_York), "2026-11-25");
        check("2026-11-25T23:30:00Z", None, "2026-11-25");
    }
}

//! Reports out of the store: the board as of a time, what was sold before it, and what they are told
//! against. Nothing that is told is kept: the tickets and their change log are, so that a report of any
//! moment is made from them, and two reports of one moment say the same.

use chrono::{DateTime, TimeDelta, Utc};
use store::{Store, StoreError};

use super::ages::AgeOn;
use super::ground::Ground;
use super::load::{self, Looks, Wanted};
use super::region::Region;
use super::report::Report;
use super::reports::{Ask, Earlier, ReportSpec, View, WINDOW_MINUTES, sample_times};
use super::rows::Board;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Now.
    pub now: DateTime<Utc>,
    /// As known at this time instead of now.
    pub as_of: Option<DateTime<Utc>>,
    /// Ages are those of which day.
    pub age_on: AgeOn,
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
            age_on: AgeOn::EventDay,
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
    let grows = specs.iter().any(|spec| spec.name == "sales") && !region.only_spectator_report;
    let earlier = match grows {
        true => earlier(store, region, ground, &board, (at, question.window)).await?,
        false => Vec::new(),
    };
    let (age_on, by_day) = (question.age_on, question.by_day);
    let (window, ahead) = (question.window, question.ahead);
    let gathered = store.last_answer(&region.source(), at).await?;
    let ask = Ask { at, age_on, by_day, window, ahead, personal: question.personal, gathered, earlier };
    let view = View { region, board: &board, ground, ask: &ask };
    Ok(specs.iter().map(|spec| spec.of(&view)).collect())
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

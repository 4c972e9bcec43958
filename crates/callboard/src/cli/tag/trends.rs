//! What moved lately, and whether the levels agree.

use anyhow::Result;
use chrono::{SecondsFormat, TimeDelta};
use clap::Args;
use engine::cards;
use model::Kind;
use serde_json::json;
use store::Store;

use super::shown::Sheet;
use super::{CardFormat, TotalsOf, course};
use crate::clock;
use crate::output::say;

#[derive(Args)]
pub struct TrendOf {
    /// A card: its key, or a part of its name that fits no other; without one, what moved lately
    pub(super) name: Option<String>,
    /// The trend of a set, by its key, instead of a card
    #[arg(long, requires = "name")]
    pub(super) set: bool,
    /// Only this grade
    #[arg(long, value_name = "GRADE", requires = "name", value_parser = super::grade)]
    pub(super) grade: Option<String>,
    /// How far back
    #[arg(long, value_name = "N", default_value = "30", value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,
    /// Only cards that have their first ten
    #[arg(long, conflicts_with = "name")]
    first_tens: bool,
    /// At most so many moves
    #[arg(long, value_name = "N", default_value = "50")]
    limit: usize,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    pub(super) format: CardFormat,
}

pub async fn trend(store: &Store, asked: &TrendOf) -> Result<()> {
    let since = clock() - TimeDelta::days(i64::from(asked.days));
    let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
    match &asked.name {
        Some(name) => course::course(store, asked, name, &since).await,
        None => moved(store, asked, &since).await,
    }
}

async fn moved(store: &Store, asked: &TrendOf, since: &str) -> Result<()> {
    let most = if asked.first_tens { usize::MAX } else { asked.limit };
    let mut moves = cards::moves(store, since, most).await?;
    moves.retain(|one| one.first_ten || !asked.first_tens);
    moves.truncate(asked.limit);
    let mut sheet = Sheet::new(&["WHEN", "NAME", "BEFORE", "AFTER", "NEW GRADES", "FIRST TEN", "KEY"]);
    for one in moves {
        sheet.rows.push(vec![
            one.at.into(),
            one.name.into(),
            one.before.into(),
            one.after.into(),
            one.new_grades.join(" ").into(),
            match asked.format {
                CardFormat::Table => if one.first_ten { "yes" } else { "" }.into(),
                _ => one.first_ten.into(),
            },
            one.key.into(),
        ]);
    }
    sheet.show(asked.format)
}

pub async fn totals(store: &Store, asked: &TotalsOf) -> Result<()> {
    let filter = asked.place.filter(store).await?;
    let cards::Reconciled { differences, compared, unseen } = cards::reconcile(store, &filter).await?;
    if !asked.differences {
        let mut rows = cards::rows(store, Kind::CardTotals, &filter).await?;
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        let mut sheet = Sheet::new(&["SCOPE", "OF", "STATES", "DIFFERENCES"]);
        for row in rows {
            let differing =
                differences.iter().filter(|one| one.scope == row.text("scope") && one.of == row.text("of"));
            let metrics = row.fields.get("metrics").cloned().unwrap_or(json!({}));
            let states =
                metrics.as_object().into_iter().flatten().map(|(name, count)| format!("{name}: {count}"));
            sheet.rows.push(vec![
                row.text("scope").into(),
                row.text("of").into(),
                if asked.format == CardFormat::Table {
                    states.collect::<Vec<_>>().join("  ").into()
                } else {
                    metrics
                },
                differing.count().into(),
            ]);
        }
        sheet.show(asked.format)?;
    } else if !differences.is_empty() || asked.format != CardFormat::Table {
        let mut sheet = Sheet::new(&["SCOPE", "OF", "WHAT", "STATED BY", "SAYS", "AGAINST", "COUNTED"]);
        for one in &differences {
            sheet.rows.push(vec![
                one.scope.into(),
                one.of.as_str().into(),
                one.what.as_str().into(),
                one.stated.as_str().into(),
                one.says.into(),
                one.against.as_str().into(),
                one.counted.into(),
            ]);
        }
        sheet.show(asked.format)?;
    }
    say(&format!("{} of {compared} comparisons differ", differences.len()));
    let unseen = [(unseen.years, "years"), (unseen.sets, "sets"), (unseen.cards, "cards")];
    let unseen: Vec<String> =
        unseen.iter().filter(|(rows, _)| *rows > 0).map(|(rows, name)| format!("{rows} {name}")).collect();
    if !unseen.is_empty() {
        let rows = unseen.join(", ");
        say(&format!("{rows} count copies, but nothing below them was gathered: those are not compared"));
    }
    Ok(())
}

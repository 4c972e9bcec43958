//! Populations over time, what moved lately, and whether the levels agree.

use anyhow::Result;
use chrono::{SecondsFormat, TimeDelta};
use clap::Args;
use engine::cards;
use model::Kind;
use serde_json::{Value, json};
use store::Store;

use super::shown::Sheet;
use super::{CardFormat, TotalsOf, charts};
use crate::clock;
use crate::output::{print, say, usage};

#[derive(Args)]
pub struct TrendOf {
    /// A card: its key, or a part of its name that fits no other; without one, what moved lately
    name: Option<String>,
    /// The trend of a set, by its key, instead of a card
    #[arg(long, requires = "name")]
    set: bool,
    /// Only this grade
    #[arg(long, value_name = "GRADE", requires = "name", value_parser = super::grade)]
    grade: Option<String>,
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
    format: CardFormat,
}

pub async fn trend(store: &Store, asked: &TrendOf) -> Result<()> {
    let since = clock() - TimeDelta::days(i64::from(asked.days));
    let since = since.to_rfc3339_opts(SecondsFormat::Secs, true);
    match &asked.name {
        Some(name) => course(store, asked, name, &since).await,
        None => moved(store, asked, &since).await,
    }
}

async fn course(store: &Store, asked: &TrendOf, name: &str, since: &str) -> Result<()> {
    let kind = if asked.set { Kind::CardSet } else { Kind::Card };
    let Some(mut trend) = cards::trend(store, kind, name).await? else {
        return Err(usage(format!("no {} fits {name:?}; `callboard tag search` finds them", kind.name())));
    };
    // What held when the days began is where the course begins.
    let from = trend.points.iter().rposition(|point| point.at.as_str() < since).unwrap_or(0);
    trend.points.drain(..from);
    if asked.format == CardFormat::Json {
        return Ok(print(&(serde_json::to_string_pretty(&trend)? + "\n"))?);
    }
    let grade = &asked.grade;
    let count = |point: &cards::Point| match grade {
        Some(grade) => point.populations.get(grade).and_then(Value::as_i64).or(Some(0)),
        None => point.total,
    };
    let mut sheet = Sheet::new(&["SINCE", grade.as_deref().unwrap_or("TOTAL"), "CHANGE", "BY GRADE"]);
    let mut before = None;
    for point in &trend.points {
        let now = count(point);
        let change = now.zip(before).map(|(now, before): (i64, i64)| now - before);
        let change: Value = match asked.format {
            CardFormat::Table => change.map(|change| format!("{change:+}")).into(),
            _ => change.into(),
        };
        let grades: Vec<String> =
            point.populations.iter().map(|(grade, count)| format!("{grade}: {count}")).collect();
        sheet.rows.push(vec![point.at.as_str().into(), now.into(), change, grades.join("  ").into()]);
        before = now.or(before);
    }
    if asked.format == CardFormat::Table {
        let counts: Vec<i64> = trend.points.iter().filter_map(&count).collect();
        print(&format!("{}  {}\n", trend.key, charts::line(&counts)))?;
    }
    sheet.show(asked.format)?;
    if let (CardFormat::Table, Some(last)) = (asked.format, trend.points.last()) {
        let counts =
            last.populations.iter().filter_map(|(grade, count)| Some((grade.clone(), count.as_i64()?)));
        print(&charts::bars(&counts.collect::<Vec<_>>()))?;
    }
    Ok(())
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
            if one.first_ten { "yes".into() } else { "".into() },
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
    if unseen > 0 {
        say(&format!("{unseen} cards have copies of which none was gathered: those are not compared"));
    }
    Ok(())
}

//! `callboard events`: what there is, by time, place, text and the rest.

use std::io::Write;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use clap::{Args, ValueEnum};
use engine::present::{event_json, events_csv, events_ics, for_people};
use model::{EVENT_STATUSES, nearest};
use store::{Bound, EventQuery, EventView, Near, Store};

use crate::config::Config;
use crate::output::{at_least_one, print, say, table, usage};
use crate::{clock, moments};

const EXAMPLES: &str = "\
Examples:
  callboard events --from 2026-12-01 --to 2026-12-07
  callboard events --q 'jazz quartet' --free
  callboard events --as-of 3d --status cancelled     what was known three days ago
  callboard events --near 29.95,-90.07 --radius-km 5 --format ndjson | jq .title
  callboard events --category music --format ics > music.ics";

/// Ask the store for events, in order of their start.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Events {
    /// First day (2026-12-01, today, tomorrow) or instant (2026-12-01T18:00:00Z)
    #[arg(long, value_name = "WHEN")]
    from: Option<String>,
    /// Last day, included, or last instant
    #[arg(long, value_name = "WHEN")]
    to: Option<String>,
    /// Only near this point, degrees north and east
    #[arg(long, value_name = "LAT,LON", allow_hyphen_values = true)]
    near: Option<String>,
    /// How near
    #[arg(long, value_name = "KM", default_value = "25", requires = "near")]
    radius_km: f64,
    /// Words that title, description, place, performers or categories must hold
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    /// A category or tag
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// A source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// scheduled (or not said), tentative, cancelled, postponed, rescheduled or moved_online
    #[arg(long, value_name = "WORD")]
    status: Option<String>,
    /// Only events that cost nothing
    #[arg(long)]
    free: bool,
    /// Include events that their source no longer lists
    #[arg(long)]
    gone: bool,
    /// As the store knew them at this time: a day (its end), an instant, or so long ago, like 3d
    #[arg(long, value_name = "WHEN")]
    as_of: Option<String>,
    /// At most so many [default: 50 for a table, all otherwise]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    limit: Option<usize>,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: EventFormat,
}

/// How events are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum EventFormat {
    /// For eyes
    Table,
    /// One JSON list
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
    /// An iCalendar file
    Ics,
}

/// Sources that are named where the one that is asked for is none.
const SOURCES_NAMED: usize = 12;
const TABLE_LIMIT: usize = 50;

impl Events {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let query = self.query(config.timezone()?)?;
        let store = crate::world::open_existing(config).await?;
        purge_due(config, &store).await?;
        if let Some(source) = &self.source {
            known_source(&store, source).await?;
        }
        let events = match self.as_of.as_deref() {
            None => store.events(&query).await?,
            Some(when) => self.events_of_then(config, &store, &query, when).await?,
        };
        self.show(&events, query.limit)?;
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }

    async fn events_of_then(
        &self,
        config: &Config,
        store: &Store,
        query: &EventQuery,
        when: &str,
    ) -> Result<Vec<EventView>> {
        let at = moments::end(when, config.timezone()?).context("--as-of")?;
        if query.text.is_some() {
            say("--q looks for words that events hold today; all else is as it was then");
        }
        Ok(store.events_as_of(query, at).await?)
    }

    fn query(&self, zone: Option<Tz>) -> Result<EventQuery> {
        if let Some(status) = self.status.as_deref().filter(|status| !EVENT_STATUSES.contains(status)) {
            bail!(usage(format!("--status {status:?} is none of {}", EVENT_STATUSES.join(", "))));
        }
        let limit = self.limit.or((self.format == EventFormat::Table).then_some(TABLE_LIMIT));
        let from = self.from.as_deref().map(|text| bound("--from", text, zone)).transpose()?;
        let to = self.to.as_deref().map(|text| bound("--to", text, zone)).transpose()?;
        if !in_order(from, to) {
            bail!(usage("--from is later than --to"));
        }
        Ok(EventQuery {
            from,
            to,
            near: self.near.as_deref().map(|text| near(text, self.radius_km)).transpose()?,
            text: self.q.clone(),
            category: self.category.clone(),
            source: self.source.clone(),
            status: self.status.clone(),
            free: self.free.then_some(true),
            include_gone: self.gone,
            limit,
            offset: 0,
        })
    }

    fn show(&self, events: &[EventView], limit: Option<usize>) -> Result<()> {
        match self.format {
            EventFormat::Table => {
                show_table(events, limit)?;
                if self.from.is_none() && limit == Some(events.len()) {
                    say("the oldest come first; --from today shows what is to come");
                }
                Ok(())
            }
            EventFormat::Json => {
                let list: Vec<_> = events.iter().map(event_json).collect();
                Ok(print(&(serde_json::to_string_pretty(&list)? + "\n"))?)
            }
            EventFormat::Ndjson => lines(events),
            EventFormat::Csv => Ok(print(&events_csv(events)?)?),
            EventFormat::Ics => Ok(print(&events_ics(events))?),
        }
    }
}

/// Where the user let in a source with a retention ceiling, nothing older than it is shown.
pub(super) async fn purge_due(config: &Config, store: &Store) -> Result<()> {
    if !crate::retention::is_set(config) {
        return Ok(());
    }
    crate::retention::purge_due(config, &crate::origins::Catalog::load(config)?, store).await
}

fn bound(flag: &str, text: &str, zone: Option<Tz>) -> Result<Bound> {
    if let Some(day) = day(text, zone) {
        return Ok(Bound::Day(day));
    }
    if let Some(at) = moments::length(text).and_then(|ago| clock().checked_sub_signed(ago)) {
        return Ok(Bound::Instant(at));
    }
    match DateTime::parse_from_rfc3339(text) {
        Ok(instant) => Ok(Bound::Instant(instant.with_timezone(&Utc))),
        Err(_) => bail!(usage(format!(
            "{flag} {text:?} is neither a day (2026-12-01, today, tomorrow) nor an instant like \
             2026-12-01T18:00:00Z, nor so long ago (3d)"
        ))),
    }
}

/// A day as it is written, or as it is called where the user is.
fn day(text: &str, zone: Option<Tz>) -> Option<NaiveDate> {
    let today = clock().with_timezone(&zone.unwrap_or(Tz::UTC)).date_naive();
    match text {
        "today" => Some(today),
        "tomorrow" => today.succ_opt(),
        "yesterday" => today.pred_opt(),
        text => text.parse().ok(),
    }
}

/// What ends before it begins is a slip: an event that touches both would answer it.
fn in_order(from: Option<Bound>, to: Option<Bound>) -> bool {
    match (from, to) {
        (Some(Bound::Day(from)), Some(Bound::Day(to))) => from <= to,
        (Some(Bound::Instant(from)), Some(Bound::Instant(to))) => from <= to,
        // A day begins and ends somewhere else than in UTC by less than one.
        (Some(Bound::Day(from)), Some(Bound::Instant(to))) => {
            from <= to.date_naive().succ_opt().unwrap_or(NaiveDate::MAX)
        }
        (Some(Bound::Instant(from)), Some(Bound::Day(to))) => {
            from.date_naive() <= to.succ_opt().unwrap_or(NaiveDate::MAX)
        }
        _ => true,
    }
}

fn near(text: &str, radius_km: f64) -> Result<Near> {
    let parts = text
        .split_once(',')
        .and_then(|(lat, lon)| Some((lat.trim().parse().ok()?, lon.trim().parse().ok()?)));
    let wrong = || usage(format!("--near {text:?} is not LAT,LON like 29.95,-90.07"));
    let (lat, lon): (f64, f64) = parts.ok_or_else(wrong)?;
    if !(-90.0..=90.0).contains(&lat) || !(-180.0..=180.0).contains(&lon) {
        bail!(usage(format!(
            "--near {text:?} is not on the earth: latitude -90 to 90, longitude -180 to 180"
        )));
    }
    if !(radius_km > 0.0 && radius_km.is_finite()) {
        bail!(usage(format!("--radius-km {radius_km} must be more than 0")));
    }
    Ok(Near { lat, lon, radius_km })
}

pub(super) async fn known_source(store: &Store, wanted: &str) -> Result<()> {
    let sources = store.sources().await?;
    let names: Vec<&str> = sources.iter().map(|known| known.source.as_str()).collect();
    if names.iter().any(|name| name.eq_ignore_ascii_case(wanted)) {
        return Ok(());
    }
    match nearest(wanted, names.iter().copied()) {
        Some(near) => bail!(usage(format!("no source is called {wanted:?}; did you mean {near:?}?"))),
        None if names.is_empty() => bail!("the store holds no events yet; collect some first"),
        None => {
            let more = names.len().saturating_sub(SOURCES_NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let some = names.iter().take(SOURCES_NAMED).copied().collect::<Vec<_>>().join(", ");
            bail!(usage(format!("no source is called {wanted:?}; there are {some}{more}")))
        }
    }
}

fn lines(events: &[EventView]) -> Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for event in events {
        serde_json::to_writer(&mut out, &event_json(event)).map_err(std::io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

pub fn show_table(events: &[EventView], limit: Option<usize>) -> Result<()> {
    let mut rows = table(&["START", "TITLE", "VENUE", "CITY", "PRICE", "SOURCE", "ID"]);
    for event in events {
        rows.add_row(row(event));
    }
    print(&format!("{rows}\n"))?;
    if events.is_empty() {
        say("no events fit; `callboard events` without flags lists all");
    } else if limit == Some(events.len()) {
        say(&format!("the first {}; --limit shows more", events.len()));
    }
    Ok(())
}

fn row(event: &EventView) -> [String; 7] {
    let venue = event.venue.as_ref();
    let text = |text: Option<&String>| text.cloned().unwrap_or_default();
    [
        event.start.as_ref().map(for_people).unwrap_or_default(),
        title(event),
        text(venue.and_then(|v| v.name.as_ref())),
        text(venue.and_then(|v| v.city.as_ref())),
        price(event),
        event.source.to_string(),
        event.id.to_string(),
    ]
}

fn title(event: &EventView) -> String {
    let title = event.title.as_deref().unwrap_or("(untitled)");
    match event.status.as_deref() {
        None | Some("scheduled") => title.to_owned(),
        Some(status) => format!("{title} [{status}]"),
    }
}

fn price(event: &EventView) -> String {
    let price = &event.price;
    let currency = price.currency.as_deref().unwrap_or_default();
    let range = match (price.min, price.max) {
        _ if price.is_free == Some(true) => return "free".to_owned(),
        (Some(min), Some(max)) if min != max => format!("{min:.2}-{max:.2} {currency}"),
        (Some(one), _) | (_, Some(one)) => format!("{one:.2} {currency}"),
        (None, None) => String::new(),
    };
    range.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read_as_people_write_them() {
        let told =
            |text: &str| bound("--from", text, None).map_err(|error| error.is::<crate::output::Usage>());
        assert_eq!(told("2026-12-01"), Ok(Bound::Day("2026-12-01".parse().expect("a day"))));
        let (Ok(Bound::Day(today)), Ok(Bound::Day(tomorrow))) = (told("today"), told("tomorrow")) else {
            panic!("days")
        };
        assert!((1..=2).contains(&(tomorrow - today).num_days()));
        assert!(matches!(told("3d"), Ok(Bound::Instant(_))));
        for wrong in ["bogus", "2026-13-01", "-3d", ""] {
            assert_eq!(told(wrong), Err(true), "{wrong}");
        }
    }

    #[test]
    fn a_span_that_ends_before_it_begins_is_told() {
        let check = |from: &str, to: &str, fits: bool| {
            let read = |text| Some(bound("--from", text, None).expect("a bound"));
            assert_eq!(in_order(read(from), read(to)), fits, "{from} {to}");
        };
        check("2026-12-08", "2026-12-07", false);
        check("2026-12-07", "2026-12-07", true);
        check("2026-12-07T10:00:00Z", "2026-12-07T09:00:00Z", false);
        check("2026-12-08", "2026-12-06T10:00:00Z", false);
        check("2026-12-08", "2026-12-07T20:00:00Z", true);
        check("2026-12-08T01:00:00Z", "2026-12-07", true);
        check("2026-12-09T01:00:00Z", "2026-12-07", false);
    }
}

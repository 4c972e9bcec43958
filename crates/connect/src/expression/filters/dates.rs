//! Filters that make times, and change them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use minijinja::Error;
use minijinja::value::Value;
use model::{Clock, When, Zone};

use super::Argument::{Any, Zone as ZoneName};
use super::{Call, Filter, Outcome};
use crate::expression::{Moment, text_of};
use crate::value::{date, time, zone};

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "date",
        takes: "(formats..., year, order, zone)",
        first: Any,
        run: date_filter,
        doc: "The date, and the time if there is one, anywhere in a text, however it is written. `year` is the year of dates that name none; `order` is `'dmy'` or `'mdy'` for numbers; `zone` the zone of the local time; formats (`'%d.%m.%Y'`) are tried first. Texts without a date are a fault when they reach a field, and false in `if` and `or`.",
        examples: &[
            ("'Monday, January 14, 2019 at 3:00 p.m.' | date | string", "\"2019-01-14T15:00:00\""),
            ("'June 19' | date(year='2018 Meetings') | string", "\"2018-06-19\""),
            ("('TBD' | date or '2019-01-02' | date) | string", "\"2019-01-02\""),
            ("'07.03.19' | date(order='mdy') | string", "\"2019-07-03\""),
        ],
    },
    Filter {
        name: "date_range",
        takes: "(year, order, zone)",
        first: Any,
        run: date_range,
        doc: "Start and end of a text that holds both: `{start, end}`.",
        examples: &[(
            "('May 1, 2020 10:30 AM - 12:00 PM' | date_range).end | string",
            "\"2020-05-01T12:00:00\"",
        )],
    },
    Filter {
        name: "date_end",
        takes: "(year, order, zone)",
        first: Any,
        run: |call| Ok(date_range(call)?.get_attr("end").unwrap_or_default()),
        doc: "Only the end of such a text; nothing when it has none.",
        examples: &[("'May 3-5, 2020' | date_end | string", "\"2020-05-05\"")],
    },
    Filter {
        name: "at",
        takes: "(time)",
        first: Any,
        run: at,
        doc: "The same day at the time a text or moment gives; without a time in it, the day as it was. “TBD” makes the time to be announced.",
        examples: &[("'July 24th, 2019' | date | at('10:00 AM') | string", "\"2019-07-24T10:00:00\"")],
    },
    Filter {
        name: "time",
        takes: "",
        first: Any,
        run: clock_time,
        doc: "The first clock time in a text, as `HH:MM`.",
        examples: &[("'doors 6:30 pm, show 8 pm' | time", "\"18:30\"")],
    },
    Filter {
        name: "strftime",
        takes: "(format)",
        first: Any,
        run: strftime,
        doc: "A moment in a format of your own.",
        examples: &[("'2019-01-14 15:00' | date | strftime('%d/%m %H.%M')", "\"14/01 15.00\"")],
    },
    Filter {
        name: "plus",
        takes: "(days, hours, minutes)",
        first: Any,
        run: plus,
        doc: "Later by so much; earlier with negative numbers.",
        examples: &[(
            "'2019-01-14 15:00' | date | plus(hours=2, minutes=30) | string",
            "\"2019-01-14T17:30:00\"",
        )],
    },
    Filter {
        name: "epoch",
        takes: "(zone)",
        first: Any,
        run: |call| epoch(call, 1),
        doc: "Seconds since 1970 as a moment, on the clock of the zone (the manifest's when none is given).",
        examples: &[("1547496000 | epoch('America/New_York') | string", "\"2019-01-14T15:00:00\"")],
    },
    Filter {
        name: "epoch_ms",
        takes: "(zone)",
        first: Any,
        run: |call| epoch(call, 1_000),
        doc: "The same of milliseconds.",
        examples: &[("1547496000000 | epoch_ms('UTC') | string", "\"2019-01-14T20:00:00\"")],
    },
    Filter {
        name: "zone",
        takes: "(name)",
        first: ZoneName,
        run: zone_filter,
        doc: "Names the zone of a local time that has none; an instant is shown on that zone's clock.",
        examples: &[
            ("'2019-01-14T20:00:00Z' | date | zone('America/New_York') | string", "\"2019-01-14T15:00:00\""),
            ("('2019-01-14 15:00' | date | zone('Europe/Berlin')).zone", "\"Europe/Berlin\""),
        ],
    },
    Filter {
        name: "all_day",
        takes: "(flag=true)",
        first: Any,
        run: |call| without_time(call, Clock::AllDay),
        doc: "The day alone, marked as taking the whole day; unchanged when the flag is false.",
        examples: &[("'2019-01-14 00:00' | date | all_day | string", "\"2019-01-14\"")],
    },
    Filter {
        name: "tba",
        takes: "(flag=true)",
        first: Any,
        run: |call| without_time(call, Clock::ToBeAnnounced),
        doc: "The day alone, its time to be announced; unchanged when the flag is false.",
        examples: &[("'2019-01-14 00:00' | date | tba(false) | string", "\"2019-01-14T00:00:00\"")],
    },
];

fn hints(call: &Call<'_>) -> Result<date::Hints, Error> {
    let order = match call.arg_text(usize::MAX, "order").as_deref() {
        None => date::Order::Usual,
        Some("mdy") => date::Order::MonthFirst,
        Some("dmy") => date::Order::DayFirst,
        Some(other) => return Err(call.fault(&format!("has order 'mdy' and 'dmy', not '{other}'"))),
    };
    let year = call.arg_text(usize::MAX, "year").and_then(|text| year_in(&text));
    Ok(date::Hints { year, today: call.now().and_then(|now| now.date), order })
}

/// The first run of four digits that can be a year.
fn year_in(text: &str) -> Option<i32> {
    let runs = text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == 4);
    runs.filter_map(|run| run.parse().ok()).find(|year| (1900..=2100).contains(year))
}

fn named_zone(call: &Call<'_>, position: usize) -> Result<Option<Tz>, Error> {
    let Some(name) = call.arg_text(position, "zone").or_else(|| call.arg_text(position, "name")) else {
        return Ok(None);
    };
    let found = zone::by_name(&name).map(Some);
    found.ok_or_else(|| call.fault(&format!("knows no time zone '{name}'; names look like 'Europe/Berlin'")))
}

fn in_zone(when: When, tz: Option<Tz>) -> Value {
    let when = tz.map_or(when.clone(), |tz| when.in_zone_if_floating(Zone::Named(tz)));
    Value::from(Moment(when))
}

fn date_filter(call: &Call<'_>) -> Outcome {
    let tz = named_zone(call, usize::MAX)?;
    if let Some(moment) = Moment::of(&call.value) {
        return Ok(in_zone(moment.0.clone(), tz));
    }
    if call.value.is_number() {
        return Err(
            call.fault("takes a text; for seconds since 1970 use `epoch`, for milliseconds `epoch_ms`")
        );
    }
    let text = call.text()?;
    let formats = call.rest(0);
    if let Some(when) = date::read_by_formats(&text, &formats, tz) {
        return Ok(in_zone(when, tz));
    }
    Ok(in_zone(read_any(&text, &hints(call)?), tz))
}

/// Machine-made texts first, with the damage they come with; then as people write.
pub(crate) fn read_any(text: &str, hints: &date::Hints) -> When {
    let machine = text.trim().get(..5).is_some_and(|head| {
        head.bytes().take(4).all(|b| b.is_ascii_digit()) && !head.ends_with(|c: char| c.is_whitespace())
    });
    if machine {
        let when = time::read(text);
        if when.date.is_some() {
            return when;
        }
    }
    date::read(text, hints).unwrap_or_else(|| When::unreadable(text.trim()))
}

fn date_range(call: &Call<'_>) -> Outcome {
    let tz = named_zone(call, usize::MAX)?;
    let text = call.text()?;
    let (start, end) = match date::read_span(&text, &hints(call)?) {
        Some(span) => (span.start, span.end),
        None => (When::unreadable(text.trim()), None),
    };
    let end = end.map(|end| in_zone(end, tz)).unwrap_or_default();
    Ok(Value::from_pairs([("start", in_zone(start, tz)), ("end", end)]))
}

fn moment(call: &Call<'_>) -> Result<When, Error> {
    match Moment::of(&call.value) {
        Some(moment) => Ok(moment.0.clone()),
        None => Ok(read_any(&call.text()?, &hints_of_now(call))),
    }
}

fn hints_of_now(call: &Call<'_>) -> date::Hints {
    date::Hints { today: call.now().and_then(|now| now.date), ..date::Hints::default() }
}

fn at(call: &Call<'_>) -> Outcome {
    let when = moment(call)?;
    let Some(time) = call.arg(0, "time") else { return Ok(Value::from(Moment(when))) };
    let said = match Moment::of(&time) {
        Some(moment) => moment.0.time.map(|time| time.format("%H:%M:%S").to_string()).unwrap_or_default(),
        None => text_of(&time),
    };
    Ok(Value::from(Moment(date::at(&when, &said))))
}

fn clock_time(call: &Call<'_>) -> Outcome {
    if let Some(moment) = Moment::of(&call.value) {
        return Ok(moment
            .0
            .time
            .map(|time| Value::from(time.format("%H:%M").to_string()))
            .unwrap_or_default());
    }
    let times = date::read_times(&call.text()?);
    Ok(times.map(|(start, _)| Value::from(start.format("%H:%M").to_string())).unwrap_or_default())
}

fn strftime(call: &Call<'_>) -> Outcome {
    use std::fmt::Write;
    let format = call.needed(0, "format")?;
    let when = moment(call)?;
    let Some(date) = when.date else { return Ok(Value::UNDEFINED) };
    let local = date.and_time(when.time.unwrap_or_default());
    let mut text = String::new();
    match write!(text, "{}", local.format(&format)) {
        Ok(()) => Ok(Value::from(text)),
        Err(_) => Err(call.fault(&format!("cannot use the format '{format}'"))),
    }
}

fn plus(call: &Call<'_>) -> Outcome {
    let when = moment(call)?;
    let days = call.arg_int(0, "days")?.unwrap_or(0);
    let minutes = call
        .arg_int(1, "hours")?
        .unwrap_or(0)
        .saturating_mul(60)
        .saturating_add(call.arg_int(2, "minutes")?.unwrap_or(0));
    let (Some(days), Some(minutes)) = (TimeDelta::try_days(days), TimeDelta::try_minutes(minutes)) else {
        return Err(call.fault("cannot go that far"));
    };
    let date = when.date.and_then(|date| date.checked_add_signed(days));
    let moved = match (date, when.time) {
        (Some(date), Some(time)) => date.and_time(time).checked_add_signed(minutes).map(|local| When {
            date: Some(local.date()),
            time: Some(local.time()),
            ..when.clone()
        }),
        (date, None) => Some(When { date, ..when.clone() }),
        (None, _) => Some(when.clone()),
    };
    moved.map(|when| Value::from(Moment(when))).ok_or_else(|| call.fault("cannot go that far"))
}

fn epoch(call: &Call<'_>, per_second: i64) -> Outcome {
    let text = text_of(&call.value);
    let number = call.value.as_i64().or_else(|| text.trim().parse::<f64>().ok().map(|n| n as i64));
    let instant =
        number.and_then(|n| DateTime::<Utc>::from_timestamp_millis(n.checked_mul(1_000 / per_second)?));
    let Some(instant) = instant else {
        return Err(call.fault(&format!("takes a number of (milli)seconds, not `{text}`")));
    };
    let tz = match named_zone(call, 0)? {
        Some(tz) => Some(tz),
        None => call.scope("timezone").as_str().and_then(zone::by_name),
    };
    Ok(Value::from(Moment(When::at_instant(text, instant, tz.map_or(Zone::Floating, Zone::Named)))))
}

fn zone_filter(call: &Call<'_>) -> Outcome {
    let when = moment(call)?;
    let Some(tz) = named_zone(call, 0)? else { return Ok(Value::from(Moment(when))) };
    let when = match when.instant() {
        Some(instant) => When::at_instant(when.said, instant.with_timezone(&Utc), Zone::Named(tz)),
        None => When { zone: Zone::Named(tz), ..when },
    };
    Ok(Value::from(Moment(when)))
}

fn without_time(call: &Call<'_>, clock: Clock) -> Outcome {
    let when = moment(call)?;
    let flagged = call.arg_flag(0, "flag", true);
    let date: Option<NaiveDate> = when.date.filter(|_| flagged);
    Ok(Value::from(Moment(match date {
        Some(date) => When::on_date(when.said, date, clock, when.zone),
        None => when,
    })))
}

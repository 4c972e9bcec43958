//! `date_range`: a list of dates to go over with `for_each`.

use chrono::{Days, NaiveDate};
use futures::future::BoxFuture;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Call, Failure, Function, FunctionSpec};

pub(super) static SPEC: FunctionSpec = FunctionSpec {
    name: "date_range",
    summary: "Gives the dates from today on, or between two days, for a later step to go over.",
    example: "- name: days\n  function: date_range\n  with: {days_ahead: 14, timezone: America/Chicago}\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// Ten years.
const DAYS_MAX: u64 = 3_660;
const DAYS_DEFAULT: i64 = 30;

/// Parameters of `date_range`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// How many days after the first one, which is included: 30 gives 31 dates. 30 unless `to` is given.
    #[schemars(range(min = 0, max = 3660))]
    days_ahead: Option<i64>,
    /// First date, like 2026-12-01; today unless given. A run that is meant for another day counts that
    /// day as today.
    from: Option<String>,
    /// Last date, included.
    to: Option<String>,
    /// IANA name of the zone that tells which day it is; that of the settings unless given, else UTC.
    timezone: Option<String>,
}

pub(super) struct DateRange;

impl Function for DateRange {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let from = match &params.from {
                Some(text) => date("from", text)?,
                None => today(call, params.timezone.as_deref())?,
            };
            Ok(Answer::done(output(from, last(&params, from)?)))
        })
    }
}

fn date(name: &str, text: &str) -> Result<NaiveDate, Failure> {
    text.parse().map_err(|_| Failure::input(format!("{name}: {text:?} is no date like 2026-12-01")))
}

fn today(call: &Call, named: Option<&str>) -> Result<NaiveDate, Failure> {
    let zone = match named {
        Some(name) => Some(connect::value::zone::by_name(name).ok_or_else(|| {
            Failure::input(format!(
                "timezone: there is no zone {name:?}; give an IANA name like Europe/Berlin"
            ))
        })?),
        None => call.world.catalog.collect_options().map_err(Failure::input)?.read.timezone,
    };
    let now = (call.world.clock)();
    let here = zone.map_or_else(|| now.date_naive(), |zone| now.with_timezone(&zone).date_naive());
    Ok(call.run.manner.date.unwrap_or(here))
}

fn last(params: &Params, from: NaiveDate) -> Result<NaiveDate, Failure> {
    let to = match (&params.to, params.days_ahead) {
        (Some(_), Some(_)) => return Err(Failure::input("to and days_ahead: give either of them, not both")),
        (Some(to), None) => date("to", to)?,
        (None, days) => days_after(from, days.unwrap_or(DAYS_DEFAULT))?,
    };
    if to < from {
        return Err(Failure::input(format!("from {from} is after to {to}")));
    }
    if (to - from).num_days().unsigned_abs() > DAYS_MAX {
        return Err(Failure::input(format!("{from} to {to} are more than {} dates", DAYS_MAX + 1)));
    }
    Ok(to)
}

fn days_after(from: NaiveDate, days: i64) -> Result<NaiveDate, Failure> {
    let days = match u64::try_from(days) {
        Err(_) => return Err(Failure::input(format!("days_ahead: {days} is less than 0"))),
        Ok(days) if days > DAYS_MAX => {
            return Err(Failure::input(format!("days_ahead: {days} is more than {DAYS_MAX}")));
        }
        Ok(days) => days,
    };
    from.checked_add_days(Days::new(days))
        .ok_or_else(|| Failure::input(format!("days_ahead: {days} days after {from} there is no date")))
}

fn output(from: NaiveDate, to: NaiveDate) -> Value {
    let dates: Vec<String> =
        from.iter_days().take_while(|date| *date <= to).map(|date| date.to_string()).collect();
    json!({"count": dates.len(), "start_date": from.to_string(), "end_date": to.to_string(), "dates": dates})
}

//! A schedule as a pipeline file states it: an expression alone, or with everything else.

use std::time::Duration;

use chrono::TimeDelta;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use store::Overlap;

use super::{MAX_JITTER, Schedule, cron};

/// When a pipeline runs by itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSpec {
    /// A cron expression: minute, hour, day of the month, month, day of the week, or with seconds
    /// before them: `0 6 * * *` is six o'clock every day. Or `@daily` and its kin; or `disabled`, which
    /// runs once.
    pub cron: String,
    /// IANA zone the expression is meant in, like `Europe/Berlin`; UTC unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Each start is delayed by up to so many seconds, always the same for a slot: pipelines that
    /// share a time do not start at once.
    #[serde(default)]
    #[schemars(range(min = 0, max = 86400))]
    pub jitter_secs: u64,
    /// What becomes of starts that were missed.
    #[serde(default)]
    pub catch_up: CatchUp,
    /// How far back missed starts are looked for, in seconds.
    #[serde(default = "a_day")]
    #[schemars(range(min = 0, max = 31622400))]
    pub catch_up_window_secs: u64,
    /// What happens to a start while a run is under way; as the pipeline says unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// True: it begins nothing until this is false again.
    #[serde(default)]
    pub paused: bool,
    /// Why it is as it is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What becomes of starts that were missed, because no server was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// Each is made up for, oldest first.
    All,
    /// The latest is made up for.
    #[default]
    Latest,
    /// None is.
    None,
}

/// A cron expression, or an object with its own settings.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Schedule")]
pub(crate) enum Stated {
    /// The expression alone, in UTC.
    Cron(String),
    /// With settings.
    Whole(ScheduleSpec),
}

const DAY_SECS: u64 = 86_400;

fn a_day() -> u64 {
    DAY_SECS
}

impl ScheduleSpec {
    /// This expression in this zone, and everything else as it is when not stated.
    pub fn new(cron: &str, timezone: Option<&str>) -> ScheduleSpec {
        ScheduleSpec {
            cron: cron.to_owned(),
            timezone: timezone.map(str::to_owned),
            jitter_secs: 0,
            catch_up: CatchUp::default(),
            catch_up_window_secs: DAY_SECS,
            overlap: None,
            paused: false,
            note: None,
        }
    }

    /// The schedule, or what is wrong with it, in words for the file's author.
    pub fn compile(&self) -> Result<Schedule, String> {
        let jitter = seconds("jitter_secs", self.jitter_secs)?;
        if jitter > MAX_JITTER {
            return Err(format!(
                "`jitter_secs` is {}; it may be {DAY_SECS} (a day) at most",
                self.jitter_secs
            ));
        }
        let catch_up_window = seconds("catch_up_window_secs", self.catch_up_window_secs)?;
        let read = cron::parse(&self.cron, self.timezone.as_deref())?;
        Ok(Schedule { jitter, catch_up_window, catch_up: self.catch_up, ..read })
    }

    /// What its slots follow from: when this changes, it is another schedule, which makes up nothing from
    /// before.
    pub fn timing(&self) -> Value {
        json!({
            "cron": self.cron, "timezone": self.timezone, "jitter_secs": self.jitter_secs,
            "catch_up": self.catch_up, "catch_up_window_secs": self.catch_up_window_secs,
        })
    }

    /// Reads it as a file states it; a key with nothing behind it is as good as none.
    pub(crate) fn stated<'de, D: Deserializer<'de>>(from: D) -> Result<Option<ScheduleSpec>, D::Error> {
        Ok(Option::<Stated>::deserialize(from)?.map(ScheduleSpec::from))
    }
}

impl From<Stated> for ScheduleSpec {
    fn from(stated: Stated) -> ScheduleSpec {
        match stated {
            Stated::Cron(cron) => ScheduleSpec::new(&cron, None),
            Stated::Whole(spec) => spec,
        }
    }
}

impl From<&str> for ScheduleSpec {
    fn from(cron: &str) -> ScheduleSpec {
        ScheduleSpec::new(cron, None)
    }
}

fn seconds(key: &str, seconds: u64) -> Result<TimeDelta, String> {
    const YEAR_SECS: u64 = 366 * DAY_SECS;
    let delta = TimeDelta::from_std(Duration::from_secs(seconds.min(YEAR_SECS))).ok();
    delta.filter(|_| seconds <= YEAR_SECS).ok_or_else(|| format!("`{key}` is longer than a year"))
}

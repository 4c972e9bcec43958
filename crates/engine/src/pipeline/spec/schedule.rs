//! When a pipeline runs by itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cron line, or an object with its own settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Schedule {
    /// Minute, hour, day of the month, month, day of the week; in UTC.
    Cron(String),
    /// With settings.
    Full(ScheduleSpec),
}

/// A schedule with its settings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSpec {
    /// Minute, hour, day of the month, month, day of the week: `0 6 * * *` is six o'clock every day.
    pub cron: String,
    /// IANA zone the line is meant in, like `Europe/Berlin`; UTC unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Seconds by which a start may be delayed at random, so that not everything begins on the minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 86400))]
    pub jitter_secs: Option<u64>,
    /// How late a missed start is still made up for, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catch_up_secs: Option<u64>,
    /// What happens to a start while a run is under way; as the pipeline says unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overlap: Option<Overlap>,
    /// True: it begins nothing until this is false again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
    /// Why it is as it is, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What happens to a run that would begin while another one is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It waits for the other to end.
    #[default]
    Queue,
    /// It does not take place.
    Skip,
    /// The older one is cancelled.
    CancelOlder,
}

impl Schedule {
    /// The same with all settings.
    pub fn spec(&self) -> ScheduleSpec {
        match self {
            Schedule::Cron(cron) => ScheduleSpec { cron: cron.clone(), ..ScheduleSpec::default() },
            Schedule::Full(spec) => spec.clone(),
        }
    }
}

//! A schedule as a pipeline file states it: an expression alone, or with everything else.

use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{MAX_JITTER, Schedule, cron};

/// `schedule:` of a pipeline: `"0 2 * * *"`, or the same with zone, jitter, catching up and overlap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Stated")]
pub struct ScheduleSpec {
    /// Cron expression with 5 fields, or 6 with seconds first: lists, ranges, steps, names, `L`, `#`,
    /// `W`, `@daily` and its kin; or `disabled`, which runs once.
    pub cron: String,
    /// Time zone of the expression, like `Europe/Berlin`; UTC when not stated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// Each start is delayed by up to so many seconds, always the same for a slot: pipelines that
    /// share a time do not start at once. 0.
    pub jitter_secs: u64,
    /// What becomes of slots that were missed.
    pub catch_up: CatchUp,
    /// How far back missed slots are looked for, in seconds. A day.
    pub catch_up_window_secs: u64,
    /// What happens when a slot comes while the run before is under way.
    pub overlap: Overlap,
}

/// What becomes of slots that were missed, because no server was there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// Each is run, oldest first.
    All,
    /// The latest is run.
    #[default]
    Latest,
    /// None is run.
    None,
}

/// What happens when a slot comes while the run before is under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// The new run waits for the end of the one before.
    #[default]
    Queue,
    /// The new run is not started.
    Skip,
    /// The run before is cancelled.
    CancelOlder,
}

const DAY_SECS: u64 = 86_400;

impl ScheduleSpec {
    /// This expression in this zone, and everything else as it is when not stated.
    pub fn new(cron: &str, timezone: Option<&str>) -> ScheduleSpec {
        ScheduleSpec {
            cron: cron.to_owned(),
            timezone: timezone.map(str::to_owned),
            jitter_secs: 0,
            catch_up: CatchUp::default(),
            catch_up_window_secs: DAY_SECS,
            overlap: Overlap::default(),
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
        Ok(Schedule { jitter, catch_up_window, catch_up: self.catch_up, overlap: self.overlap, ..read })
    }
}

fn seconds(key: &str, seconds: u64) -> Result<TimeDelta, String> {
    const YEAR_SECS: u64 = 366 * DAY_SECS;
    let delta = TimeDelta::from_std(Duration::from_secs(seconds.min(YEAR_SECS))).ok();
    delta.filter(|_| seconds <= YEAR_SECS).ok_or_else(|| format!("`{key}` is longer than a year"))
}

/// The two ways to state it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stated {
    Cron(String),
    Whole(Whole),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    cron: String,
    timezone: Option<String>,
    #[serde(default)]
    jitter_secs: u64,
    #[serde(default)]
    catch_up: CatchUp,
    #[serde(default = "a_day")]
    catch_up_window_secs: u64,
    #[serde(default)]
    overlap: Overlap,
}

fn a_day() -> u64 {
    DAY_SECS
}

impl From<Stated> for ScheduleSpec {
    fn from(stated: Stated) -> ScheduleSpec {
        let Whole { cron, timezone, jitter_secs, catch_up, catch_up_window_secs, overlap } = match stated {
            Stated::Cron(cron) => return ScheduleSpec::new(&cron, None),
            Stated::Whole(whole) => whole,
        };
        ScheduleSpec { cron, timezone, jitter_secs, catch_up, catch_up_window_secs, overlap }
    }
}

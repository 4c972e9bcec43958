//! What doctor has to say about schedules: which starts are due and were not made.

use chrono::TimeDelta;
use engine::schedule::due;

use super::Check;
use crate::config::Config;
use crate::figures::counted;
use crate::world::open_if_there;
use crate::{clock, library};

/// A server looks every second; after this nobody does.
const LATE: TimeDelta = TimeDelta::minutes(5);

/// Nothing where no pipeline runs by itself.
pub async fn schedules(config: &Config) -> Option<Check> {
    // Files that cannot be read are told by the check of pipelines.
    let planned = library::scheduled(&library::folder(config)).ok()?;
    let planned: Vec<_> = planned.into_iter().filter_map(|found| found.planned.ok()).collect();
    if planned.is_empty() {
        return None;
    }
    let known = match open_if_there(config).await.ok()? {
        Some(store) => {
            let known = store.schedules().await;
            store.close().await;
            known.ok()?
        }
        None => Vec::new(),
    };
    let now = clock();
    let mut late = Vec::new();
    for plan in planned.iter().filter(|plan| !plan.spec.paused) {
        let name = &plan.pipeline.name;
        let Some(row) = known.iter().find(|row| row.pipeline == *name && row.paused_at.is_none()) else {
            continue;
        };
        if due(&plan.schedule, name, row.since(), now)
            .iter()
            .any(|slot| slot.starts_at.max(row.known_since) + LATE < now)
        {
            late.push(name.as_str());
        }
    }
    let found = counted(planned.len() as u64, "schedule");
    Some(match late.is_empty() {
        true => Check::ok("schedules", format!("{found}, none overdue")),
        false => Check::note(
            "schedules",
            format!("{found}, overdue: {}", late.join(", ")),
            "nobody begins them: start `callboard serve`, or pause them with `callboard schedule`",
        ),
    })
}

//! What is to be started now: the schedules of the pipelines at hand against what the store knows of
//! them. Every server may ask at any time; who claims a slot starts it, the others do not.

use chrono::{DateTime, Utc};
use store::{Store, StoreError};

use crate::schedule::{Overlap, ScheduleSpec, Slot, due};

/// A pipeline that runs by itself.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its name.
    pub pipeline: String,
    /// The file that defines it.
    pub file: String,
    /// When it runs.
    pub spec: ScheduleSpec,
}

/// A start that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    /// The pipeline.
    pub pipeline: String,
    /// The slot, to be claimed before anything is started.
    pub slot: Slot,
    /// What happens when the run before is under way.
    pub overlap: Overlap,
}

/// The starts that are due, oldest first for each pipeline. A pipeline that is new, or whose schedule
/// changed, is made known to the store. One whose schedule is invalid or paused is passed over: the
/// linter and the list of schedules tell.
pub async fn due_now(
    store: &Store,
    pipelines: &[Planned],
    now: DateTime<Utc>,
) -> Result<Vec<Start>, StoreError> {
    let known = store.schedules().await?;
    let mut starts = Vec::new();
    for planned in pipelines {
        let Ok(schedule) = planned.spec.compile() else { continue };
        let stated = serde_json::to_value(&planned.spec).unwrap_or_default();
        let since = match known.iter().find(|row| row.pipeline == planned.pipeline && row.schedule == stated)
        {
            Some(row) if row.paused_at.is_some() => continue,
            Some(row) => row.since(),
            None => {
                store.keep_schedule(&planned.pipeline, &planned.file, &stated, now).await?;
                now
            }
        };
        let slots = due(&schedule, &planned.pipeline, since, now).into_iter();
        let start = |slot| Start { pipeline: planned.pipeline.clone(), slot, overlap: schedule.overlap() };
        starts.extend(slots.map(start));
    }
    Ok(starts)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use testkit::TempFolder;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn planned(cron: &str) -> Vec<Planned> {
        let spec = ScheduleSpec::new(cron, None);
        vec![Planned { pipeline: "orders".to_owned(), file: "pipelines/orders.yaml".to_owned(), spec }]
    }

    /// A server that looks at `now` and starts what it wins.
    async fn look(store: &Store, cron: &str, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let mut won = Vec::new();
        for start in due_now(store, &planned(cron), now).await.expect("starts") {
            if store.claim_slot(&start.pipeline, start.slot.at, "s", now).await.expect("a claim") {
                won.push(start.slot.at);
            }
        }
        won
    }

    #[tokio::test]
    async fn two_servers_start_each_slot_of_a_day_once() {
        let folder = TempFolder::new();
        let open = async || Store::open(&folder.path().join("callboard.db")).await.expect("a store");
        let (one, two) = (open().await, open().await);
        let (mut now, mut started) = (at("2026-11-25T00:00:30Z"), Vec::new());
        while now < at("2026-11-26T00:00:30Z") {
            let (first, second) = tokio::join!(look(&one, "0 * * * *", now), look(&two, "0 * * * *", now));
            started.extend(first.into_iter().chain(second));
            now += TimeDelta::minutes(7);
        }
        let hours = (1..24).map(|hour| at("2026-11-25T00:00:00Z") + TimeDelta::hours(hour));
        assert_eq!(started, hours.collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn a_new_pipeline_makes_nothing_up_and_a_paused_one_starts_nothing() {
        let store = Store::in_memory().await.expect("a store");
        let now = at("2026-11-25T09:30:00Z");
        assert!(look(&store, "0 * * * *", now).await.is_empty(), "09:00 was before it was known");
        store.pause_schedule("orders", Some((now, "later"))).await.expect("paused");
        assert!(look(&store, "0 * * * *", now + TimeDelta::hours(1)).await.is_empty());
        store.pause_schedule("orders", None).await.expect("goes on");
        let late = now + TimeDelta::hours(3);
        assert_eq!(look(&store, "0 * * * *", late).await, [at("2026-11-25T12:00:00Z")], "the latest");
        // a changed schedule counts from its change
        assert!(look(&store, "15 * * * *", late).await.is_empty());
        assert_eq!(look(&store, "disabled", late).await, [DateTime::UNIX_EPOCH]);
        assert!(look(&store, "disabled", late).await.is_empty());
    }
}

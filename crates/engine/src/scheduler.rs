//! What is to be started now: the schedules of the pipelines at hand against what the store knows of
//! them. Every server may ask at any time; who claims a slot starts it, the others do not.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::json;
use store::{Store, StoreError};

use crate::pipeline::Pipeline;
use crate::run::audit::not_begun;
use crate::run::{Manner, RunError, Started, Starting, World, secrets, start};
use crate::schedule::{ONCE, Schedule, ScheduleSpec, Slot, due};

/// A pipeline that runs by itself.
#[derive(Debug, Clone)]
pub struct Planned {
    /// What is run.
    pub pipeline: Pipeline,
    /// The file that defines it.
    pub file: String,
    /// When it runs, as the file states it.
    pub spec: ScheduleSpec,
    /// When it runs.
    pub schedule: Schedule,
}

/// A start that is due.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    /// The pipeline.
    pub planned: &'a Planned,
    /// The slot, which is claimed together with the run's first row.
    pub slot: Slot,
}

impl Planned {
    /// The pipeline of `file`; `None` when it states no schedule. The error says what is wrong with it.
    pub fn new(file: &str, pipeline: Pipeline) -> Result<Option<Planned>, String> {
        let Some(spec) = pipeline.schedule.clone() else { return Ok(None) };
        let schedule = spec.compile()?;
        Ok(Some(Planned { pipeline, file: file.to_owned(), spec, schedule }))
    }

    /// The local day of a slot; for one that comes once, of `now`.
    fn day(&self, slot: Slot, now: DateTime<Utc>) -> NaiveDate {
        let at = if slot.at == ONCE { now } else { slot.at };
        at.with_timezone(&self.schedule.zone()).date_naive()
    }
}

/// The starts that are due, oldest first for each pipeline. A pipeline that is new, or whose schedule
/// changed, is made known to the store. One that is paused, in the store or in its file, is passed over.
pub async fn due_now<'a>(
    store: &Store,
    pipelines: &'a [Planned],
    now: DateTime<Utc>,
) -> Result<Vec<Start<'a>>, StoreError> {
    let known = store.schedules().await?;
    let mut starts = Vec::new();
    for planned in pipelines {
        let (name, timing) = (&planned.pipeline.name, planned.spec.timing());
        let since = match known.iter().find(|row| row.pipeline == *name && row.schedule == timing) {
            Some(row) if row.paused_at.is_some() => continue,
            Some(row) => row.since(),
            None => {
                store.keep_schedule(name, &planned.file, &timing, now).await?;
                now
            }
        };
        if planned.spec.paused {
            continue;
        }
        let slots = due(&planned.schedule, name, since, now).into_iter();
        starts.extend(slots.map(|slot| Start { planned, slot }));
    }
    Ok(starts)
}

/// Begins the run of a start in the name of the server `by`, under the overlap that its schedule states.
/// `Begun::Taken` when another server was first.
pub async fn begin(world: &World, due: Start<'_>, by: &str) -> Result<Started, RunError> {
    let Start { planned, slot } = due;
    let pipeline = planned.pipeline.clone();
    let date = Some(planned.day(slot, (world.clock)()));
    let command =
        json!({"command": "serve", "trigger": "schedule", "pipeline": planned.file, "slot": slot.at});
    let params = secrets::params(&pipeline, &[], world.env);
    if let Err(error) = &params {
        not_begun(world, &pipeline.name, by, error).await;
    }
    let starting = Starting {
        params: params?,
        manner: Manner { date, ..Manner::default() },
        overlap: Some(pipeline.scheduled_overlap()),
        pipeline,
        command,
        by: by.to_owned(),
        slot: Some(slot.at),
    };
    start(world, starting).await
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use store::{Begun, RunsQuery};
    use testkit::TempFolder;

    use super::*;
    use crate::pipeline::Step;
    use crate::run::tests::world_on;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    fn planned(cron: &str) -> Vec<Planned> {
        let pipeline = Pipeline::builder("orders").schedule(cron).step(Step::call("wait", "sleep")).build();
        let planned = Planned::new("pipelines/orders.yaml", pipeline.expect("a pipeline"));
        planned.expect("a schedule").into_iter().collect()
    }

    /// A server that looks at `now` and starts what it wins.
    async fn look(store: &Store, cron: &str, now: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let (world, planned) = (world_on(store.clone()), planned(cron));
        let mut won = Vec::new();
        for start in due_now(store, &planned, now).await.expect("starts") {
            let started = begin(&world, start, "s").await.expect("it can begin");
            if started.begun != Begun::Taken {
                won.push(start.slot.at);
            }
        }
        won
    }

    /// The slots of the runs in the store, oldest first.
    async fn slots_run(store: &Store) -> Vec<DateTime<Utc>> {
        let runs = store.run_list(&RunsQuery { limit: 1_000, ..RunsQuery::default() }).await.expect("runs");
        let mut slots = Vec::new();
        for run in runs {
            let kept = store.run(run.id).await.expect("a run").expect("it is there");
            slots.push(at(kept.command["slot"].as_str().expect("a slot")));
            assert_eq!(kept.definition["manner"]["date"], "2026-11-25");
        }
        slots.sort();
        slots
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
        let hours: Vec<DateTime<Utc>> = hours.collect();
        assert_eq!(started, hours);
        assert_eq!(slots_run(&one).await, hours);
    }

    #[tokio::test]
    async fn a_new_pipeline_makes_nothing_up_and_a_paused_one_starts_nothing() {
        let store = crate::run::tests::empty_store().await;
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

//! Which pipelines run when: their schedules, whether one is paused, and which slots were started.
//!
//! A slot is claimed by inserting its row. The insert happens once, whoever tries: two servers on one
//! store never start a run twice.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use crate::runs::stamp;
use crate::sql::{self, Conn, Row, SqlResult, json, parse};
use crate::{Store, StoreError};

pub(crate) const DDL: &str = "
CREATE TABLE IF NOT EXISTS schedules (
    pipeline TEXT PRIMARY KEY, file TEXT NOT NULL, schedule TEXT NOT NULL, known_since TEXT NOT NULL,
    paused_at TEXT, note TEXT, last_slot TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schedule_slots (
    pipeline TEXT NOT NULL, slot TEXT NOT NULL, claimed_at TEXT NOT NULL, claimed_by TEXT NOT NULL,
    PRIMARY KEY (pipeline, slot)) WITHOUT ROWID;
";

/// Claims are kept so long after their slot; an older slot is never started any more.
pub const CLAIMS_KEPT: TimeDelta = TimeDelta::days(400);

/// A pipeline's schedule as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct ScheduleRow {
    /// The pipeline.
    pub pipeline: String,
    /// The file that defines it.
    pub file: String,
    /// Its schedule, as the file states it.
    pub schedule: Value,
    /// Since when this schedule is known: no slot before it is made up for.
    pub known_since: DateTime<Utc>,
    /// Since when it is paused.
    pub paused_at: Option<DateTime<Utc>>,
    /// Why it is paused.
    pub note: Option<String>,
    /// The last slot that was started.
    pub last_slot: Option<DateTime<Utc>>,
}

impl ScheduleRow {
    /// The instant after which slots are to be started.
    pub fn since(&self) -> DateTime<Utc> {
        match self.last_slot {
            // the one slot of a schedule that runs once
            Some(slot) if slot == DateTime::UNIX_EPOCH => slot,
            Some(slot) => slot.max(self.known_since),
            None => self.known_since,
        }
    }
}

impl Store {
    /// Keeps the schedule of a pipeline. A changed one counts as known from `at` on: slots that only
    /// the new expression names are not made up for. Pause and claims stay.
    pub async fn keep_schedule(
        &self,
        pipeline: &str,
        file: &str,
        schedule: &Value,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sql::query(
            "INSERT INTO schedules (pipeline, file, schedule, known_since) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (pipeline) DO UPDATE SET file = excluded.file, schedule = excluded.schedule, \
             known_since = CASE WHEN schedules.schedule = excluded.schedule THEN schedules.known_since \
             ELSE excluded.known_since END, \
             last_slot = CASE WHEN schedules.schedule = excluded.schedule THEN schedules.last_slot END \
             WHERE schedules.file <> excluded.file OR schedules.schedule <> excluded.schedule",
        )
        .bind(pipeline)
        .bind(file)
        .bind(schedule.to_string())
        .bind(stamp(at))
        .execute(&self.writer)
        .await
        .map_err(|error| self.fault("keeping a schedule", error))?;
        Ok(())
    }

    /// Forgets a pipeline's schedule, whose file is gone or states none any more. Claims stay, so that
    /// nothing runs twice when it comes back.
    pub async fn drop_schedule(&self, pipeline: &str) -> Result<bool, StoreError> {
        let dropped =
            sql::query("DELETE FROM schedules WHERE pipeline = ?").bind(pipeline).execute(&self.writer).await;
        Ok(dropped.map_err(|error| self.fault("dropping a schedule", error))?.rows_affected() > 0)
    }

    /// All schedules, by pipeline.
    pub async fn schedules(&self) -> Result<Vec<ScheduleRow>, StoreError> {
        let found = sql::query("SELECT * FROM schedules ORDER BY pipeline").fetch_all(&self.readers).await;
        let rows = found.and_then(|rows| rows.iter().map(schedule_row).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("listing schedules", error))
    }

    /// Pauses a pipeline's schedule, or with `None` lets it go on; false when there is no such schedule.
    /// What was missed meanwhile is made up for as the schedule's catching up says.
    pub async fn pause_schedule(
        &self,
        pipeline: &str,
        pause: Option<(DateTime<Utc>, &str)>,
    ) -> Result<bool, StoreError> {
        let changed = sql::query("UPDATE schedules SET paused_at = ?, note = ? WHERE pipeline = ?")
            .bind(pause.map(|(at, _)| stamp(at)))
            .bind(pause.map(|(_, note)| note))
            .bind(pipeline)
            .execute(&self.writer)
            .await;
        Ok(changed.map_err(|error| self.fault("pausing a schedule", error))?.rows_affected() > 0)
    }

    /// Claims a slot for `by`. True for one caller only, ever; false for everybody while the schedule is
    /// paused or unknown, and for a slot so old that its claim may be forgotten.
    pub async fn claim_slot(
        &self,
        pipeline: &str,
        slot: DateTime<Utc>,
        by: &str,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let claimed = sql::again!(self.write_claim(pipeline, slot, by, at));
        claimed.map_err(|error| self.fault("claiming a slot", error))
    }

    async fn write_claim(
        &self,
        pipeline: &str,
        slot: DateTime<Utc>,
        by: &str,
        at: DateTime<Utc>,
    ) -> SqlResult<bool> {
        let mut transaction = self.begin().await?;
        let claimed = claim(&mut transaction, pipeline, slot, by, at).await?;
        transaction.commit().await?;
        Ok(claimed)
    }
}

/// Claims a slot inside a transaction that may write: together with the run that is begun for it, so
/// that a kill in between loses neither.
pub(crate) async fn claim(
    conn: &mut Conn,
    pipeline: &str,
    slot: DateTime<Utc>,
    by: &str,
    at: DateTime<Utc>,
) -> SqlResult<bool> {
    let (forgotten, once) = (stamp(at - CLAIMS_KEPT), stamp(DateTime::UNIX_EPOCH));
    let claimed = sql::query(
        "INSERT INTO schedule_slots (pipeline, slot, claimed_at, claimed_by) \
         SELECT pipeline, ?2, ?3, ?4 FROM schedules \
         WHERE pipeline = ?1 AND paused_at IS NULL AND (?2 >= ?5 OR ?2 = ?6) ON CONFLICT DO NOTHING",
    )
    .bind(pipeline)
    .bind(stamp(slot))
    .bind(stamp(at))
    .bind(by)
    .bind(&forgotten)
    .bind(&once)
    .execute(&mut *conn)
    .await?;
    if claimed.rows_affected() == 0 {
        return Ok(false);
    }
    sql::query("UPDATE schedules SET last_slot = ?1 WHERE pipeline = ?2 AND coalesce(last_slot, '') < ?1")
        .bind(stamp(slot))
        .bind(pipeline)
        .execute(&mut *conn)
        .await?;
    // The claim of the slot that comes once is kept for ever.
    sql::query("DELETE FROM schedule_slots WHERE pipeline = ? AND slot < ? AND slot <> ?")
        .bind(pipeline)
        .bind(&forgotten)
        .bind(&once)
        .execute(conn)
        .await?;
    Ok(true)
}

fn schedule_row(row: &Row) -> SqlResult<ScheduleRow> {
    let instant = |text: Option<String>| text.map(|text| parse(&text, |text| text.parse().ok())).transpose();
    Ok(ScheduleRow {
        pipeline: row.try_get("pipeline")?,
        file: row.try_get("file")?,
        schedule: json(row.try_get("schedule")?)?,
        known_since: parse(row.try_get("known_since")?, |text| text.parse().ok())?,
        paused_at: instant(row.try_get("paused_at")?)?,
        note: row.try_get("note")?,
        last_slot: instant(row.try_get("last_slot")?)?,
    })
}

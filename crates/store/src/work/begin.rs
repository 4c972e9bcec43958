//! Beginning a run with its steps and first items, and with the claim of the slot that it is begun for.

use chrono::{DateTime, Utc};
use model::RunId;
use serde_json::Value;

use super::control::state_of;
use super::counts::{Counts, NO_STEP};
use super::lock::{Lock, Overlap, cancel_older, holder, is_left_out, promote};
use super::{ItemId, ItemState, NewItem, Phase, RunState, StepNo, StepStatus, children};
use crate::runs::stamp;
use crate::sql::{self, Conn, SqlResult};
use crate::{AuditEntry, Store, StoreError, audit, schedules};

/// A run to begin.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// Now.
    pub at: DateTime<Utc>,
    /// Name of its pipeline.
    pub pipeline: String,
    /// Everything needed to go on with it later: the pipeline and its parameters, without secrets.
    pub definition: Value,
    /// What was asked for: command, inputs, options; without secrets.
    pub command: Value,
    /// What it must hold alone, if anything.
    pub lock: Option<Lock>,
    /// Its steps, nested ones included.
    pub steps: Vec<NewStep>,
    /// The items of its top-level steps.
    pub items: Vec<NewItem>,
    /// How many of them may be under way at once.
    pub cap: u32,
    /// The slot of its pipeline's schedule that it is begun for.
    pub claim: Option<SlotClaim>,
    /// What the audit log is told with it, and only then. The outcome of each becomes how the run
    /// stands: `running`, `queued` or `skipped`.
    pub audit: Vec<AuditEntry>,
}

/// A slot that a run is begun for: it is claimed in the transaction that begins the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotClaim {
    /// The slot.
    pub slot: DateTime<Utc>,
    /// Who claims it.
    pub by: String,
}

/// A step of a run.
#[derive(Debug, Clone)]
pub struct NewStep {
    /// Its number.
    pub no: StepNo,
    /// Its name after those of the steps it is nested in: `per_date/extract`.
    pub path: String,
    /// The function it calls; `None` for one that holds nested steps.
    pub function: Option<String>,
    /// The step it is nested in.
    pub parent: Option<StepNo>,
}

/// What became of a run that was to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begun {
    /// It is under way.
    Running,
    /// It waits for the earlier runs with its lock.
    Queued {
        /// The one that has the lock now.
        behind: RunId,
    },
    /// It was left out: another run has its lock. Nothing was kept but the claim of its slot.
    Skipped {
        /// The one that has it.
        behind: RunId,
    },
    /// Its slot was claimed by another server before, or its schedule is paused. Nothing was kept.
    Taken,
}

impl Store {
    /// Begins a run: it, its steps and its first items are there together, or not at all.
    pub async fn start_run(&self, run: NewRun) -> Result<Begun, StoreError> {
        let began = self.start_in_transaction(run, None).await;
        began.map_err(|error| self.fault("beginning a run", error))
    }

    /// Begins a run within another one, of which `holder` waits for it: it is worked on, cancelled and
    /// told of with that one. `None` when it is not begun, as the other one is to go no further.
    pub async fn start_run_within(
        &self,
        outer: RunId,
        holder: ItemId,
        run: NewRun,
    ) -> Result<Option<Begun>, StoreError> {
        match self.start_in_transaction(run, Some((outer, holder))).await {
            Ok(begun) => Ok(Some(begun)),
            Err(sqlx::Error::RowNotFound) => Ok(None),
            Err(error) => Err(self.fault("beginning a run", error)),
        }
    }

    async fn start_in_transaction(
        &self,
        mut run: NewRun,
        within: Option<(RunId, ItemId)>,
    ) -> SqlResult<Begun> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let within = match within {
            Some((outer, holder)) => Some((path_within(conn, outer).await?, holder)),
            None => None,
        };
        if !is_ours(conn, &run).await? {
            return Ok(Begun::Taken);
        }
        let audit = std::mem::take(&mut run.audit);
        let behind = holder(conn, run.lock.as_ref()).await?;
        match (behind, run.lock.as_ref()) {
            (Some(behind), Some(lock)) if is_left_out(conn, &run, lock).await? => {
                let told = audit.into_iter().map(|entry| AuditEntry { run: None, ..entry });
                tell(conn, told.collect(), "skipped").await?;
                transaction.commit().await?;
                return Ok(Begun::Skipped { behind });
            }
            (Some(_), Some(lock)) if lock.overlap == Overlap::CancelOlder => {
                cancel_older(conn, lock, run.at).await?;
            }
            _ => {}
        }
        let seq = insert_run(conn, &run).await?;
        insert_steps(conn, seq, &run.steps).await?;
        if let Some((path, holder)) = within {
            let sql = "UPDATE runs SET within = ?, holder = ? WHERE seq = ?";
            sql::query(sql).bind(path).bind(holder.0).bind(seq).execute(&mut *conn).await?;
        }
        let root = insert_root(conn, seq, run.cap).await?;
        let mut counts = Counts::default();
        children::enter(conn, seq, root, run.items, &mut counts).await?;
        counts.write(conn).await?;
        children::close(conn, &[root]).await?;
        promote(conn).await?;
        let state = state_of(conn, seq).await?;
        tell(conn, audit, state.name()).await?;
        transaction.commit().await?;
        Ok(match behind {
            Some(behind) if state == RunState::Queued => Begun::Queued { behind },
            _ => Begun::Running,
        })
    }
}

/// The ids of `outer` and of the runs it is within; `RowNotFound` when it goes no further.
async fn path_within(conn: &mut Conn, outer: RunId) -> SqlResult<String> {
    let sql = "SELECT coalesce(within, '') || id || ' ' FROM runs WHERE id = ? \
               AND state IN ('queued', 'running', 'paused')";
    sql::query_scalar(sql).bind(outer.to_string()).fetch_one(conn).await
}

/// Lets the item that waits for a run look at it at once.
pub(crate) async fn wake_holder(conn: &mut Conn, run: i64) -> SqlResult<()> {
    let sql = "UPDATE items SET due = 0 WHERE state = 1 AND parent = (SELECT holder FROM runs WHERE seq = ?)";
    sql::query(sql).bind(run).execute(conn).await?;
    Ok(())
}

/// Whether the slot that the run is begun for is claimed by this; true for one begun for none.
async fn is_ours(conn: &mut Conn, run: &NewRun) -> SqlResult<bool> {
    match &run.claim {
        Some(claim) => schedules::claim(conn, &run.pipeline, claim.slot, &claim.by, run.at).await,
        None => Ok(true),
    }
}

async fn tell(conn: &mut Conn, mut entries: Vec<AuditEntry>, outcome: &str) -> SqlResult<()> {
    entries.iter_mut().for_each(|entry| outcome.clone_into(&mut entry.outcome));
    audit::append(conn, &entries).await
}

/// It waits, until [`promote`](super::promote) finds that nothing is in its way.
async fn insert_run(conn: &mut Conn, run: &NewRun) -> SqlResult<i64> {
    let sql = "INSERT INTO runs (id, started_at, command, state, holds, pipeline, definition, lock, began, first_change) \
               VALUES (?, ?, ?, 'queued', FALSE, ?, ?, ?, ?, (SELECT coalesce(max(seq), 0) FROM changes)) RETURNING seq";
    sql::query_scalar(sql)
        .bind(run.id.to_string())
        .bind(stamp(run.at))
        .bind(run.command.to_string())
        .bind(run.pipeline.clone())
        .bind(run.definition.to_string())
        .bind(run.lock.as_ref().map(|lock| lock.name.clone()))
        .bind(run.at.timestamp_millis())
        .fetch_one(conn)
        .await
}

async fn insert_steps(conn: &mut Conn, run: i64, steps: &[NewStep]) -> SqlResult<()> {
    for step in steps {
        sql::query("INSERT INTO steps (run, step, path, function, parent, status) VALUES (?, ?, ?, ?, ?, ?)")
            .bind(run)
            .bind(i64::from(step.no.0))
            .bind(step.path.clone())
            .bind(step.function.clone())
            .bind(step.parent.map(|parent| i64::from(parent.0)))
            .bind(StepStatus::Pending.name())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// A root only sums up: nothing in it can fail for good.
const ROOT_TRIES: i64 = 1_000_000;

/// The root holds the top-level steps together; it has begun as soon as its run has.
async fn insert_root(conn: &mut Conn, run: i64, cap: u32) -> SqlResult<i64> {
    let sql = "INSERT INTO items (run, step, parent, key, state, phase, counted, tries, give_up) \
               VALUES (?, ?, NULL, 0, ?, ?, FALSE, ?, ?) RETURNING id";
    let root: i64 = sql::query_scalar(sql)
        .bind(run)
        .bind(NO_STEP)
        .bind(ItemState::Waiting.code())
        .bind(Phase::Finish as i64)
        .bind(ROOT_TRIES)
        .bind(ROOT_TRIES)
        .fetch_one(&mut *conn)
        .await?;
    sql::query("UPDATE runs SET root = ? WHERE seq = ?").bind(root).bind(run).execute(&mut *conn).await?;
    children::open(conn, run, root, cap.max(1), None).await?;
    Ok(root)
}

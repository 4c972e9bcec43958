//! How the steps of a run stand.

use sqlx::SqliteConnection;

use super::StepEnd;
use super::counts::Place;
use crate::sql::SqlResult;

/// A step that has begun is running until it has ended.
pub(super) async fn start_step(conn: &mut SqliteConnection, place: &Place) -> SqlResult<()> {
    let sql = "UPDATE steps SET status = 'running' WHERE run = ? AND step = ? AND status = 'pending'";
    sqlx::query(sql).bind(place.run).bind(place.step).execute(conn).await?;
    Ok(())
}

pub(super) async fn end_step(
    conn: &mut SqliteConnection,
    run: i64,
    step: i64,
    end: &StepEnd,
) -> SqlResult<()> {
    sqlx::query("UPDATE steps SET status = ?, reason = ? WHERE run = ? AND step = ?")
        .bind(end.status.name())
        .bind(end.reason.clone())
        .bind(run)
        .bind(step)
        .execute(conn)
        .await?;
    Ok(())
}

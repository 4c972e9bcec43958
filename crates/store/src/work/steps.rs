//! How the steps of a run stand.

use super::StepEnd;
use super::counts::Place;
use crate::sql::{self, Conn, SqlResult};

/// A step that has begun is running until it has ended.
pub(super) async fn start_step(conn: &mut Conn, place: &Place) -> SqlResult<()> {
    let sql = "UPDATE steps SET status = 'running' WHERE run = ? AND step = ? AND status = 'pending'";
    sql::query(sql).bind(place.run).bind(place.step).execute(conn).await?;
    Ok(())
}

pub(super) async fn end_step(conn: &mut Conn, run: i64, step: i64, end: &StepEnd) -> SqlResult<()> {
    sql::query("UPDATE steps SET status = ?, reason = ? WHERE run = ? AND step = ?")
        .bind(end.status.name())
        .bind(end.reason.clone())
        .bind(run)
        .bind(step)
        .execute(conn)
        .await?;
    Ok(())
}

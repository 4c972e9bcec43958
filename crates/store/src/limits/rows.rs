//! Resources and shares, to and from their tables.

use std::collections::HashMap;

use super::{LIMIT_LEASE, LimitAsk, Resource, Share, micros};
use crate::sql::{self, Conn, Row, SqlResult, keys};

/// A resource nobody asked for this long is forgotten, when another is met.
const FORGOTTEN_US: i64 = 24 * 3_600 * 1_000_000;

/// The resources that `ask` needs, in its order; new ones are made up.
pub(super) async fn load(conn: &mut Conn, ask: &LimitAsk<'_>) -> SqlResult<Vec<Resource>> {
    let names: Vec<&str> = ask.needs.iter().map(|(need, _)| need.resource.as_str()).collect();
    let mut known = find(conn, Some(&keys(&names))).await?;
    if known.len() < names.len() {
        forget(conn, micros(ask.now)).await?;
    }
    let new = |name: &str| Resource { name: name.to_owned(), burst: 1, ..Resource::default() };
    Ok(names.into_iter().map(|name| known.remove(name).unwrap_or_else(|| new(name))).collect())
}

/// The resources of these names, or all.
pub(super) async fn find(conn: &mut Conn, names: Option<&str>) -> SqlResult<HashMap<String, Resource>> {
    let sql = "SELECT * FROM limits WHERE resource IN (SELECT value FROM json_each(?1)) OR ?1 IS NULL";
    let rows = sql::query(sql).bind(names).fetch_all(&mut *conn).await?;
    let resources: SqlResult<Vec<Resource>> = rows.iter().map(resource).collect();
    let mut known: HashMap<_, _> = resources?.into_iter().map(|r| (r.name.clone(), r)).collect();
    let sql = "SELECT * FROM limit_shares WHERE resource IN (SELECT value FROM json_each(?1)) OR ?1 IS NULL \
               ORDER BY runner";
    for row in sql::query(sql).bind(names).fetch_all(conn).await? {
        if let Some(resource) = known.get_mut(row.try_get::<&str>("resource")?) {
            resource.shares.push(share(&row)?);
        }
    }
    Ok(known)
}

fn resource(row: &Row) -> SqlResult<Resource> {
    Ok(Resource {
        name: row.try_get("resource")?,
        interval_us: row.try_get("interval_us")?,
        burst: row.try_get("burst")?,
        concurrency: row.try_get("concurrency")?,
        asked_us: row.try_get("asked_us")?,
        places_asked_us: row.try_get("places_asked_us")?,
        tat_us: row.try_get("tat_us")?,
        paused_until_us: row.try_get("paused_until_us")?,
        pause_reason: row.try_get::<Option<String>>("pause_reason")?.unwrap_or_default(),
        paused_by: row.try_get::<Option<String>>("paused_by")?.unwrap_or_default(),
        shares: Vec::new(),
    })
}

fn share(row: &Row) -> SqlResult<Share> {
    Ok(Share {
        runner: row.try_get("runner")?,
        held: row.try_get("held")?,
        waiting: row.try_get("waiting")?,
        since_us: row.try_get("since_us")?,
        expires_us: row.try_get("expires_us")?,
    })
}

/// Keeps the resources, and of their shares the one of `runner`: the others did not change.
pub(super) async fn save(conn: &mut Conn, runner: &str, resources: &[Resource]) -> SqlResult<()> {
    for resource in resources {
        sql::query(
            "INSERT INTO limits (resource, interval_us, burst, concurrency, asked_us, places_asked_us, tat_us, \
             paused_until_us) VALUES (?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (resource) DO UPDATE SET interval_us = excluded.interval_us, \
             burst = excluded.burst, concurrency = excluded.concurrency, asked_us = excluded.asked_us, \
             places_asked_us = excluded.places_asked_us, tat_us = excluded.tat_us",
        )
        .bind(&resource.name)
        .bind(resource.interval_us)
        .bind(resource.burst)
        .bind(resource.concurrency)
        .bind(resource.asked_us)
        .bind(resource.places_asked_us)
        .bind(resource.tat_us)
        .execute(&mut *conn)
        .await?;
        for share in resource.shares.iter().filter(|share| share.runner == runner) {
            save_share(conn, &resource.name, share).await?;
        }
    }
    Ok(())
}

async fn save_share(conn: &mut Conn, resource: &str, share: &Share) -> SqlResult<()> {
    sql::query(
        "INSERT INTO limit_shares (resource, runner, held, waiting, since_us, expires_us) VALUES (?, ?, ?, ?, ?, ?) \
         ON CONFLICT (resource, runner) DO UPDATE SET held = excluded.held, waiting = excluded.waiting, \
         since_us = excluded.since_us, expires_us = excluded.expires_us",
    )
    .bind(resource)
    .bind(&share.runner)
    .bind(share.held)
    .bind(share.waiting)
    .bind(share.since_us)
    .bind(share.expires_us)
    .execute(conn)
    .await?;
    Ok(())
}

/// See [`Store::settle_limits`](crate::Store::settle_limits).
pub(super) async fn settle(
    conn: &mut Conn,
    runner: &str,
    under_way: &[(String, u32)],
    now: i64,
) -> SqlResult<()> {
    let expires = now + LIMIT_LEASE.num_microseconds().unwrap_or(0);
    for (resource, in_flight) in under_way {
        sql::query(
            "UPDATE limit_shares SET held = ?1, waiting = 0, since_us = NULL, expires_us = ?2 \
             WHERE resource = ?3 AND runner = ?4",
        )
        .bind(i64::from(*in_flight))
        .bind(expires)
        .bind(resource)
        .bind(runner)
        .execute(&mut *conn)
        .await?;
    }
    sql::query(
        "DELETE FROM limit_shares WHERE (runner = ? AND held = 0 AND since_us IS NULL) OR expires_us < ?",
    )
    .bind(runner)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

async fn forget(conn: &mut Conn, now: i64) -> SqlResult<()> {
    sql::query(
        "DELETE FROM limits WHERE tat_us < ?1 AND asked_us < ?1 AND paused_until_us < ?2 \
         AND NOT EXISTS (SELECT 1 FROM limit_shares s WHERE s.resource = limits.resource)",
    )
    .bind(now - FORGOTTEN_US)
    .bind(now)
    .execute(conn)
    .await?;
    Ok(())
}

//! Connections to a PostgreSQL server, each set to the namespace's schema and to bounded waits.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Pools, Server, parameters};
use crate::sql::{self, Conn, Pool, SqlResult};

/// Scripts at once; further ones wait for their turn.
const SCRIPTS: u32 = 2;

/// For how long after its use a connection is taken to be alive.
const TRUSTED: Duration = Duration::from_secs(2);

/// How long a connection may take to come, from the pool or from the server, unless the address says it.
const CONNECT_WAIT: Duration = Duration::from_secs(10);

/// How often a server that is not ready yet is asked again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Longer than anything the store does, so that what hangs ends; scripts set their own.
const STATEMENT_TIMEOUT: &str = "300s";

/// A process that is stopped within a transaction does not keep all others waiting.
const IDLE_IN_TRANSACTION: &str = "60s";

/// The connections to a store on a server.
pub(super) fn pools(server: &Server, busy_wait: Duration) -> SqlResult<Pools> {
    let options = options(server, busy_wait)?;
    // A pool's wait is also for a connection that others have: no shorter than usual.
    let wait = connect_wait(server).max(CONNECT_WAIT);
    let many = pool(server.connections.max(2)).acquire_timeout(wait).connect_lazy_with(options.clone());
    // What users wrote is not kept prepared: the tables it is about may change at any time.
    let options = options.statement_cache_capacity(0);
    let few = pool(SCRIPTS).acquire_timeout(Duration::from_secs(600)).connect_lazy_with(options);
    // The same connections read and write.
    let both = Pool::postgres(many);
    Ok(Pools { writer: both.clone(), readers: both, scripts: Pool::postgres(few) })
}

fn pool(connections: u32) -> PgPoolOptions {
    let pool = PgPoolOptions::new().max_connections(connections).min_connections(0);
    // A server goes away: a connection that has not been used for a while is tried before it is lent.
    // One that has just been is not: that would be a trip to the server for each statement.
    let tried = pool.test_before_acquire(false).before_acquire(|conn, about| {
        Box::pin(async move { Ok(about.idle_for < TRUSTED || conn.ping().await.is_ok()) })
    });
    tried.idle_timeout(Duration::from_secs(300))
}

fn options(server: &Server, busy_wait: Duration) -> SqlResult<PgConnectOptions> {
    let lock_timeout = format!("{}ms", busy_wait.as_millis().max(1));
    let options = PgConnectOptions::from_str(&parameters::split(&server.url).0)?;
    let options = match options.get_application_name() {
        Some(_) => options,
        None => options.application_name("callboard"),
    };
    let options = options.options([
        ("search_path", quoted(&server.namespace).as_str()),
        ("lock_timeout", &lock_timeout),
        ("statement_timeout", STATEMENT_TIMEOUT),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION),
        // Instants are shown and cut into days in one way, whatever the server is set to.
        ("TimeZone", "UTC"),
        // Statements are short and many.
        ("jit", "off"),
    ]);
    Ok(options.disable_statement_logging())
}

fn connect_wait(server: &Server) -> Duration {
    parameters::split(&server.url).1.unwrap_or(CONNECT_WAIT)
}

/// A connection of its own, for a first look. What is wrong with the server or the address is told at once: the
/// pool would ask again and again, and say no more than that there was no answer.
pub(super) async fn reach(server: &Server) -> SqlResult<PgConnection> {
    let (options, until) = (options(server, CONNECT_WAIT)?, Instant::now() + connect_wait(server));
    loop {
        match timeout_at(until, options.connect()).await {
            Err(_) => return Err(sqlx::Error::PoolTimedOut),
            // It is being started, or has no place for another one just now.
            Ok(Err(sqlx::Error::Database(error)))
                if error.is_transient_in_connect_phase() && Instant::now() + LOOK_AGAIN < until =>
            {
                sleep(LOOK_AGAIN).await;
            }
            Ok(connected) => return connected,
        }
    }
}

/// Whether the server holds a store in this namespace.
pub(super) async fn has_store(conn: &mut Conn, server: &Server) -> SqlResult<bool> {
    let table = format!("{}.schema_version", quoted(&server.namespace));
    sql::query_scalar("SELECT to_regclass(?) IS NOT NULL").bind(table).fetch_one(conn).await
}

/// Makes the namespace's schema where it is not there; who may not make one can be given one.
pub(super) async fn make_schema(conn: &mut Conn, server: &Server) -> SqlResult<()> {
    let there = sql::query_scalar::<bool>("SELECT EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = ?)");
    if !there.bind(server.namespace.as_str()).fetch_one(&mut *conn).await? {
        sql::run_all(conn, &format!("CREATE SCHEMA {}", quoted(&server.namespace))).await?;
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

//! One connection to Redis: made when it is needed, made anew when it broke, and left alone for a while
//! when that fails too. Every wait has an end.

use std::fmt;
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, RedisResult};
use tokio::sync::Mutex;

use crate::cache::CacheError;
use crate::cache::breaker::Breaker;

pub(super) struct Connection {
    client: Client,
    name: String,
    config: AsyncConnectionConfig,
    open: Mutex<Option<MultiplexedConnection>>,
    breaker: Breaker,
}

impl Connection {
    pub(super) fn new(url: &str, name: &str, timeout: Duration) -> Result<Connection, CacheError> {
        // Whoever came first has said which cryptography is used; all of callboard says the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = Client::open(url).map_err(|error| CacheError::of(name, &error))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(timeout))
            .set_response_timeout(Some(timeout));
        let (open, breaker) = (Mutex::new(None), Breaker::default());
        Ok(Connection { client, name: name.to_owned(), config, open, breaker })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Asks once more over a new connection when the one that was open has gone meanwhile: whatever is
    /// asked here may be asked twice.
    pub(super) async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, CacheError> {
        let (mut answer, was_open) = self.ask_once(command).await?;
        if was_open && answer.as_ref().is_err_and(RedisError::is_connection_dropped) {
            (answer, _) = self.ask_once(command).await?;
        }
        let answer = answer.map_err(|error| self.failed(&error));
        if answer.is_ok() {
            self.breaker.worked();
        }
        answer
    }

    /// The answer, and whether the connection had been open before.
    async fn ask_once<T: FromRedisValue>(&self, command: &Cmd) -> Result<(RedisResult<T>, bool), CacheError> {
        let (mut connection, was_open) = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        if answer
            .as_ref()
            .is_err_and(|error: &RedisError| error.is_io_error() || error.is_unrecoverable_error())
        {
            *self.open.lock().await = None;
        }
        Ok((answer, was_open))
    }

    /// Those who wait while one tries to connect do not try after it has failed.
    async fn connection(&self) -> Result<(MultiplexedConnection, bool), CacheError> {
        let mut open = self.open.lock().await;
        self.breaker.check(Instant::now())?;
        if let Some(connection) = &*open {
            return Ok((connection.clone(), true));
        }
        let connected = self.client.get_multiplexed_async_connection_with_config(&self.config).await;
        let connection = connected.map_err(|error| self.failed(&error))?;
        *open = Some(connection.clone());
        Ok((connection, false))
    }

    fn failed(&self, error: &RedisError) -> CacheError {
        let error = CacheError::of(&self.name, error);
        self.breaker.failed(error.clone(), Instant::now());
        error
    }
}

/// The address is not shown: it may hold a password.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

//! Real servers. Those that all tests share are started by `./test` and found in the environment;
//! a test that breaks one starts its own, which ends with the value that stands for it.

mod own_postgres;

use std::env;

pub use own_postgres::OwnPostgres;

/// What a shared server is found under: the name of its variable and how people call it.
#[derive(Debug, Clone, Copy)]
pub enum Server {
    /// PostgreSQL: address of a database in which others may be created.
    Postgres,
    /// Redis: address; tests keep to keys or a database number of their own.
    Redis,
    /// Object storage that speaks S3: address. Buckets are made by writing into them; the credentials are
    /// [`S3_ACCESS_KEY_ID`] and [`S3_SECRET_ACCESS_KEY`]. Tests keep to a bucket or prefix of their own.
    S3,
    /// No server: a Python interpreter, with packages that read what callboard writes.
    Python,
    /// No server: a headless Chromium.
    Browser,
}

/// Who may write to the object storage of the tests.
pub const S3_ACCESS_KEY_ID: &str = "callboard";

/// Its secret, which is none.
pub const S3_SECRET_ACCESS_KEY: &str = "callboard-secret";

impl Server {
    fn variable(self) -> &'static str {
        match self {
            Server::Postgres => "CALLBOARD_TEST_POSTGRES",
            Server::Redis => "CALLBOARD_TEST_REDIS",
            Server::S3 => "CALLBOARD_TEST_S3",
            Server::Python => "CALLBOARD_TEST_PYTHON",
            Server::Browser => "CALLBOARD_TEST_BROWSER",
        }
    }

    /// The address of the shared server. `None` where there is none: the caller returns, and the line
    /// on stderr is counted by `./test`. In CI that is a failure.
    pub fn shared(self) -> Option<String> {
        let variable = self.variable();
        let found = env::var(variable).ok().filter(|address| !address.is_empty());
        if found.is_none() {
            assert!(
                env::var_os("CI").is_none(),
                "{variable} is not set: ./test starts the servers and sets it"
            );
            eprintln!("SKIPPED: no {self:?} ({variable} is not set; ./test starts one)");
        }
        found
    }
}

/// The server that stores of tests are to be on, instead of in files: `./test` runs the same tests once
/// more for it, with `CALLBOARD_TEST_STORE=postgres`.
pub fn stores_are_on() -> Option<String> {
    let wanted = env::var("CALLBOARD_TEST_STORE").ok()?;
    assert_eq!(wanted, "postgres", "CALLBOARD_TEST_STORE names no such store");
    Some(Server::Postgres.shared().expect("CALLBOARD_TEST_STORE=postgres wants CALLBOARD_TEST_POSTGRES too"))
}

//! A PostgreSQL of a test's own, to be stopped and started as the test likes. It keeps what it was told as
//! one that serves does: what is committed has reached the disk.

use std::env;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::TempFolder;

/// A server with a data folder and a port of its own; gone when dropped.
pub struct OwnPostgres {
    folder: TempFolder,
    bin: PathBuf,
    port: u16,
}

impl OwnPostgres {
    /// A new one, started. `None` where PostgreSQL is not there, which is said as for [`super::Server`].
    pub fn start() -> Option<OwnPostgres> {
        let Some(bin) = env::var_os("CALLBOARD_TEST_POSTGRES_BIN") else {
            assert!(env::var_os("CI").is_none(), "CALLBOARD_TEST_POSTGRES_BIN is not set: ./test sets it");
            eprintln!("SKIPPED: no PostgreSQL (CALLBOARD_TEST_POSTGRES_BIN is not set; ./test sets it)");
            return None;
        };
        let server = OwnPostgres { folder: TempFolder::new(), bin: bin.into(), port: free_port() };
        if is_root() {
            done(Command::new("chown").arg("postgres").arg(server.folder.path()));
        }
        let data = server.data();
        let settings = ["--encoding=UTF8", "--locale=C.UTF-8", "--auth=trust", "--username=callboard"];
        done(server.unprivileged("initdb").args(settings).arg("--no-sync").arg(data));
        server.go_on();
        Some(server)
    }

    /// The address of a database in it.
    pub fn url(&self) -> String {
        format!("postgres://callboard@127.0.0.1:{}/postgres", self.port)
    }

    /// Its folder, in which the caller may keep what goes with it.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Stops it as if the power had failed.
    pub fn stop_at_once(&self) {
        done(self.control("stop").args(["-m", "immediate"]));
    }

    /// Starts it again.
    pub fn go_on(&self) {
        let folder = self.folder.path().display();
        let options =
            format!("-p {} -k {folder} -c listen_addresses=127.0.0.1 -c shared_buffers=32MB", self.port);
        // What it inherits it would hold open for ever.
        done(self.control("start").args(["-o", &options]).stdout(std::process::Stdio::null()));
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn control(&self, what: &str) -> Command {
        let mut command = self.unprivileged("pg_ctl");
        command.arg("-D").arg(self.data()).arg("-w").arg("-l").arg(self.folder.path().join("log")).arg(what);
        command
    }

    /// PostgreSQL refuses to run as root.
    fn unprivileged(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]).arg(program);
        command
    }
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        // It may be stopped already.
        let _ = self.control("stop").args(["-m", "immediate"]).output();
    }
}

fn is_root() -> bool {
    let told = Command::new("id").arg("-u").output();
    told.is_ok_and(|told| String::from_utf8_lossy(&told.stdout).trim() == "0")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("its number").port()
}

fn done(command: &mut Command) {
    let shown = format!("{command:?}");
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("{shown}: {error}"));
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(status.success(), "{shown}: {} {}", said(&stdout), said(&stderr));
}

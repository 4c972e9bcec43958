//! A Redis of a test's own, to be killed and started again at the same address.

use std::env;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::TempFolder;

/// A Redis that ends with this value. It keeps nothing: started again it is empty.
pub struct OwnRedis {
    program: PathBuf,
    port: u16,
    folder: TempFolder,
    arguments: Vec<String>,
    child: Option<Child>,
}

/// A server that does not come up in that time never does.
const LONGEST: Duration = Duration::from_secs(20);

impl OwnRedis {
    /// Starts one. `None` where no Redis is installed: the caller returns, and the line on stderr is
    /// counted by `./test`. In CI that is a failure.
    pub fn start() -> Option<OwnRedis> {
        OwnRedis::start_with(|_, _| Vec::new())
    }

    /// The same with further arguments, made from its folder and its port.
    pub fn start_with(arguments: impl FnOnce(&TempFolder, u16) -> Vec<String>) -> Option<OwnRedis> {
        let Some(program) = env::var_os("CALLBOARD_TEST_REDIS_BIN") else {
            assert!(env::var_os("CI").is_none(), "CALLBOARD_TEST_REDIS_BIN is not set: ./test sets it");
            eprintln!("SKIPPED: no Redis to start (CALLBOARD_TEST_REDIS_BIN is not set; ./test sets it)");
            return None;
        };
        let (folder, port) = (TempFolder::new(), free_port());
        let arguments = arguments(&folder, port);
        let mut redis = OwnRedis { program: program.into(), port, folder, arguments, child: None };
        redis.start_again();
        Some(redis)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Starts it at the address it had, empty.
    pub fn start_again(&mut self) {
        let mut command = Command::new(&self.program);
        command.args(["--bind", "127.0.0.1", "--save", "", "--port"]).arg(self.port.to_string());
        command.arg("--dir").arg(self.folder.path()).args(&self.arguments);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().unwrap_or_else(|error| panic!("Redis does not start: {error}")));
        let began = Instant::now();
        while !self.listens() {
            assert!(began.elapsed() < LONGEST, "Redis does not listen at {}", self.url());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// A connection to a port that nobody listens at may be one to itself, if its own port is that one.
    fn listens(&self) -> bool {
        let Ok(connection) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        connection.local_addr().is_ok_and(|address| address.port() != self.port)
    }

    /// Kills it at once.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Holds it still: connections stand, and nothing is answered. [`OwnRedis::go_on`] ends it.
    pub fn hold(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.as_ref().map_or(0, Child::id);
        let sent = Command::new("kill").args([name, &pid.to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "cannot signal Redis");
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        self.kill();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no free port: {error}"));
    listener.local_addr().map_or(0, |address| address.port())
}

//! Interrupts: the first asks to stop gently, the second to leave at once. Both are safe.

use engine::run::Stop;
use tokio::sync::watch;

use crate::output::say;

/// Listens from now on to SIGINT and SIGTERM. Messages end up on stderr.
pub fn listen() -> watch::Receiver<Stop> {
    let (stop, stopped) = watch::channel(Stop::No);
    tokio::spawn(async move {
        let mut interrupts = Interrupts::new();
        interrupts.next().await;
        say("stopping: what is in hand is ended or given back; again to leave at once");
        // The run may just have ended.
        let _ = stop.send(Stop::Gently);
        interrupts.next().await;
        say("leaving at once: what is in hand is given back");
        let _ = stop.send(Stop::Now);
        // Held open: a closed channel would wake the runner again and again.
        std::future::pending::<()>().await;
    });
    stopped
}

/// The signals that ask a process to end.
struct Interrupts {
    #[cfg(unix)]
    terminate: Option<tokio::signal::unix::Signal>,
}

impl Interrupts {
    #[cfg(unix)]
    fn new() -> Interrupts {
        use tokio::signal::unix::{SignalKind, signal};
        Interrupts { terminate: signal(SignalKind::terminate()).ok() }
    }

    #[cfg(not(unix))]
    fn new() -> Interrupts {
        Interrupts {}
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        match &mut self.terminate {
            Some(terminate) => {
                tokio::select! {
                    _ = tokio::signal::ctrl_c() => {}
                    _ = terminate.recv() => {}
                }
            }
            None => drop(tokio::signal::ctrl_c().await),
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        drop(tokio::signal::ctrl_c().await);
    }
}

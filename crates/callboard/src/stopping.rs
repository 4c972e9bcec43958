//! Interrupts: the first asks to stop gently, the second to leave at once. Both are safe.

use engine::run::Stop;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Listens from now on to SIGINT and SIGTERM.
pub fn listen() -> watch::Receiver<Stop> {
    let (stop, stopped) = watch::channel(Stop::No);
    tokio::spawn(async move {
        let mut interrupts = Interrupts::new();
        for asked in [Stop::Gently, Stop::Now] {
            interrupts.next().await;
            // What was to stop may just have ended.
            let _ = stop.send(asked);
        }
        // Held open: a closed channel would wake the runner again and again.
        std::future::pending::<()>().await;
    });
    stopped
}

/// Says what an interrupt does, from now on.
pub fn tell(mut stop: watch::Receiver<Stop>, say: impl Fn(&str) + Send + Sync + 'static) -> JoinHandle<()> {
    stop.borrow_and_update();
    tokio::spawn(async move {
        while stop.changed().await.is_ok() {
            match *stop.borrow_and_update() {
                Stop::No => {}
                Stop::Gently => {
                    say("stopping: what is in hand is ended or given back; again to leave at once")
                }
                Stop::Now => say("leaving at once: what is in hand is given back"),
            }
        }
    })
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

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
    let mut asked = *stop.borrow_and_update();
    tokio::spawn(async move {
        while asked != Stop::Now && stop.changed().await.is_ok() {
            asked = *stop.borrow_and_update();
            match asked {
                Stop::No => {}
                Stop::Gently => {
                    say("stopping: what is in hand is ended or given back; again to leave at once")
                }
                Stop::Now => say("leaving at once: what is in hand is given back"),
            }
        }
    })
}

/// Ends telling. Who leaves at once may be ready for that before it was said.
pub async fn told(telling: JoinHandle<()>, stop: &watch::Receiver<Stop>) {
    if *stop.borrow() == Stop::Now {
        let _ = telling.await;
    } else {
        telling.abort();
    }
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

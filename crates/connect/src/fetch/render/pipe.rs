//! The DevTools protocol over a pipe: JSON messages with a zero byte between. Calls are answered by number,
//! events go to the page they are of.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot};

use super::super::host::lock;

/// What happened in a page.
#[derive(Debug)]
pub struct Event {
    pub method: String,
    pub params: Value,
}

/// Events of one page that wait to be looked at; a page with more of them is given up.
const EVENTS_MAX: usize = 1024;

/// One end of the pipe.
#[derive(Debug)]
pub struct Pipe {
    outgoing: tokio::sync::Mutex<ChildStdin>,
    routes: Arc<Routes>,
    next: AtomicU64,
}

#[derive(Debug, Default)]
struct Routes {
    waiting: Mutex<HashMap<u64, oneshot::Sender<Result<Value, String>>>>,
    pages: Mutex<HashMap<String, mpsc::Sender<Event>>>,
    closed: AtomicBool,
}

impl Pipe {
    pub fn new(outgoing: ChildStdin, incoming: ChildStdout) -> Pipe {
        let routes = Arc::new(Routes::default());
        tokio::spawn(read(incoming, routes.clone()));
        Pipe { outgoing: tokio::sync::Mutex::new(outgoing), routes, next: AtomicU64::new(1) }
    }

    pub fn is_open(&self) -> bool {
        !self.routes.closed.load(Ordering::Acquire)
    }

    /// The events of a page from now on.
    pub fn events(&self, session: &str) -> mpsc::Receiver<Event> {
        let (sender, receiver) = mpsc::channel(EVENTS_MAX);
        lock(&self.routes.pages).insert(session.to_owned(), sender);
        receiver
    }

    /// Nobody looks at them any more.
    pub fn forget(&self, session: &str) {
        lock(&self.routes.pages).remove(session);
    }

    /// Calls a method, of a page where one is named, and waits for its answer.
    pub async fn call(
        &self,
        session: Option<&str>,
        method: &str,
        params: Value,
        limit: Duration,
    ) -> Result<Value, String> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut message = json!({"id": id, "method": method, "params": params});
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let (sender, answer) = oneshot::channel();
        lock(&self.routes.waiting).insert(id, sender);
        let answered = tokio::time::timeout(limit, async {
            self.send(&message).await?;
            answer.await.map_err(|_| GONE.to_owned())?
        });
        let result = answered.await;
        lock(&self.routes.waiting).remove(&id);
        result.unwrap_or_else(|_| Err(format!("the browser did not answer {method} in time")))
    }

    async fn send(&self, message: &Value) -> Result<(), String> {
        if !self.is_open() {
            return Err(GONE.to_owned());
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        let mut outgoing = self.outgoing.lock().await;
        let sent = outgoing.write_all(&bytes).await;
        sent.map_err(|_| GONE.to_owned())
    }
}

const GONE: &str = "the browser has ended";

/// Reads until the other end closes; then nobody waits any longer.
async fn read(incoming: ChildStdout, routes: Arc<Routes>) {
    let mut incoming = BufReader::with_capacity(256 * 1024, incoming);
    let mut message = Vec::new();
    while let Ok(length) = incoming.read_until(0, &mut message).await {
        if length == 0 || message.pop() != Some(0) {
            break;
        }
        if let Ok(value) = serde_json::from_slice(&message) {
            routes.take(value);
        }
        message.clear();
    }
    routes.closed.store(true, Ordering::Release);
    lock(&routes.waiting).clear();
    lock(&routes.pages).clear();
}

impl Routes {
    fn take(&self, mut message: Value) {
        if let Some(id) = message["id"].as_u64() {
            let Some(waiting) = lock(&self.waiting).remove(&id) else { return };
            let answer = match message.get("error") {
                Some(error) => Err(error["message"].as_str().unwrap_or("an error").to_owned()),
                None => Ok(message["result"].take()),
            };
            // Whoever asked may have stopped waiting.
            let _ = waiting.send(answer);
            return;
        }
        let (Some(session), Some(method)) = (message["sessionId"].as_str(), message["method"].as_str())
        else {
            return;
        };
        let (session, method) = (session.to_owned(), method.to_owned());
        let mut pages = lock(&self.pages);
        let Some(page) = pages.get(&session) else { return };
        let event = Event { method, params: message["params"].take() };
        if page.try_send(event).is_err() {
            pages.remove(&session);
        }
    }
}

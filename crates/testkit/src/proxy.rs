//! A proxy before a real HTTP server, with faults on demand: what a network and a busy server do to those
//! who rely on them. One request a connection, so that each fault meets one request.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// What is done to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is answered with this status, and the server does not see it.
    Status(u16),
    /// It reaches the server so much later.
    Slow(Duration),
    /// The server does it, and half of its answer arrives.
    CutAnswer,
    /// The server does it, and no answer arrives.
    LoseAnswer,
    /// The connection ends before anything is sent.
    Refuse,
}

/// A proxy; it ends when dropped.
pub struct Proxy {
    address: String,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    server: String,
    state: Mutex<State>,
    over: AtomicBool,
}

#[derive(Default)]
struct State {
    next: VecDeque<Fault>,
    always: Option<Fault>,
    asked: Vec<String>,
}

impl Proxy {
    /// A proxy before the server at `address`, like `http://127.0.0.1:9000`.
    pub fn before(address: &str) -> Proxy {
        let server = address.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it has an address").port();
        let shared = Arc::new(Shared { server, state: Mutex::default(), over: AtomicBool::new(false) });
        let accepting = shared.clone();
        let accepting = std::thread::spawn(move || accept(&listener, &accepting));
        Proxy { address: format!("http://127.0.0.1:{port}"), shared, accepting: Some(accepting) }
    }

    /// Its own address.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The next requests meet these faults, one each; those after them none.
    pub fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.state().next.extend(faults);
    }

    /// From now on each request meets this fault, or none any more.
    pub fn always(&self, fault: Option<Fault>) {
        self.shared.state().always = fault;
    }

    /// First lines of the requests since the last call.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.state().asked)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        // Wakes it.
        let _ = TcpStream::connect(self.address.trim_start_matches("http://"));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault_for(&self, line: &str) -> Option<Fault> {
        let mut state = self.state();
        state.asked.push(line.to_owned());
        state.next.pop_front().or(state.always)
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for client in listener.incoming() {
        if shared.over.load(Ordering::Relaxed) {
            return;
        }
        let Ok(client) = client else { continue };
        let shared = shared.clone();
        // A client that goes away in the middle is what happens here.
        std::thread::spawn(move || serve(client, &shared));
    }
}

/// Nothing waits longer.
const PATIENCE: Duration = Duration::from_secs(60);

fn serve(mut client: TcpStream, shared: &Shared) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    let (head, body) = read_request(&mut client)?;
    let line = head.lines().next().unwrap_or_default().to_owned();
    let fault = shared.fault_for(&line);
    match fault {
        Some(Fault::Status(status)) => {
            let head = format!("HTTP/1.1 {status} Fault\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            return client.write_all(head.as_bytes());
        }
        Some(Fault::Refuse) => return client.shutdown(Shutdown::Both),
        Some(Fault::Slow(time)) => std::thread::sleep(time),
        _ => {}
    }
    let answer = forward(&shared.server, &head, &body)?;
    let sent = match fault {
        Some(Fault::LoseAnswer) => 0,
        Some(Fault::CutAnswer) => half(&answer),
        _ => answer.len(),
    };
    client.write_all(&answer[..sent])?;
    client.shutdown(Shutdown::Both)
}

/// The end of the head and half of the body.
fn half(answer: &[u8]) -> usize {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n").map_or(0, |at| at + 4);
    head + (answer.len() - head) / 2
}

fn read_request(client: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let length = header(&head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    client.read_exact(&mut body)?;
    Ok((head, body))
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let named = |line: &'a str| line.split_once(':').filter(|(n, _)| n.eq_ignore_ascii_case(name));
    head.lines().find_map(named).map(|(_, value)| value.trim())
}

/// Sends it on, and gives the whole answer.
fn forward(server: &str, head: &str, body: &[u8]) -> io::Result<Vec<u8>> {
    let mut upstream = TcpStream::connect(server)?;
    upstream.set_read_timeout(Some(PATIENCE))?;
    let kept = head.trim_end().lines().filter(|line| !line.to_ascii_lowercase().starts_with("connection:"));
    let head = kept.collect::<Vec<_>>().join("\r\n") + "\r\nConnection: close\r\n\r\n";
    upstream.write_all(head.as_bytes())?;
    upstream.write_all(body)?;
    let mut answer = Vec::new();
    upstream.read_to_end(&mut answer)?;
    Ok(answer)
}

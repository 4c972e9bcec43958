//! Several processes on one store: together they are as polite as one. What is measured is what a server
//! sees of them.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::call::Desk;

const PROCESSES: usize = 4;
const PAGES: usize = 10;
const PER_SECOND: f64 = 20.0;
/// What may come at once after a rest, at this rate.
const BURST: usize = 2;

const CONNECTOR: &str = "\
name: slow
title: Slow
description: Answers at its pace.
limits: {per_second: 20}
terms: {robots: ignore}
requests:
  list:
    url: http://127.0.0.1:1/
    decode: json
    read:
      - each: events[*]
        fields: {title: name, start: start}
";

/// A server that notes when it was asked.
fn server() -> (String, Arc<Mutex<Vec<Instant>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let asked: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let noted = asked.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let noted = noted.clone();
            std::thread::spawn(move || answer(stream, &noted));
        }
    });
    (address, asked)
}

fn answer(mut stream: TcpStream, asked: &Mutex<Vec<Instant>>) {
    let mut lines = BufReader::new(stream.try_clone().expect("a stream")).lines();
    asked.lock().expect("the list").push(Instant::now());
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let body = r#"{"events": []}"#;
    // A client that is gone is the other side's business.
    let _ = write!(
        stream,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
}

fn collect(desk: &Desk, address: &str, process: usize) -> Child {
    let pages = (0..PAGES).map(|page| format!("{address}/{process}/{page}"));
    desk.command(&["collect", "--connector", "slow", "--allow-private", "--format", "json"])
        .args(pages)
        .env("CALLBOARD_LIMITS", "shared")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

#[test]
fn four_processes_keep_the_pace_of_one() {
    let desk = Desk::new();
    desk.folder.write("connectors/slow.yaml", CONNECTOR);
    let (address, asked) = server();
    let start = Instant::now();
    let processes: Vec<Child> = (0..PROCESSES).map(|process| collect(&desk, &address, process)).collect();
    for process in processes {
        let output = process.wait_with_output().expect("it ends");
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let summary: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"));
        assert_eq!(summary["outcome"], "completed", "{stderr}");
    }
    check_pace(&desk, start, &asked, PROCESSES * PAGES);
}

/// Runners share limits without being told to.
#[test]
fn two_runners_of_one_run_keep_the_pace_of_one() {
    let desk = Desk::new();
    desk.folder.write("connectors/slow.yaml", CONNECTOR);
    let (address, asked) = server();
    let pages: Vec<String> = (0..PROCESSES * PAGES).map(|page| format!("{address}/{page}")).collect();
    let step = serde_json::json!({"name": "p", "function": "collect", "with": {"connector": "slow", "inputs": pages}});
    let pipeline = serde_json::json!({"name": "pages", "steps": [step]}).to_string();
    desk.folder.write("pipelines/pages.json", pipeline);
    assert_eq!(desk.call(&["run", "pages", "--detach"]).code, 0);
    let start = Instant::now();
    let runner = |name: &str| {
        desk.start(&["runner", "--until-idle", "--runner-id", name, "--concurrency", "4", "--allow-private"])
    };
    for runner in [runner("left"), runner("right")] {
        let answer = runner.end();
        assert_eq!(answer.code, 0, "{}", answer.stderr);
    }
    assert_eq!(desk.run("last")["outcome"], "completed");
    check_pace(&desk, start, &asked, PROCESSES * PAGES);
}

/// The server was asked for all pages at the pace of one process, and nothing is held any more.
fn check_pace(desk: &Desk, start: Instant, asked: &Mutex<Vec<Instant>>, pages: usize) {
    let mut asked = asked.lock().expect("the list").clone();
    asked.sort();
    assert_eq!(asked.len(), pages);
    // No request comes before its slot, so the last comes when all slots before it have passed.
    let least = Duration::from_secs_f64((pages - BURST) as f64 / PER_SECOND);
    assert!(*asked.last().expect("some") - start >= least, "{:?}", *asked.last().expect("some") - start);
    let limits = desk.call(&["limits", "--format", "ndjson"]).stdout;
    let limit: Value = serde_json::from_str(limits.lines().next().expect("a resource")).expect("one object");
    assert_eq!((limit["interval_ms"].as_f64(), limit["running"].as_u64()), (Some(50.0), Some(0)), "{limit}");
}

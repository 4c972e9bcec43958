//! Requests as steps, against a server of this process.

use std::sync::{Arc, Mutex};

use connect::fetch::{FetchOptions, Fetcher};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::kit::Kit;

/// Answers each request as its path says, and remembers what it was sent.
struct Server {
    address: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let kept = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, kept.clone()));
            }
        });
        Server { address, seen }
    }

    /// Requests but for those of robots.txt.
    fn seen(&self) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|request| !request.contains("/robots.txt")).cloned().collect()
    }
}

async fn answer(mut stream: TcpStream, seen: Arc<Mutex<Vec<String>>>) {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    while !is_whole(&request) {
        match stream.read(&mut piece).await {
            Ok(read) if read > 0 => request.extend_from_slice(&piece[..read]),
            _ => return,
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split_whitespace().nth(1).unwrap_or_default().to_owned();
    seen.lock().unwrap().push(request);
    let (status, body) = match path.split('?').next().unwrap_or_default() {
        "/robots.txt" => (200, "User-agent: *\nDisallow: /closed"),
        "/words" | "/closed" => (200, "some words"),
        "/absent" => (404, "{\"error\": \"no such thing\"}"),
        "/broken" => (500, "{}"),
        "/secret" => (403, "{\"error\": \"bad key s3cret-value\"}"),
        _ => (200, "{\"a\": 1}"),
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() >= length.trim().parse().unwrap_or(0))
}

async fn kit() -> (Kit, Server) {
    let fetcher = Fetcher::new(FetchOptions { allow_private: true, attempts: 1, ..FetchOptions::default() });
    let store = crate::run::tests::empty_store().await;
    (Kit::with(store, testkit::TempFolder::new(), Some(fetcher.unwrap())), Server::start().await)
}

#[tokio::test]
async fn answers_become_output() {
    let (kit, server) = kit().await;
    let check = async |path: &str, with: &str, expected: Value| {
        let lines = format!("function: http\nwith: {{url: '{}{path}', {with}}}", server.address);
        assert_eq!(*kit.step(&lines).await.output(), expected, "{path} {with}");
    };
    let kind = "application/json";
    check("/a", "method: GET", json!({"status": 200, "content_type": kind, "json": {"a": 1}})).await;
    check("/words", "output: text", json!({"status": 200, "content_type": kind, "text": "some words"})).await;
    check("/words", "output: status", json!({"status": 200, "content_type": kind})).await;
    check("/absent", "expect: [200, 404]", json!({"status": 404, "json": null})).await;
}

#[tokio::test]
async fn it_sends_what_it_is_told_and_shows_secrets_to_its_host_alone() {
    let (kit, server) = kit().await;
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let with = format!(
            "{{method: {method}, url: '{}/x', json: {{b: [1]}}, headers: {{X-Key: '{{{{ env.KIT_SECRET }}}}', X-Own: 5}}}}",
            server.address
        );
        kit.step(&format!("function: http\nwith: {with}")).await.output();
        let request = server.seen().pop().unwrap();
        assert!(request.starts_with(&format!("{method} /x HTTP/1.1")), "{request}");
        for part in ["x-key: s3cret-value", "x-own: 5", "content-type: application/json", "{\"b\":[1]}"] {
            assert!(request.contains(part), "{request}");
        }
    }
    kit.step(&format!("function: http\nwith: {{method: PUT, url: '{}/x', body: 'a,b', headers: {{Content-Type: text/csv}}}}", server.address)).await.output();
    assert!(server.seen().pop().unwrap().contains("content-type: text/csv"));
}

#[tokio::test]
async fn failures_are_told_apart() {
    let (kit, server) = kit().await;
    let check = async |path: &str, with: &str, attempts: u64, expected: &str| {
        let lines =
            format!("function: http\nmax_retries: 1\nwith: {{url: '{}{path}'{with}}}", server.address);
        let ran = kit.step(&lines).await;
        assert_eq!((ran.outcome(), ran.attempts()), ("failed", attempts), "{path}: {}", ran.reason());
        assert!(ran.reason().contains(expected), "{path}: {}", ran.reason());
    };
    check("/absent", "", 1, "answered 404: no such thing").await;
    check("/broken", "", 2, "answered 500").await;
    check("/words", "", 1, "the answer is no JSON").await;
    check("/closed", "", 1, "is closed to robots").await;
    check("/a", ", expect: [201]", 1, "answered 200, which is none of [201]").await;
    check("/a", ", body: x", 1, "a GET sends no body").await;
    check(
        "/secret?k={{ env.KIT_SECRET }}",
        ", headers: {X: '{{ env.KIT_SECRET }}'}",
        1,
        "/secret?k=*** answered 403",
    )
    .await;
    let ran = kit
        .step(&format!(
            "function: http\nwith: {{url: '{}/secret', headers: {{X: '{{{{ env.KIT_SECRET }}}}'}}}}",
            server.address
        ))
        .await;
    assert!(!ran.reason().contains("s3cret") && ran.reason().contains("403"), "{}", ran.reason());
    check("/a", ", headers: {X: '{{ env.KIT_SECRET }}', Y: '{{ env.KIT_SECRET }}'}", 1, "only one of them")
        .await;
}

#[tokio::test]
async fn what_is_saved_is_there_for_a_run_that_fetches_nothing() {
    let (mut kit, server) = kit().await;
    let lines = format!(
        "function: http\nwith: {{url: '{}/a?k={{{{ env.KIT_SECRET }}}}', save: true}}",
        server.address
    );
    let ran = kit.step(&lines).await;
    ran.output();
    let documents = kit.world.store.documents_of_run(ran.detail.id).await.unwrap();
    let kept = format!("{documents:?}");
    assert!(documents.len() == 1 && !kept.contains("s3cret"), "{kept}");
    kit.manner.skip_fetch = true;
    assert_eq!(kit.step(&lines).await.output()["json"], json!({"a": 1}));
    let ran = kit.step(&lines.replace("/a?", "/b?")).await;
    assert!(ran.reason().contains("no answer of"), "{}", ran.reason());
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_dry_run_sends_nothing() {
    let (kit, server) = kit().await;
    let kit = kit.dry();
    let lines = format!("function: http\nwith: {{method: DELETE, url: '{}/x'}}", server.address);
    assert_eq!(kit.step(&lines).await.output()["dry_run"], format!("would send DELETE {}/x", server.address));
    assert!(server.seen().is_empty());
}

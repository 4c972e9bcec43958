//! Documents, conditions, repeats, broken bodies, sizes, times, the breaker.

use super::server::{Server, ok, status};
use super::*;

#[tokio::test]
async fn a_document_comes_whole_with_its_circumstances() {
    let server = Server::start(|_, _| {
        status(200, &[("Content-Type", "text/html"), ("ETag", "\"1\""), ("Set-Cookie", "id=secret")], "hello")
    })
    .await;
    let request = get(&server.url("/a?b=%20c"));
    let fetched = document(fetcher().fetch(&request, &plain(), None).await.expect("fetched"));
    assert_eq!((fetched.status, &fetched.body[..]), (200, &b"hello"[..]));
    assert_eq!((&fetched.url, &fetched.request), (&request.url, &request));
    assert_eq!(fetched.media_type().as_deref(), Some("text/html"));
    assert_eq!(fetched.header("set-cookie"), None);
    let agent = server.asked()[0].header("user-agent").map(str::to_owned);
    assert_eq!(agent, Some(format!("callboard/{}", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn a_contact_is_told_to_whoever_is_asked() {
    let contact = Some("https://example.org/bot".parse().expect("an address"));
    assert!(FetchOptions { contact, ..options() }.agent().ends_with(" (+https://example.org/bot)"));
}

#[tokio::test]
async fn only_what_changed_is_fetched_again() {
    let server = Server::start(|asked, _| match asked.header("if-none-match") {
        Some("\"1\"") => status(304, &[("ETag", "\"1\"")], ""),
        _ => status(200, &[("ETag", "\"1\""), ("Last-Modified", "Sun, 22 Nov 2026 12:00:00 GMT")], "x"),
    })
    .await;
    let fetcher = fetcher();
    let request = get(&server.url("/"));
    let first = document(fetcher.fetch(&request, &plain(), None).await.expect("fetched"));
    let validators = Validators::of(&first).expect("validators");
    match fetcher.fetch(&request, &plain(), Some(&validators)).await.expect("answered") {
        Fetched::NotModified { validators: renewed, .. } => assert_eq!(renewed, validators),
        other => panic!("{other:?}"),
    }
    assert_eq!(server.asked()[1].header("if-modified-since"), Some("Sun, 22 Nov 2026 12:00:00 GMT"));
    assert_eq!(fetcher.counters().not_modified, 1);
}

#[tokio::test]
async fn what_may_pass_is_tried_again() {
    for code in [408, 425, 429, 500, 503] {
        let server =
            Server::start(move |_, n| if n < 2 { status(code, &[], "") } else { ok("at last") }).await;
        let fetcher = fetcher();
        assert_eq!(body(&fetcher, &server.url("/"), &plain()).await.as_deref(), Ok("at last"));
        assert_eq!((server.asked().len(), fetcher.counters().retries), (3, 2), "{code}");
    }
}

#[tokio::test]
async fn what_will_not_pass_is_not_tried_again() {
    let check = async |code: u16, class: &str, stops: bool, policy: Policy| {
        let server = Server::start(move |_, _| status(code, &[], r#"{"message":"because"}"#)).await;
        let error = body(&fetcher(), &server.url("/"), &policy).await.expect_err("an error");
        assert_eq!((error.class(), error.stops_source()), (class, stops), "{error}");
        assert!(error.to_string().contains("because"), "{error}");
        assert_eq!(server.asked().len(), 1);
    };
    let keyed = || Policy { auth: Auth::Bearer("k3y-value".into()), ..plain() };
    check(400, "status", false, plain()).await;
    check(404, "gone", false, plain()).await;
    check(410, "gone", false, plain()).await;
    check(401, "status", false, plain()).await;
    check(401, "credentials", true, keyed()).await;
    check(403, "credentials", true, keyed()).await;
}

#[tokio::test]
async fn tries_are_counted_in_the_error() {
    let server = Server::start(|_, _| status(503, &[], "<html>down</html>")).await;
    let policy = Policy { attempts: Some(3), ..plain() };
    let error = body(&fetcher(), &server.url("/"), &policy).await.expect_err("an error");
    assert!(matches!(error, FetchError::Status { status: 503, attempts: 3, .. }), "{error}");
    assert!(error.retry_later() && !error.stops_source());
    assert_eq!(error.to_string(), format!("{} answered 503: Service Unavailable (3 tries)", server.url("/")));
}

#[tokio::test]
async fn a_short_body_is_never_a_document() {
    let cut = |text: &str| format!("HTTP/1.1 200 OK\r\n{text}").into_bytes();
    let length = cut("Content-Length: 100\r\n\r\nonly this");
    let chunk = cut("Transfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n");
    let gzip = cut("Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope");
    for bytes in [length, chunk, gzip, Vec::new()] {
        let server = Server::start(move |_, _| bytes.clone()).await;
        let error = body(&fetcher(), &server.url("/"), &plain()).await.expect_err("an error");
        assert!(matches!(error, FetchError::Truncated { attempts: 4, .. }), "{error}");
        assert!(error.retry_later());
    }
    let mended = Server::start(move |_, n| match n {
        0 => b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf".to_vec(),
        _ => ok("the whole"),
    })
    .await;
    assert_eq!(body(&fetcher(), &mended.url("/"), &plain()).await.as_deref(), Ok("the whole"));
}

#[tokio::test]
async fn long_bodies_are_refused_declared_or_not() {
    let fetcher = Fetcher::new(FetchOptions { max_bytes: 1000, ..options() }).expect("a fetcher");
    let declared = Server::start(|_, _| ok(&"x".repeat(1001))).await;
    let chunked = Server::start(|_, _| {
        let chunk = format!("1f4\r\n{}\r\n", "x".repeat(500)).repeat(3);
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunk}0\r\n\r\n").into_bytes()
    })
    .await;
    for server in [declared, chunked] {
        let error = body(&fetcher, &server.url("/"), &plain()).await.expect_err("an error");
        assert!(matches!(error, FetchError::TooLarge { cap_bytes: 1000, .. }), "{error}");
        assert_eq!(server.asked().len(), 1);
    }
    let fits = Server::start(|_, _| ok(&"x".repeat(1000))).await;
    assert_eq!(body(&fetcher, &fits.url("/"), &plain()).await.map(|b| b.len()), Ok(1000));
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let times = TimeLimits { total: Duration::from_millis(30), ..TimeLimits::default() };
    let fetcher = Fetcher::new(FetchOptions { times, attempts: 2, ..options() }).expect("a fetcher");
    let error = body(&fetcher, &url, &plain()).await.expect_err("an error");
    assert!(matches!(error, FetchError::Timeout { attempts: 2, .. }), "{error}");
}

#[tokio::test]
async fn nobody_there_is_a_connect_error() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    drop(listener);
    let error = body(&fetcher(), &url, &plain()).await.expect_err("an error");
    assert!(matches!(error, FetchError::Connect { attempts: 4, .. }), "{error}");
}

#[tokio::test]
async fn plain_text_where_tls_is_expected_is_no_document() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("https://{}/", listener.local_addr().expect("an address"));
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let _ = tokio::io::AsyncWriteExt::write_all(&mut stream, &ok("not TLS")).await;
    });
    let policy = Policy { attempts: Some(1), ..plain() };
    let error = body(&fetcher(), &url, &policy).await.expect_err("an error");
    assert!(matches!(error, FetchError::Tls { .. }), "{error}");
}

#[tokio::test]
async fn a_failing_host_is_left_alone_then_probed() {
    let server = Server::start(|_, n| if n < 4 { status(500, &[], "") } else { ok("back") }).await;
    let breaker = BreakerOptions { failures: 4, open_for: Duration::from_millis(500) };
    let fetcher = Fetcher::new(FetchOptions { breaker, ..options() }).expect("a fetcher");
    body(&fetcher, &server.url("/"), &plain()).await.expect_err("four failures");
    let error = body(&fetcher, &server.url("/"), &plain()).await.expect_err("an error");
    assert!(matches!(error, FetchError::BreakerOpen { failures: 4, .. }), "{error}");
    assert!(error.retry_later() && server.asked().len() == 4);
    tokio::time::sleep(Duration::from_millis(520)).await;
    assert_eq!(body(&fetcher, &server.url("/"), &plain()).await.as_deref(), Ok("back"));
    assert_eq!(body(&fetcher, &server.url("/"), &plain()).await.as_deref(), Ok("back"));
}

#[tokio::test]
async fn a_post_sends_its_body_and_headers() {
    let server = Server::start(|_, _| ok("{}")).await;
    let mut request = get(&server.url("/graphql"));
    request.method = model::Method::Post;
    request.headers = vec![("X-Wanted".into(), "yes".into())];
    request.body = Some(model::Body { media_type: "application/json".into(), text: "{\"q\":1}".into() });
    fetcher().fetch(&request, &plain(), None).await.expect("fetched");
    let asked = &server.asked()[0];
    assert_eq!((asked.line.as_str(), asked.body.as_str()), ("POST /graphql", "{\"q\":1}"));
    assert_eq!(asked.header("content-type"), Some("application/json"));
    assert_eq!(asked.header("x-wanted"), Some("yes"));
}

#[tokio::test]
async fn the_budget_of_a_run_stops_the_source() {
    let server = Server::start(|_, _| ok("x")).await;
    let policy = Policy { per_run: Some(2), ..plain() };
    let fetcher = fetcher();
    for _ in 0..2 {
        body(&fetcher, &server.url("/"), &policy).await.expect("fetched");
    }
    let error = body(&fetcher, &server.url("/"), &policy).await.expect_err("an error");
    assert!(matches!(error, FetchError::Budget { per_run: 2, .. }) && error.stops_source());
    assert!(body(&fetcher.scoped(), &server.url("/"), &policy).await.is_ok(), "another source's own");
}

//! Redirects, and the addresses that are refused: literal, looked up, redirected to.

use super::server::{Server, ok, to};
use super::*;

#[tokio::test]
async fn redirects_are_followed_and_the_landing_is_told() {
    let server = Server::start(|asked, _| match asked.line.as_str() {
        "GET /old" => to(301, "/middle"),
        "GET /middle" => to(302, "new?x=1"),
        _ => ok("here"),
    })
    .await;
    let request = get(&server.url("/old"));
    let fetched = document(fetcher().fetch(&request, &plain(), None).await.expect("fetched"));
    assert_eq!(fetched.url.as_str(), server.url("/new?x=1"));
    assert_eq!(fetched.request.url, request.url);
}

#[tokio::test]
async fn circles_and_endless_chains_are_errors() {
    let circle = Server::start(|asked, _| match asked.line.as_str() {
        "GET /a" => to(302, "/b"),
        _ => to(302, "/a"),
    })
    .await;
    let error = body(&fetcher(), &circle.url("/a"), &plain()).await.expect_err("an error");
    assert!(matches!(&error, FetchError::Redirect { reason, .. } if reason.contains("circle")), "{error}");
    let endless = Server::start(|_, n| to(302, &format!("/{n}"))).await;
    let error = body(&fetcher(), &endless.url("/"), &plain()).await.expect_err("an error");
    assert!(matches!(&error, FetchError::Redirect { reason, .. } if reason.contains("10 times")), "{error}");
    assert_eq!(endless.asked().len(), 11);
}

#[tokio::test]
async fn a_post_becomes_a_get_unless_told_otherwise() {
    let check = async |code: u16, expected: &str, text: &str| {
        let server = Server::start(move |asked, _| match asked.line.contains("/from") {
            true => to(code, "/to"),
            false => ok("x"),
        })
        .await;
        let mut request = get(&server.url("/from"));
        request.method = model::Method::Post;
        request.body = Some(model::Body { media_type: "text/plain".into(), text: "q".into() });
        fetcher().fetch(&request, &plain(), None).await.expect("fetched");
        let asked = &server.asked()[1];
        assert_eq!((asked.line.as_str(), asked.body.as_str()), (expected, text), "{code}");
    };
    check(302, "GET /to", "").await;
    check(303, "GET /to", "").await;
    check(307, "POST /to", "q").await;
    check(308, "POST /to", "q").await;
}

#[tokio::test]
async fn private_addresses_are_refused_literal_and_looked_up() {
    let server = Server::start(|_, _| ok("inside")).await;
    let fetcher = Fetcher::new(FetchOptions { allow_private: false, ..options() }).expect("a fetcher");
    let port = server.address.rsplit(':').next().expect("a port").to_owned();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{port}/");
            let error = body(&fetcher, &url, &plain()).await.expect_err("an error");
            assert!(matches!(error, FetchError::Refused { .. }), "{url}: {error}");
            assert!(error.to_string().contains("loopback"), "{error}");
        }
    }
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn allowed_networks_do_not_include_cloud_metadata() {
    for target in ["http://169.254.169.254/latest/", "http://[fd00:ec2::254]/", "file:///etc/passwd"] {
        let server = Server::start(move |_, _| to(302, target)).await;
        let error = body(&fetcher(), &server.url("/"), &plain()).await.expect_err("an error");
        let refused = matches!(error, FetchError::Refused { .. } | FetchError::BadAddress { .. });
        assert!(refused, "{error}");
        assert_eq!(server.asked().len(), 1, "not tried again");
    }
}

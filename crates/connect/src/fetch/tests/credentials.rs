//! Credentials reach the host they belong to, no other, and never what is told or kept.

use super::server::{Asked, Server, ok, status, to};
use super::*;

const KEY: &str = "s3cret-k/y";

fn with(auth: Auth) -> Policy {
    Policy { auth, ..plain() }
}

fn query() -> Auth {
    Auth::Query { name: "apikey".into(), value: KEY.into() }
}

#[tokio::test]
async fn each_kind_is_put_where_it_belongs() {
    let check = async |auth: Auth, line: &str, header: Option<(&str, &str)>| {
        let server = Server::start(|_, _| ok("x")).await;
        let fetched = fetcher().fetch(&get(&server.url("/e?a=1")), &with(auth), None).await.expect("fetched");
        let (asked, document) = (&server.asked()[0], document(fetched));
        assert_eq!(asked.line, line);
        if let Some((name, value)) = header {
            assert_eq!(asked.header(name), Some(value));
        }
        assert_eq!(document.url.as_str(), server.url("/e?a=1"));
        assert!(!format!("{document:?}").contains("s3cret"));
    };
    check(Auth::Bearer(KEY.into()), "GET /e?a=1", Some(("authorization", "Bearer s3cret-k/y"))).await;
    let header = Auth::Header { name: "X-Api-Key".into(), value: KEY.into() };
    check(header, "GET /e?a=1", Some(("x-api-key", KEY))).await;
    check(query(), "GET /e?a=1&apikey=s3cret-k%2Fy", None).await;
    let basic = Auth::Basic { user: "me".into(), password: "pw".into() };
    check(basic, "GET /e?a=1", Some(("authorization", "Basic bWU6cHc="))).await;
}

#[tokio::test]
async fn a_login_in_the_address_is_used_and_not_kept() {
    let server = Server::start(|_, _| ok("x")).await;
    let url = server.url("/").replace("http://", "http://me:p%40w+@");
    let fetched = fetcher().fetch(&get(&url), &plain(), None).await.expect("fetched");
    assert_eq!(server.asked()[0].header("authorization"), Some("Basic bWU6cEB3Kw=="));
    let document = document(fetched);
    assert_eq!(
        (document.url.as_str(), document.request.url.as_str()),
        (&*server.url("/"), &*server.url("/"))
    );
}

#[tokio::test]
async fn another_host_never_sees_them() {
    let carries = |asked: &Asked| {
        asked.line.contains("s3cret") || asked.headers.iter().any(|(_, value)| value.contains("s3cret"))
    };
    let login = Auth::Basic { user: "s3cret-user".into(), password: "".into() };
    let header = Auth::Header { name: "X-Key".into(), value: KEY.into() };
    for auth in [Auth::Bearer(KEY.into()), query(), login, header] {
        let other = Server::start(|_, _| ok("other")).await;
        // the source repeats the key in the address it sends us to
        let target = other.url("/landing?apikey=s3cret-k%2Fy&x=1");
        let source = Server::start(move |_, _| to(302, &target)).await;
        let (fetcher, policy) = (fetcher(), with(auth));
        let fetched = fetcher.fetch(&get(&source.url("/")), &policy, None).await.expect("fetched");
        // a follow-up elsewhere, as a page may name it
        body(&fetcher, &other.url("/follow-up"), &policy).await.expect("fetched");
        let query = matches!(policy.auth, Auth::Query { .. });
        assert!(!other.asked()[0].header("authorization").is_some_and(|v| v.contains("s3cret")));
        assert!(other.asked()[1..].iter().all(|asked| !carries(asked)));
        if query {
            assert_eq!(other.asked()[0].line, "GET /landing?x=1");
            assert_eq!(document(fetched).url.as_str(), other.url("/landing?x=1"));
        }
        assert!(other.asked()[0].headers.iter().all(|(_, value)| !value.contains("s3cret")));
    }
}

#[tokio::test]
async fn a_named_host_gets_them_even_if_another_is_asked_first() {
    let server = Server::start(|_, _| ok("x")).await;
    let other = Server::start(|_, _| ok("x")).await;
    let policy = Policy { auth_host: Some(server.address.clone()), ..with(Auth::Bearer(KEY.into())) };
    let fetcher = fetcher();
    body(&fetcher, &other.url("/"), &policy).await.expect("fetched");
    body(&fetcher, &server.url("/"), &policy).await.expect("fetched");
    assert_eq!(other.asked()[0].header("authorization"), None);
    assert!(server.asked()[0].header("authorization").is_some());
}

#[tokio::test]
async fn errors_and_kept_headers_do_not_repeat_them() {
    let server = Server::start(|asked, _| match asked.line.starts_with("GET /bad") {
        true => status(401, &[], r#"{"message":"the key s3cret-k/y is not known"}"#),
        false => status(200, &[("Link", "</e?page=2&apikey=s3cret-k%2Fy>; rel=next")], "x"),
    })
    .await;
    let fetcher = fetcher();
    let policy = Policy { held_in: vec!["HALL_KEY".to_owned()], ..with(query()) };
    let error = body(&fetcher, &server.url("/bad"), &policy).await.expect_err("an error");
    assert!(matches!(error, FetchError::Credentials { .. }), "{error}");
    assert!(error.to_string().ends_with("check what HALL_KEY is set to"), "{error}");
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
    let fetched = fetcher.fetch(&get(&server.url("/good")), &with(query()), None).await.expect("fetched");
    assert_eq!(document(fetched).header("link"), Some("</e?page=2&apikey=***>; rel=next"));
}

#[tokio::test]
async fn an_address_that_cannot_be_reached_is_told_without_its_key() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://me:s3cret@{}/?x=1", listener.local_addr().expect("an address"));
    drop(listener);
    let error = body(&fetcher(), &url, &with(query())).await.expect_err("an error");
    assert!(!format!("{error} {error:?}").contains("s3cret"), "{error}");
}

/// Issues `token-1`, `token-2`…; the API accepts only the one in `good`.
async fn oauth(good: &'static str, ttl: u32) -> (Server, Server, Policy) {
    let issuer = Server::start(move |_, n| {
        let body =
            format!(r#"{{"access_token":"token-{}","token_type":"bearer","expires_in":{ttl}}}"#, n + 1);
        ok(&body)
    })
    .await;
    let api = Server::start(move |asked, _| match asked.header("authorization") {
        Some(shown) if shown.ends_with(good) => ok("events"),
        _ => status(401, &[], "{}"),
    })
    .await;
    let auth = Auth::ClientCredentials {
        token_url: issuer.url("/token").parse().expect("an address"),
        client_id: "client".into(),
        client_secret: KEY.into(),
        scope: "read".into(),
    };
    (issuer, api, with(auth))
}

#[tokio::test]
async fn a_token_is_asked_for_once_and_kept() {
    let (issuer, api, policy) = oauth("token-1", 3600).await;
    let fetcher = fetcher();
    let url = api.url("/");
    let all = (0..5).map(|_| body(&fetcher, &url, &policy));
    assert!(futures::future::join_all(all).await.iter().all(Result::is_ok));
    let asked = issuer.asked();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].body, "grant_type=client_credentials&scope=read");
    assert!(asked[0].header("authorization").is_some_and(|v| v.starts_with("Basic ")));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let (issuer, api, policy) = oauth("token-2", 3600).await;
    let fetcher = fetcher();
    assert_eq!(body(&fetcher, &api.url("/"), &policy).await.as_deref(), Ok("events"));
    assert_eq!(body(&fetcher, &api.url("/"), &policy).await.as_deref(), Ok("events"));
    assert_eq!((issuer.asked().len(), api.asked().len()), (2, 3));
    let (issuer, api, policy) = oauth("token-9", 3600).await;
    let error = body(&fetcher, &api.url("/"), &policy).await.expect_err("an error");
    assert!(matches!(error, FetchError::Credentials { status: 401, .. }), "{error}");
    assert_eq!((issuer.asked().len(), api.asked().len()), (2, 2));
}

#[tokio::test]
async fn an_expired_token_is_renewed_before_it_is_used() {
    let (issuer, api, policy) = oauth("token-2", 0).await;
    let fetcher = fetcher();
    body(&fetcher, &api.url("/"), &policy).await.ok();
    body(&fetcher, &api.url("/"), &policy).await.ok();
    assert!(issuer.asked().len() >= 2);
}

#[tokio::test]
async fn an_issuer_that_wants_the_secret_in_the_body_gets_it_there() {
    let issuer = Server::start(|asked, _| match asked.body.contains("client_secret=s3cret-k%2Fy") {
        true => ok(r#"{"access_token":"t","expires_in":60}"#),
        false => status(401, &[], r#"{"error":"invalid_client"}"#),
    })
    .await;
    let (_, api, mut policy) = oauth("t", 60).await;
    if let Auth::ClientCredentials { token_url, .. } = &mut policy.auth {
        *token_url = issuer.url("/token").parse().expect("an address");
    }
    assert_eq!(body(&fetcher(), &api.url("/"), &policy).await.as_deref(), Ok("events"));
}

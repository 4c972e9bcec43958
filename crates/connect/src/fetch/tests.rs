//! Every rule of fetching against servers on loopback: small scripted ones where the bytes matter,
//! the sandbox where a whole upstream does.

mod answers;
mod credentials;
mod limits;
mod redirects;
mod robots;
mod sandboxed;
mod server;
mod tls;

use std::time::Duration;

use model::{Document, Request};

use super::*;

/// Loopback allowed, waits too short to notice.
fn options() -> FetchOptions {
    FetchOptions {
        allow_private: true,
        system_proxy: false,
        backoff_base: Duration::from_millis(2),
        backoff_cap: Duration::from_millis(5),
        max_wait: Duration::from_secs(5),
        times: TimeLimits { total: Duration::from_secs(20), ..TimeLimits::default() },
        seed: Some(1),
        ..FetchOptions::default()
    }
}

fn fetcher() -> Fetcher {
    Fetcher::new(options()).expect("a fetcher")
}

/// A policy that does not ask for robots.txt first.
fn plain() -> Policy {
    Policy { robots: false, ..Policy::default() }
}

fn get(url: &str) -> Request {
    Request::get(url.parse().expect("an address"))
}

fn document(fetched: Fetched) -> Document {
    match fetched {
        Fetched::Document(document) => *document,
        other => panic!("no document: {other:?}"),
    }
}

async fn body(fetcher: &Fetcher, url: &str, policy: &Policy) -> Result<String, FetchError> {
    let fetched = fetcher.fetch(&get(url), policy, None).await?;
    Ok(String::from_utf8_lossy(&document(fetched).body).into_owned())
}

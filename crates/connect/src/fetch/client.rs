//! The HTTP client underneath: one exchange of a request for an answer, bounded in time and size,
//! with every failure sorted into its class. Follows nothing, repeats nothing.

use std::error::Error;
use std::sync::{Arc, Once, OnceLock};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use model::{Body, Method};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, ClientBuilder, Response};
use url::Url;

use super::guard::{Guard, RefusedAnswer, is_loopback, refused};
use super::{ErrorRule, FetchError, FetchOptions, now};

/// As much of an error's or redirect's body is read as is needed to tell what it says.
const ERROR_BYTES: usize = 64 * 1024;

/// What is sent.
pub(super) struct Outgoing<'a> {
    /// With credentials, where they go into the address.
    pub url: Url,
    /// Without; for messages.
    pub clean: &'a str,
    pub method: Method,
    pub headers: HeaderMap,
    /// User name and password.
    pub login: Option<(&'a str, &'a str)>,
    pub body: Option<&'a Body>,
    pub keep: Keep,
    /// What the policy has to say of errors.
    pub errors: &'a [ErrorRule],
}

/// How much of a good answer's body is wanted.
#[derive(Clone, Copy)]
pub(super) enum Keep {
    /// All of it; longer is an error.
    Whole(usize),
    /// The beginning will do.
    First(usize),
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub at: DateTime<Utc>,
}

/// Why nothing came back, and whether to try again.
#[derive(Debug)]
pub(super) struct Failure {
    pub error: FetchError,
    pub again: bool,
}

impl Failure {
    pub fn again(error: FetchError) -> Failure {
        Failure { error, again: true }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Failure {
        Failure { error, again: false }
    }
}

/// Two clients: one for this machine's own servers, which needs no certificates and no proxy, and
/// one for all else, made when first needed because reading the system's certificates takes a while.
#[derive(Debug)]
pub(super) struct Clients {
    options: Arc<FetchOptions>,
    guard: Guard,
    local: Client,
    outside: OnceLock<Result<Client, String>>,
}

impl Clients {
    pub fn new(options: Arc<FetchOptions>, guard: Guard) -> Result<Clients, FetchError> {
        static PROVIDER: Once = Once::new();
        // an error only means that the program has chosen a provider before
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let local = builder(&options, &guard).no_proxy().tls_certs_only([]).build();
        let local = local.map_err(|error| FetchError::Setup(root_cause(&error)))?;
        Ok(Clients { options, guard, local, outside: OnceLock::new() })
    }

    fn of(&self, url: &Url) -> Result<&Client, FetchError> {
        if url.scheme() == "http" && is_loopback(url) {
            return Ok(&self.local);
        }
        let outside = self.outside.get_or_init(|| {
            let builder = builder(&self.options, &self.guard);
            let builder = if self.options.system_proxy { builder } else { builder.no_proxy() };
            builder.build().map_err(|error| root_cause(&error))
        });
        outside.as_ref().map_err(|reason| FetchError::Setup(reason.clone()))
    }

    /// Checks what an address itself tells, before anything else is done with it.
    pub fn check(&self, url: &Url, clean: &str) -> Result<(), FetchError> {
        self.guard.check(url, clean)
    }

    /// Sends, and reads the answer. The time limit is on the whole.
    pub async fn exchange(&self, outgoing: Outgoing<'_>) -> Result<Answer, Failure> {
        let clean = outgoing.clean;
        self.guard.check(&outgoing.url, clean)?;
        let exchange = self.send_and_read(outgoing);
        match tokio::time::timeout(self.options.times.total, exchange).await {
            Ok(result) => result,
            Err(_) => Err(Failure::again(FetchError::Timeout { url: clean.to_owned(), attempts: 1 })),
        }
    }

    async fn send_and_read(&self, outgoing: Outgoing<'_>) -> Result<Answer, Failure> {
        let Outgoing { url, clean, method, headers, login, body, keep, errors: _ } = outgoing;
        let method = match method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Patch => reqwest::Method::PATCH,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut request = self.of(&url)?.request(method, url).headers(headers);
        if let Some((user, password)) = login {
            request = request.basic_auth(user, Some(password));
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, &body.media_type).body(body.text.clone());
        }
        let mut response = request.send().await.map_err(|error| classify(&error, clean, 0))?;
        let status = response.status().as_u16();
        let keep = if response.status().is_success() { keep } else { Keep::First(ERROR_BYTES) };
        let headers = std::mem::take(response.headers_mut());
        let body = match read_body(response, clean, keep).await {
            // the status alone says enough
            Err(_) if status >= 300 => Bytes::new(),
            body => body?,
        };
        Ok(Answer { status, headers, body, at: now() })
    }
}

/// No redirects: each hop is checked first.
fn builder(options: &FetchOptions, guard: &Guard) -> ClientBuilder {
    Client::builder()
        .user_agent(options.agent())
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(options.times.connect)
        .read_timeout(options.times.read)
        .pool_idle_timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(options.local_concurrency.max(options.concurrency))
        .dns_resolver(Arc::new(guard.clone()))
}

/// The body, decompressed, within its bound.
async fn read_body(mut response: Response, clean: &str, keep: Keep) -> Result<Bytes, Failure> {
    let declared = response.content_length().and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let (Keep::Whole(cap_bytes) | Keep::First(cap_bytes)) = keep;
    let too_large = || FetchError::TooLarge { url: clean.to_owned(), cap_bytes };
    if matches!(keep, Keep::Whole(_)) && declared > cap_bytes {
        return Err(too_large().into());
    }
    let mut pieces = Pieces::default();
    loop {
        let got = pieces.len();
        let Some(chunk) = response.chunk().await.map_err(|error| classify(&error, clean, got))? else {
            return Ok(pieces.join());
        };
        match (keep, got + chunk.len() > cap_bytes) {
            (Keep::Whole(_), true) => return Err(too_large().into()),
            (Keep::First(_), true) if got > 0 => return Ok(pieces.join()),
            _ => pieces.push(chunk, declared.min(cap_bytes)),
        }
    }
}

/// A body as it comes in. Most pages come in one piece, which is then kept without a copy.
#[derive(Default)]
struct Pieces {
    first: Bytes,
    /// All of them, as soon as there are two.
    joined: BytesMut,
}

impl Pieces {
    fn len(&self) -> usize {
        self.joined.len().max(self.first.len())
    }

    fn push(&mut self, chunk: Bytes, expected: usize) {
        if self.first.is_empty() {
            self.first = chunk;
            return;
        }
        if self.joined.is_empty() {
            self.joined.reserve(expected.max(self.first.len() + chunk.len()));
            self.joined.extend_from_slice(&self.first);
        }
        self.joined.extend_from_slice(&chunk);
    }

    fn join(self) -> Bytes {
        if self.joined.is_empty() { self.first } else { self.joined.freeze() }
    }
}

/// Sorts what the client reports. Only causes are quoted: its own text holds the whole address.
fn classify(error: &reqwest::Error, clean: &str, got_bytes: usize) -> Failure {
    let url = clean.to_owned();
    let reason = root_cause(error);
    if let Some(found) = cause::<RefusedAnswer>(error) {
        return refused(clean, &found.address.to_string(), found.class).into();
    }
    if let Some(tls) = cause::<rustls::Error>(error) {
        let error = FetchError::Tls { url, reason: tls.to_string() };
        return Failure { error, again: false };
    }
    if error.is_timeout() {
        return Failure::again(FetchError::Timeout { url, attempts: 1 });
    }
    if error.is_dns() {
        let again = reason.contains("emporary failure") || reason.contains("ry again");
        return Failure { error: FetchError::Dns { url, reason, attempts: 1 }, again };
    }
    if error.is_builder() {
        return FetchError::BadAddress { url, reason }.into();
    }
    Failure::again(match error.is_connect() {
        true => FetchError::Connect { url, reason, attempts: 1 },
        false => FetchError::Truncated { url, got_bytes, reason, attempts: 1 },
    })
}

/// The innermost cause, which names no address.
fn root_cause(error: &reqwest::Error) -> String {
    let mut deepest: Option<&(dyn Error + 'static)> = None;
    let mut next = error.source();
    while let Some(source) = next {
        deepest = Some(source);
        next = source.source();
    }
    deepest.map_or_else(|| "no further reason given".to_owned(), ToString::to_string)
}

/// A cause of type `T`, also where I/O errors wrap it: those pass their wrapped one over in `source`.
fn cause<T: Error + 'static>(error: &reqwest::Error) -> Option<&T> {
    let mut next = error.source();
    while let Some(source) = next {
        if let Some(found) = source.downcast_ref::<T>() {
            return Some(found);
        }
        let wrapped = source.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref());
        next = match wrapped {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => source.source(),
        };
    }
    None
}

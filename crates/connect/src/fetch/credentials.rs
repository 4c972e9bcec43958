//! Credentials: whom they are shown to, how they are put on, and how they are kept out of whatever
//! is logged, stored or told. They are shown to one host only, and never after a step down to http.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use model::{Body, Method};
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::{Url, form_urlencoded};

use super::client::{Answer, Failure, Keep, Outgoing};
use super::host::lock;
use super::{Auth, FetchError, Fetcher, Pace, Policy};

/// A token is renewed this long before it expires.
const RENEW_EARLY: Duration = Duration::from_secs(60);
/// Kept for this long when its issuer does not say.
const DEFAULT_TTL: Duration = Duration::from_secs(600);
/// An answer with a token is far shorter.
const MAX_TOKEN_BYTES: usize = 256 * 1024;

/// What is remembered about credentials, under a hash of them.
#[derive(Debug, Default)]
pub(super) struct Keyring {
    hashing: RandomState,
    hosts: Mutex<HashMap<u64, String>>,
    tokens: Mutex<HashMap<u64, Arc<TokenCell>>>,
}

type TokenCell = tokio::sync::Mutex<Option<Token>>;

#[derive(Debug)]
struct Token {
    value: SecretString,
    good_until: Instant,
}

impl Keyring {
    /// The host these credentials belong to: the one named, else the first they were used for.
    pub fn host(&self, policy: &Policy, url: &Url) -> Option<String> {
        if matches!(policy.auth, Auth::None) {
            return None;
        }
        if let Some(host) = &policy.auth_host {
            return Some(host.clone());
        }
        let mut hosts = lock(&self.hosts);
        let first = || host_and_port(url);
        Some(hosts.entry(self.key(&policy.auth)).or_insert_with(first).clone())
    }

    fn token_cell(&self, auth: &Auth) -> Arc<TokenCell> {
        lock(&self.tokens).entry(self.key(auth)).or_default().clone()
    }

    fn key(&self, auth: &Auth) -> u64 {
        let issuer = match auth {
            Auth::ClientCredentials { token_url, scope, .. } => format!("{token_url} {scope}"),
            Auth::Header { name, .. } | Auth::Query { name, .. } => name.clone(),
            _ => String::new(),
        };
        self.hashing.hash_one((issuer, secrets(auth)))
    }
}

/// The secret texts in `auth`.
pub(super) fn secrets(auth: &Auth) -> Vec<&str> {
    match auth {
        Auth::None => Vec::new(),
        Auth::Bearer(value) | Auth::Header { value, .. } | Auth::Query { value, .. } => {
            vec![value.expose_secret()]
        }
        Auth::Basic { user, password } => vec![user.expose_secret(), password.expose_secret()],
        Auth::ClientCredentials { client_id, client_secret, .. } => {
            vec![client_id.expose_secret(), client_secret.expose_secret()]
        }
    }
}

/// `text` with every secret of `auth` masked, plain or percent-encoded. Sources like to repeat them.
pub(super) fn redact(text: &str, auth: &Auth) -> String {
    let mut text = text.to_owned();
    for secret in secrets(auth).into_iter().filter(|secret| secret.len() >= 4) {
        text = text.replace(secret, "***");
        let encoded: String = form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        text = text.replace(&encoded, "***");
    }
    text
}

/// `url` without user name, password and key parameter.
pub(super) fn clean(url: &Url, auth: &Auth) -> Url {
    let mut url = url.clone();
    if !url.username().is_empty() || url.password().is_some() {
        // these fail only for addresses without a host, which hold neither
        let _ = (url.set_username(""), url.set_password(None));
    }
    if let Auth::Query { name, .. } = auth {
        set_parameter(&mut url, name, None);
    }
    url
}

/// True when `url` belongs to the host `owner`, which may name a port.
pub(super) fn belongs_to(url: &Url, owner: &str) -> bool {
    let name = url.host_str().unwrap_or_default();
    owner.eq_ignore_ascii_case(name) || owner.eq_ignore_ascii_case(&host_and_port(url))
}

fn host_and_port(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What is put on a request.
#[derive(Debug, Default)]
pub(super) struct Shown<'a> {
    pub login: Option<(&'a str, &'a str)>,
    pub headers: HeaderMap,
    pub parameter: Option<(&'a str, &'a str)>,
}

impl<'a> Shown<'a> {
    /// The credentials of `auth`; a token where it asks for one.
    pub fn new(auth: &'a Auth, token: Option<&SecretString>) -> Result<Shown<'a>, FetchError> {
        let mut shown = Shown::default();
        match auth {
            Auth::None => {}
            Auth::Bearer(value) => shown.bearer(value)?,
            Auth::Header { name, value } => {
                let name: HeaderName = name.parse().map_err(|_| unusable("the header name"))?;
                shown.headers.insert(name, sensitive(value.expose_secret())?);
            }
            Auth::Query { name, value } => shown.parameter = Some((name, value.expose_secret())),
            Auth::Basic { user, password } => {
                shown.login = Some((user.expose_secret(), password.expose_secret()));
            }
            Auth::ClientCredentials { .. } => token.map_or(Ok(()), |token| shown.bearer(token))?,
        }
        Ok(shown)
    }

    fn bearer(&mut self, token: &SecretString) -> Result<(), FetchError> {
        let value = sensitive(&format!("Bearer {}", token.expose_secret()))?;
        self.headers.insert(AUTHORIZATION, value);
        Ok(())
    }

    /// Puts the key parameter, if that is the way, on `url`.
    pub fn address(&self, url: &Url) -> Url {
        let mut url = url.clone();
        if let Some((name, value)) = self.parameter {
            set_parameter(&mut url, name, Some(value));
        }
        url
    }
}

fn sensitive(text: &str) -> Result<HeaderValue, FetchError> {
    let mut value = HeaderValue::from_str(text).map_err(|_| unusable("the key"))?;
    value.set_sensitive(true);
    Ok(value)
}

fn unusable(what: &str) -> FetchError {
    FetchError::Setup(format!("{what} of this source holds characters that no header may hold; check it"))
}

/// Replaces or removes one query parameter and leaves the others as they were written.
fn set_parameter(url: &mut Url, name: &str, value: Option<&str>) {
    let is_it = |pair: &str| form_urlencoded::parse(pair.as_bytes()).any(|(key, _)| key == name);
    let query = url.query().unwrap_or_default();
    let mut kept: Vec<String> =
        query.split('&').filter(|pair| !pair.is_empty() && !is_it(pair)).map(str::to_owned).collect();
    if let Some(value) = value {
        kept.push(form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish());
    }
    let query = kept.join("&");
    url.set_query((!query.is_empty()).then_some(query.as_str()));
}

/// RFC 6749, 5.1.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    expires_in: Option<f64>,
}

impl Fetcher {
    /// The token of client credentials, kept or new; another one than `refused`.
    pub(super) async fn token(
        &self,
        auth: &Auth,
        refused: Option<&SecretString>,
    ) -> Result<Option<SecretString>, FetchError> {
        if !matches!(auth, Auth::ClientCredentials { .. }) {
            return Ok(None);
        }
        let cell = self.shared.keyring.token_cell(auth);
        let mut kept = cell.lock().await;
        let refused = refused.map(|r| r.expose_secret());
        if let Some(token) = kept.as_ref()
            && token.good_until > Instant::now()
            && Some(token.value.expose_secret()) != refused
        {
            return Ok(Some(token.value.clone()));
        }
        let token = self
            .persist(self.shared.options.attempts, |n| self.shared.backoff.wait(n), || self.issue(auth))
            .await?;
        let value = token.value.clone();
        *kept = Some(token);
        Ok(Some(value))
    }

    /// Asks for a token: credentials as basic authentication (RFC 6749, 2.3.1), in the body where the
    /// issuer will not have that.
    async fn issue(&self, auth: &Auth) -> Result<Token, Failure> {
        let answer = match self.ask_token(auth, false).await? {
            answer if matches!(answer.status, 400 | 401) => self.ask_token(auth, true).await?,
            answer => answer,
        };
        let Auth::ClientCredentials { token_url, .. } = auth else {
            return Err(FetchError::Setup("no client credentials".to_owned()).into());
        };
        let (url, status) = (clean(token_url, auth).to_string(), answer.status);
        if status == 429 || status >= 500 {
            let message = "no token was issued".to_owned();
            return Err(Failure::again(FetchError::Status { url, status, message, attempts: 1 }));
        }
        let token: Option<TokenAnswer> = serde_json::from_slice(&answer.body).ok();
        let Some(token) = token.filter(|_| (200..300).contains(&status)) else {
            let said = redact(&super::answer::explanation(&answer.body), auth);
            let message = format!("no token was issued{}{said}", if said.is_empty() { "" } else { ": " });
            return Err(FetchError::Credentials { url, status, message, held_in: Vec::new() }.into());
        };
        let ttl = token.expires_in.and_then(|s| Duration::try_from_secs_f64(s).ok()).unwrap_or(DEFAULT_TTL);
        let ttl = ttl.min(Duration::from_secs(86_400 * 30));
        let early = RENEW_EARLY.min(ttl / 10);
        Ok(Token { value: token.access_token, good_until: Instant::now() + ttl - early })
    }

    async fn ask_token(&self, auth: &Auth, in_body: bool) -> Result<Answer, Failure> {
        let Auth::ClientCredentials { token_url, client_id, client_secret, scope } = auth else {
            return Err(FetchError::Setup("no client credentials".to_owned()).into());
        };
        let (id, secret) = (client_id.expose_secret(), client_secret.expose_secret());
        let text = token_form(scope, in_body.then_some((id, secret)));
        let body = Body { media_type: "application/x-www-form-urlencoded".to_owned(), text };
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let (id, secret) = (encoded(id), encoded(secret));
        let url = clean(token_url, auth);
        let outgoing = Outgoing {
            url: url.clone(),
            clean: url.as_str(),
            method: Method::Post,
            headers: HeaderMap::new(),
            login: (!in_body).then_some((&id, &secret)),
            body: Some(&body),
            keep: Keep::Whole(MAX_TOKEN_BYTES),
            errors: &[],
        };
        self.exchange(outgoing, Pace::default(), &[]).await
    }
}

/// What is sent for a token; with id and secret where the server takes them there. A function of its
/// own, so that the serializer (not `Sync`) is gone before anything is awaited.
fn token_form(scope: &str, login: Option<(&str, &str)>) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("grant_type", "client_credentials");
    if !scope.is_empty() {
        form.append_pair("scope", scope);
    }
    if let Some((id, secret)) = login {
        form.append_pair("client_id", id).append_pair("client_secret", secret);
    }
    form.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> Auth {
        Auth::Query { name: "apikey".into(), value: "s3cr/t+".into() }
    }

    #[test]
    fn a_key_parameter_is_replaced_and_removed_and_others_stay_as_written() {
        let url: Url = "https://u:p@example.org/e?a=%7b1%7D&apikey=old&b=x+y".parse().expect("an address");
        assert_eq!(clean(&url, &key()).as_str(), "https://example.org/e?a=%7b1%7D&b=x+y");
        let auth = key();
        let shown = Shown::new(&auth, None).expect("usable");
        let sent = shown.address(&clean(&url, &auth));
        assert_eq!(sent.query(), Some("a=%7b1%7D&b=x+y&apikey=s3cr%2Ft%2B"));
    }

    #[test]
    fn secrets_are_masked_in_both_spellings() {
        let said = "bad key s3cr/t+ in ?apikey=s3cr%2Ft%2B";
        assert_eq!(redact(said, &key()), "bad key *** in ?apikey=***");
    }

    #[test]
    fn credentials_stay_with_the_host_they_were_first_used_for() {
        let keyring = Keyring::default();
        let policy = Policy { auth: key(), ..Policy::default() };
        let first: Url = "https://api.example.org/a".parse().expect("an address");
        let other: Url = "https://evil.example/a".parse().expect("an address");
        let host = keyring.host(&policy, &first).expect("a host");
        assert_eq!(keyring.host(&policy, &other), Some(host.clone()));
        assert!(belongs_to(&first, &host) && !belongs_to(&other, &host));
    }
}

//! One request's way, hop by hop: every redirect is a new address that is checked like the first,
//! and credentials go only where they belong.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use model::{Method, Request};
use reqwest::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, COOKIE, ETAG, HeaderMap, HeaderName,
    HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, LOCATION, PROXY_AUTHORIZATION,
};
use secrecy::SecretString;
use url::Url;

use super::answer::{asked_wait, judge};
use super::client::{Answer, Failure, Keep, Outgoing};
use super::credentials::{Shown, belongs_to, clean};
use super::limits::{self, Left};
use super::{Auth, FetchError, Fetched, Fetcher, Pace, Policy, Validators};

/// What is to be fetched, and all that bears on it.
pub(super) struct Errand<'a> {
    pub request: &'a Request,
    pub policy: &'a Policy,
    pub validators: Option<&'a Validators>,
    /// The address without credentials.
    pub url: Url,
    /// The same as text, for messages.
    pub clean: String,
    /// User name and password out of the address.
    login: Option<(String, String)>,
    /// The host that may see the credentials.
    owner: Option<String>,
    combined: Option<(String, std::sync::Arc<regex::Regex>)>,
}

impl<'a> Errand<'a> {
    pub fn new(
        fetcher: &Fetcher,
        request: &'a Request,
        policy: &'a Policy,
        validators: Option<&'a Validators>,
    ) -> Result<Errand<'a>, FetchError> {
        let url = clean(&request.url, &policy.auth);
        let combined = match &policy.limit_headers.combined {
            Some((pattern, header)) => Some((header.clone(), fetcher.shared.pattern(pattern)?)),
            None => None,
        };
        Ok(Errand {
            request,
            policy,
            // What a script builds into a page may change while the page itself does not.
            validators: validators.filter(|_| request.method == Method::Get && policy.render.is_none()),
            clean: url.to_string(),
            login: login(&request.url),
            owner: fetcher.shared.keyring.host(policy, &url),
            url,
            combined,
        })
    }

    pub fn has_credentials(&self) -> bool {
        self.login.is_some() || !matches!(self.policy.auth, Auth::None)
    }

    /// What the vendor's headers say is left.
    pub fn left(&self, answer: &Answer) -> Left {
        let found = self.combined.as_ref().and_then(|(header, pattern)| {
            let text = answer.headers.get(header)?.to_str().ok()?;
            Some(limits::combined(pattern, text))
        });
        found.unwrap_or_else(|| limits::left(&self.policy.limit_headers, &answer.headers, answer.at))
    }

    /// When a used-up limit begins anew.
    pub fn reset_at(&self, answer: &Answer) -> Option<DateTime<Utc>> {
        let wait = limits::retry_after(&answer.headers, answer.at).or_else(|| self.left(answer).reset_in)?;
        answer.at.checked_add_signed(TimeDelta::from_std(wait).ok()?)
    }

    fn pace(&self) -> Pace {
        let (per_second, concurrency) = (self.policy.per_second, self.policy.concurrency);
        Pace { per_second, concurrency, even: self.policy.even }
    }

    /// Whether the policy's credentials may be shown to `url`.
    fn shows_to(&self, url: &Url) -> bool {
        self.owner.as_ref().is_some_and(|owner| belongs_to(url, owner)) && self.near(url)
    }

    /// The first address itself, its origin, or that origin made safe.
    fn near(&self, url: &Url) -> bool {
        let made_safe = || {
            self.url.scheme() == "http"
                && url.scheme() == "https"
                && self.url.host() == url.host()
                && self.url.port().is_none()
                && url.port().is_none()
        };
        // the owner may be named while the journey begins elsewhere: then only safe hops qualify
        let named = || self.policy.auth_host.is_some() && url.scheme() == "https" && url.port().is_none();
        self.url.origin() == url.origin() || made_safe() || named()
    }
}

fn login(url: &Url) -> Option<(String, String)> {
    let decoded = |text: &str| {
        // a plus is a plus here, unlike in a query
        let text = text.replace('+', "%2B");
        url::form_urlencoded::parse(text.as_bytes())
            .next()
            .map(|(key, _)| key.into_owned())
            .unwrap_or_default()
    };
    let password = url.password().unwrap_or_default();
    let any = !url.username().is_empty() || !password.is_empty();
    any.then(|| (decoded(url.username()), decoded(password)))
}

/// One hop.
struct Hop {
    url: Url,
    method: Method,
    with_body: bool,
}

impl Fetcher {
    /// One try: follows the redirects and judges what is at their end.
    pub(super) async fn attempt(&self, errand: &Errand<'_>) -> Result<Fetched, Failure> {
        let mut hop = Hop { url: errand.url.clone(), method: errand.request.method, with_body: true };
        let mut seen: Vec<Url> = Vec::new();
        loop {
            let answer = self.take(errand, &hop).await?;
            self.respect(&answer, errand, &hop.url)?;
            let Some(target) = redirect(&answer, &hop.url, errand)? else {
                let answer = self.shown(answer, &hop.url, errand).await?;
                return judge(answer, &hop.url, errand);
            };
            seen.push(hop.url);
            let bad = |reason: String| FetchError::Redirect { url: errand.clean.clone(), reason };
            if seen.contains(&target) && hop.method == Method::Get {
                return Err(bad(format!("in a circle, back to {target}")).into());
            }
            if seen.len() > self.shared.options.max_redirects as usize {
                return Err(bad(format!("more than {} times", self.shared.options.max_redirects)).into());
            }
            // 301 and 302 turn a POST into a GET as browsers do; 307 and 308 keep it
            let moved =
                matches!(answer.status, 301 | 302) && !matches!(hop.method, Method::Get | Method::Post);
            let keeps = (moved || matches!(answer.status, 307 | 308)) && hop.with_body;
            let method = if keeps { hop.method } else { Method::Get };
            hop = Hop { url: target, method, with_body: keeps };
        }
    }

    /// What a browser shows of the answer, where the policy asks for that.
    async fn shown(&self, answer: Answer, url: &Url, errand: &Errand<'_>) -> Result<Answer, Failure> {
        let Some(plan) = errand.policy.render.as_ref().filter(|_| answer.status == 200) else {
            return Ok(answer);
        };
        let renderer = &self.shared.renderer;
        let body = renderer.render(self, url, &answer, plan, errand.policy.robots).await?;
        let mut headers = answer.headers;
        for name in [ETAG, LAST_MODIFIED, CONTENT_LENGTH, CONTENT_ENCODING] {
            headers.remove(name);
        }
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        Ok(Answer { status: answer.status, headers, body, at: super::now() })
    }

    /// One hop, with a fresh token where the old one is refused.
    async fn take(&self, errand: &Errand<'_>, hop: &Hop) -> Result<Answer, Failure> {
        let clean = hop.url.as_str();
        self.shared.clients.check(&hop.url, clean)?;
        if errand.policy.robots {
            self.obey_robots(&hop.url, clean).await?;
        }
        if !errand.shows_to(&hop.url) {
            return self.send(errand, hop, &Shown::default()).await;
        }
        let auth = &errand.policy.auth;
        let token = self.token(auth, None).await?;
        let answer = self.send(errand, hop, &Shown::new(auth, token.as_ref())?).await?;
        match token {
            Some(refused) if answer.status == 401 => self.renew(errand, hop, &refused).await,
            _ => Ok(answer),
        }
    }

    async fn renew(&self, errand: &Errand<'_>, hop: &Hop, refused: &SecretString) -> Result<Answer, Failure> {
        let token = self.token(&errand.policy.auth, Some(refused)).await?;
        self.send(errand, hop, &Shown::new(&errand.policy.auth, token.as_ref())?).await
    }

    async fn send(&self, errand: &Errand<'_>, hop: &Hop, shown: &Shown<'_>) -> Result<Answer, Failure> {
        self.spend(errand)?;
        let mut headers = headers(errand, hop)?;
        headers.extend(shown.headers.clone());
        // a login out of the address, unless the policy has credentials of its own
        let own = errand.url.origin() == hop.url.origin() && !headers.contains_key(AUTHORIZATION);
        let login = errand.login.as_ref().filter(|_| own).map(|(user, pass)| (user.as_str(), pass.as_str()));
        let outgoing = Outgoing {
            url: shown.address(&hop.url),
            clean: hop.url.as_str(),
            method: hop.method,
            headers,
            login: shown.login.or(login),
            body: errand.request.body.as_ref().filter(|_| hop.with_body && hop.method != Method::Get),
            keep: Keep::Whole(self.shared.options.max_bytes),
            errors: &errand.policy.errors,
        };
        self.exchange(outgoing, errand.pace(), &errand.policy.resources).await
    }

    /// Takes one from the source's budget of requests per run.
    fn spend(&self, errand: &Errand<'_>) -> Result<(), FetchError> {
        match errand.policy.per_run {
            Some(per_run) if !self.tally.spend(per_run) => {
                Err(FetchError::Budget { url: errand.clean.clone(), per_run })
            }
            _ => Ok(()),
        }
    }

    /// Pauses the host where it asks for it; an error when it asks for longer than a run waits.
    fn respect(&self, answer: &Answer, errand: &Errand<'_>, url: &Url) -> Result<(), FetchError> {
        let asked = asked_wait(answer, errand);
        let Some(wait) = asked.or_else(|| errand.left(answer).pause()).filter(|wait| !wait.is_zero()) else {
            return Ok(());
        };
        let host = self.shared.hosts.of(url, &self.shared.options);
        let why = format!("{} asked for a pause of {} s", host.name, wait.as_secs_f64().ceil());
        let others = errand.policy.resources.iter().map(|need| &need.resource);
        for resource in std::iter::once(&host.resource).chain(others) {
            self.shared.budget.pause(resource, wait, &why);
        }
        self.tally.paused();
        match asked {
            Some(wait) if self.too_long(wait) && !ruled(answer, errand) => Err(FetchError::Quota {
                url: errand.clean.clone(),
                message: why,
                until: errand.reset_at(answer),
            }),
            _ => Ok(()),
        }
    }

    fn too_long(&self, wait: Duration) -> bool {
        wait > self.shared.options.max_wait
    }
}

/// True when the policy has words of its own for this answer, which are then the better message.
fn ruled(answer: &Answer, errand: &Errand<'_>) -> bool {
    super::answer::rule_for(answer, errand.policy).is_some()
}

/// Where the answer leads, cleaned; `None` when it is the end.
fn redirect(answer: &Answer, from: &Url, errand: &Errand<'_>) -> Result<Option<Url>, FetchError> {
    let Some(target) = answer.headers.get(LOCATION) else { return Ok(None) };
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let target = String::from_utf8_lossy(target.as_bytes());
    let joined = from.join(&target).map_err(|_| FetchError::Redirect {
        url: errand.clean.clone(),
        reason: "to something that is no address".to_owned(),
    })?;
    Ok(Some(clean(&joined, &errand.policy.auth)))
}

/// The request's own headers and the conditions. What may hold credentials stays with the origin.
fn headers(errand: &Errand<'_>, hop: &Hop) -> Result<HeaderMap, FetchError> {
    let near = errand.url.origin() == hop.url.origin();
    let mut headers = HeaderMap::with_capacity(errand.request.headers.len() + 2);
    for (name, value) in &errand.request.headers {
        let (name, value) = (name.parse::<HeaderName>(), HeaderValue::from_str(value));
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(FetchError::Setup(format!(
                "a header of the request for {} is malformed",
                errand.clean
            )));
        };
        if near || ![AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(&name) {
            headers.append(name, value);
        }
    }
    let Some(validators) = errand.validators else { return Ok(headers) };
    for (name, text) in [(IF_NONE_MATCH, &validators.etag), (IF_MODIFIED_SINCE, &validators.last_modified)] {
        // one that is malformed was not ours to begin with: asking without it is always right
        if let Some(value) = text.as_ref().and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(name, value);
        }
    }
    Ok(headers)
}

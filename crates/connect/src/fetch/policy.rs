//! How a source wants to be asked: credentials, pace, and which of its answers mean what. Each
//! policy is plain data; a manifest's `auth`, `limits` and `errors` become one.

use secrecy::SecretString;

use super::{Need, RenderPlan};

/// Credentials, added at the moment of sending and never stored with a request.
#[derive(Debug, Clone, Default)]
pub enum Auth {
    /// None needed.
    #[default]
    None,
    /// `Authorization: Bearer …`.
    Bearer(SecretString),
    /// A header of the source's own.
    Header {
        /// Header name.
        name: String,
        /// Header value.
        value: SecretString,
    },
    /// A query parameter; taken out of every address that is logged or kept.
    Query {
        /// Parameter name.
        name: String,
        /// Parameter value.
        value: SecretString,
    },
    /// HTTP basic authentication.
    Basic {
        /// User name; may itself be the key.
        user: SecretString,
        /// Password; may be empty.
        password: SecretString,
    },
    /// OAuth 2 client credentials: a token is fetched first, kept until shortly before it expires,
    /// and fetched anew once when it is refused.
    ClientCredentials {
        /// Where tokens are issued.
        token_url: url::Url,
        /// Client id.
        client_id: SecretString,
        /// Client secret.
        client_secret: SecretString,
        /// Space-separated scopes; may be empty.
        scope: String,
    },
}

/// What to do about an error answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnError {
    /// Try again later: after what the source asks for, else with backoff.
    Retry,
    /// Give this request up; others go on.
    Fail,
    /// Nothing there, and that is an answer: not a failure (a detail page that is gone).
    Skip,
    /// Ask this source nothing more in this run (a daily quota is used up, a key is refused).
    Stop,
}

/// Recognises one class of error answer. All given parts must match.
#[derive(Debug, Clone, Default)]
pub struct ErrorRule {
    /// Lowest and highest HTTP status, both included; any error status when `None`.
    pub status: Option<(u16, u16)>,
    /// Text that must occur in the body.
    pub body_contains: Option<String>,
    /// What to do; `Fail` when `None`.
    pub then: Option<OnError>,
    /// Why, for the user: what it means and what to do about it.
    pub message: String,
}

/// Whether one of the rules says to give up on this status, whatever else is in the answer.
pub(super) fn gives_up(rules: &[ErrorRule], status: u16) -> bool {
    let first = rules.iter().find(|rule| {
        let (low, high) = rule.status.unwrap_or((400, 599));
        (low..=high).contains(&status) && rule.body_contains.is_none()
    });
    first.is_some_and(|rule| matches!(rule.then, None | Some(OnError::Fail)))
}

/// How a source's reset header counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResetUnit {
    /// Seconds from now.
    Seconds,
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMillis,
    /// An ISO 8601 instant.
    Iso,
}

/// Names of the headers in which a source reports what is left of a limit. Compared without regard
/// to case.
#[derive(Debug, Clone, Default)]
pub struct LimitHeaders {
    /// How many requests are left in the window.
    pub remaining: Option<String>,
    /// When the window ends.
    pub reset: Option<(String, ResetUnit)>,
    /// A regular expression with groups `used`, `limit` and `reset` (seconds) over one header that
    /// holds all three, and that header's name.
    pub combined: Option<(String, String)>,
}

/// How the requests of one connector are made.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Credentials.
    pub auth: Auth,
    /// The variables that credentials are taken from, for whoever has to look at them.
    pub held_in: Vec<String>,
    /// The host the credentials belong to; they are sent to no other. `None`: the host of the first
    /// request.
    pub auth_host: Option<String>,
    /// Requests per second and host; the fetcher's own default when `None`.
    pub per_second: Option<f64>,
    /// Never do two requests start together, however fast they may follow each other.
    pub even: bool,
    /// Requests under way at once per host; the fetcher's own default when `None`.
    pub concurrency: Option<usize>,
    /// What a request needs room in beside its host: an API key, a site of several hosts. A pause that
    /// one host asks for holds for these too.
    pub resources: Vec<Need>,
    /// Requests per run at most.
    pub per_run: Option<u64>,
    /// Obey robots.txt. True for pages; false for a documented API, whose terms are its key's.
    pub robots: bool,
    /// Headers that report limits.
    pub limit_headers: LimitHeaders,
    /// Error classes, first match decides; then the general rules (408, 425, 429 and 5xx are tried
    /// again, 401 and 403 with credentials stop the source, 404 and 410 fail).
    pub errors: Vec<ErrorRule>,
    /// Tries per request in all; the fetcher's own default when `None`.
    pub attempts: Option<u32>,
    /// Seconds before the first repeat; each further one waits so many times longer, with up to as much again
    /// by chance. The fetcher's own waits when `None`.
    pub retry_backoff: Option<f64>,
    /// Pages are shown in a browser, and what it shows is the document.
    pub render: Option<RenderPlan>,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            auth: Auth::None,
            held_in: Vec::new(),
            auth_host: None,
            per_second: None,
            even: false,
            concurrency: None,
            resources: Vec::new(),
            per_run: None,
            robots: true,
            limit_headers: LimitHeaders::default(),
            errors: Vec::new(),
            attempts: None,
            retry_backoff: None,
            render: None,
        }
    }
}

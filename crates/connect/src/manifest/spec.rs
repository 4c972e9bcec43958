//! A manifest as it is written: one struct a section, and the whole of the format. From these come the
//! parser, the JSON Schema for editors, and the first half of lint.

mod ordered;
mod paginate;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

pub use ordered::Ordered;
pub use paginate::{CursorSpec, NextLinkSpec, OffsetSpec, PageSpec, PaginateSpec, WindowsSpec};

/// A value computed from a document: a text is an address (`venue.name`, `h2 a@href`), a template when
/// it holds `{{ }}`, a literal when it begins with `=`; numbers, true and false are themselves; a list
/// gives a list; an object an object, or with `each` a list of them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ValueSpec(#[schemars(schema_with = "anything")] pub Value);

fn anything(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    true.into()
}

/// A connector written as YAML.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestSpec {
    /// Name of the source its records are kept under: lower case, digits, `-`, `_` and `/`.
    pub name: String,
    /// What people call the source.
    pub title: Option<String>,
    /// What it lists, one or two sentences.
    pub description: Option<String>,
    /// Its own page for people; also the base of relative links in documents read from files.
    pub homepage: Option<String>,
    /// IANA zone of local times for which the source names none.
    pub timezone: Option<String>,
    /// What the user can or must give.
    #[serde(default)]
    pub params: Ordered<ParamSpec>,
    /// How requests prove who asks.
    pub auth: Option<AuthSpec>,
    /// How fast the source may be asked.
    #[serde(default)]
    pub limits: LimitsSpec,
    /// Its pages are built by scripts: a browser shows them, and what it shows is read.
    pub render: Option<RenderSpec>,
    /// What error answers mean; the first that fits decides.
    #[serde(default)]
    pub errors: Vec<ErrorSpec>,
    /// What the source's terms ask for.
    #[serde(default)]
    pub terms: TermsSpec,
    /// How a bare document is known to be this source's; one of the rules is enough.
    #[serde(default)]
    pub recognise: Vec<RecogniseSpec>,
    /// What is asked, and how the answers are read, by name.
    #[serde(default)]
    pub requests: Ordered<RequestSpec>,
    /// What reading recorded documents must give.
    #[serde(default)]
    pub tests: Vec<TestSpec>,
}

/// The type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParamType {
    /// Any text.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A day: `2026-05-01`.
    Date,
    /// A list; on a command line, texts with commas between.
    List,
    /// A credential: kept apart, for `auth` alone.
    Secret,
}

/// One parameter.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParamSpec {
    /// `text`, `integer`, `number`, `boolean`, `date`, `list` or `secret`.
    #[serde(rename = "type", default = "text")]
    pub kind: ParamType,
    /// True when nothing works without it.
    #[serde(default)]
    pub required: bool,
    /// The value when none is given.
    #[serde(default)]
    pub default: ValueSpec,
    /// Environment variables it is taken from, first found wins.
    #[serde(default)]
    pub env: OneOrMore,
    /// What it is, and where to get it.
    pub help: Option<String>,
    /// A value to show.
    #[serde(default)]
    pub example: ValueSpec,
    /// The only values it may have.
    #[serde(default)]
    pub choices: Vec<String>,
    /// True for one that says how the source is asked (a delay), not what is asked for.
    #[serde(default)]
    pub manner: bool,
}

fn text() -> ParamType {
    ParamType::Text
}

/// One text or a list of them.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(from = "TextOrTexts")]
#[schemars(with = "TextOrTexts")]
pub struct OneOrMore(pub Vec<String>);

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum TextOrTexts {
    One(String),
    More(Vec<String>),
}

impl From<TextOrTexts> for OneOrMore {
    fn from(given: TextOrTexts) -> OneOrMore {
        match given {
            TextOrTexts::One(text) => OneOrMore(vec![text]),
            TextOrTexts::More(texts) => OneOrMore(texts),
        }
    }
}

/// How requests prove who asks. The values are templates over `params`; secrets may stand only here.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AuthSpec {
    /// `Authorization: Bearer …`.
    Bearer(String),
    /// A header of the source's own.
    Header {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// A query parameter.
    Query {
        /// Its name.
        name: String,
        /// Its value.
        value: String,
    },
    /// HTTP basic authentication.
    Basic {
        /// User name; may itself be the key.
        user: String,
        /// Password, where there is one.
        password: Option<String>,
    },
    /// OAuth 2 client credentials.
    Oauth2 {
        /// Where tokens are issued.
        token_url: String,
        /// Client id.
        client_id: String,
        /// Client secret.
        client_secret: String,
        /// Scopes with spaces between.
        scope: Option<String>,
    },
}

/// How pages are rendered.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RenderSpec {
    /// A CSS selector; the page is there once something fits it.
    pub wait_for: String,
    /// A regular expression for what the page says instead where there is nothing.
    #[serde(default)]
    pub empty: String,
    /// A CSS selector of what says "1-200 of 232", for lists that are walked page by page.
    #[serde(default)]
    pub pager: String,
    /// A CSS selector of the button that leads to the next page of a list.
    #[serde(default)]
    pub next: String,
    /// Pages of one list at most.
    #[serde(default = "list_pages")]
    pub max_pages: u32,
}

fn list_pages() -> u32 {
    100
}

/// How fast the source may be asked.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsSpec {
    /// Requests a second.
    pub per_second: Option<f64>,
    /// Requests under way at once.
    pub concurrency: Option<usize>,
    /// Requests in one run at most.
    pub per_run: Option<u64>,
    /// Tries of one request in all.
    pub attempts: Option<u32>,
    /// Response headers that report what is left.
    #[serde(default)]
    pub headers: LimitHeadersSpec,
}

/// Response headers that report what is left of a limit.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitHeadersSpec {
    /// Name of the header that counts the requests left.
    pub remaining: Option<String>,
    /// The header that says when the window ends.
    pub reset: Option<ResetSpec>,
    /// A header that holds all of it.
    pub combined: Option<CombinedSpec>,
}

/// A header that says when a limit starts anew.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResetSpec {
    /// Header name.
    pub name: String,
    /// How it counts.
    pub unit: ResetUnitSpec,
}

/// How a reset header counts.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ResetUnitSpec {
    /// Seconds from now.
    Seconds,
    /// Seconds since 1970.
    EpochSeconds,
    /// Milliseconds since 1970.
    EpochMillis,
    /// An ISO 8601 instant.
    Iso,
}

/// A header that holds used, limit and reset at once.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CombinedSpec {
    /// Header name.
    pub name: String,
    /// Regular expression with the groups `used`, `limit` and `reset` (seconds).
    pub pattern: String,
}

/// What one class of error answers means.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorSpec {
    /// A status, or the lowest and highest of a range.
    pub status: Option<StatusSpec>,
    /// Text that occurs in the body.
    pub body_contains: Option<String>,
    /// `retry`, `fail`, `skip` or `stop`.
    pub then: ThenSpec,
    /// What it means and what to do, for the user.
    #[serde(default)]
    pub message: String,
}

/// A status or a range of them.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum StatusSpec {
    /// This one.
    One(u16),
    /// From the first to the last, both included.
    Range([u16; 2]),
}

/// What to do about an error answer.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ThenSpec {
    /// Try again later.
    Retry,
    /// Give this request up; others go on.
    Fail,
    /// Nothing there, and that is an answer.
    Skip,
    /// Ask this source nothing more in this run.
    Stop,
}

/// What the source's terms ask for.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TermsSpec {
    /// Hours after which what was received must be gone.
    pub retention_hours: Option<u64>,
    /// Hours after which single columns must be gone, in rows that may be kept longer: `{lat: 720, lon: 720}`.
    #[serde(default)]
    pub retention_columns: BTreeMap<String, u64>,
    /// `obey` robots.txt (pages), or `ignore` it (a documented API, whose terms are its key's).
    #[serde(default)]
    pub robots: RobotsSpec,
    /// What must be shown beside the listings.
    pub attribution: Option<String>,
    /// Anything else to know before using it.
    pub notes: Option<String>,
    /// True when a user has to switch it on knowingly.
    #[serde(default)]
    pub off_by_default: bool,
}

/// Whether robots.txt is obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RobotsSpec {
    /// As for every page.
    #[default]
    Obey,
    /// For a documented API.
    Ignore,
}

/// A sign by which a document is known. All parts of one rule must hold.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecogniseSpec {
    /// Host of the document's address, or of a domain above it.
    pub host: Option<String>,
    /// Paths that all lead to something in a JSON document.
    #[serde(default)]
    pub json: OneOrMore,
    /// A selector that matches in an HTML document.
    pub html: Option<String>,
    /// Text that occurs in the document.
    pub text: Option<String>,
    /// The request whose answer it then is; the first one unless said.
    pub request: Option<String>,
}

/// One kind of request, and how its answers are read.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequestSpec {
    /// True when it begins a run. Unless one says so, the first one does. False for one that only reads
    /// documents at hand.
    pub start: Option<bool>,
    /// A list: one request for each of its elements, called `item` in the request.
    #[serde(default)]
    pub for_each: ValueSpec,
    /// Where; a template. May be left out when `follow` gives the address.
    pub url: Option<String>,
    /// `GET` or `POST`; POST when there is a body.
    pub method: Option<MethodSpec>,
    /// Headers; templates.
    #[serde(default)]
    pub headers: Ordered<ValueSpec>,
    /// Query parameters; templates. Absent ones are left out.
    #[serde(default)]
    pub query: Ordered<ValueSpec>,
    /// What is sent along.
    pub body: Option<BodySpec>,
    /// How further pages are asked for.
    pub paginate: Option<PaginateSpec>,
    /// Pages of one list at most.
    #[serde(default = "thousand")]
    pub max_pages: u64,
    /// What the answer is.
    #[serde(default)]
    pub decode: DecodeSpec,
    /// Its character encoding, where the source declares the wrong one.
    pub encoding: Option<String>,
    /// How its CSV is written.
    #[serde(default)]
    pub csv: CsvSpec,
    /// What the source says is wrong, where it answers with an error in place of listings: a text, or
    /// nothing when all is well. Unless it is given, JSON whose top level is an `error`, `errors` or
    /// `fault` and that lists nothing is an error.
    #[serde(default)]
    pub error: ValueSpec,
    /// How many listings the source says it holds.
    #[serde(default)]
    pub total: ValueSpec,
    /// True when the pages of this request are all that the source lists, so that what is missing has
    /// vanished.
    #[serde(default)]
    pub complete: bool,
    /// The records in the answer.
    #[serde(default)]
    pub read: Vec<RuleSpec>,
    /// Requests that follow from the answer as a whole.
    #[serde(default)]
    pub follow: Vec<FollowSpec>,
}

fn thousand() -> u64 {
    1_000
}

/// HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum MethodSpec {
    /// The usual one.
    Get,
    /// With a body.
    Post,
}

/// What a request sends.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BodySpec {
    /// A JSON value; the texts in it are templates, never addresses.
    Json(ValueSpec),
    /// A form's fields; templates.
    Form(Ordered<ValueSpec>),
    /// Plain text; a template.
    Text(String),
}

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecodeSpec {
    /// JSON, also wrapped in a call (JSONP).
    #[default]
    Json,
    /// A page; addresses are CSS selectors.
    Html,
    /// XML; addresses are paths of element names.
    Xml,
    /// A table; `each: "."` goes through its rows.
    Csv,
    /// Plain text; `item` is the text.
    Text,
    /// Whatever `callboard collect` reads by itself: a calendar (iCalendar), a feed, a page with event
    /// markup. The records are those it reads; there are no rules to write. `follow` and `paginate`
    /// address the answer as a page.
    Listing,
}

/// How a CSV answer is written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvSpec {
    /// The sign between columns; found out unless said.
    pub delimiter: Option<char>,
    /// Names of the columns, when the first row does not hold them.
    #[serde(default)]
    pub columns: Vec<String>,
}

/// How records are read from an answer.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleSpec {
    /// `event` (the default), `venue`, `performer`, `organizer`, `offer`, `card` or `graded_card`.
    #[serde(default)]
    pub kind: KindSpec,
    /// The items, one record each; the whole document once when left out.
    #[serde(default)]
    pub each: ValueSpec,
    /// `some` when a document without items is a fault of the connector.
    #[serde(default)]
    pub expect: ExpectSpec,
    /// Values to name, in order; each may use those before it.
    #[serde(rename = "let", default)]
    pub lets: Ordered<ValueSpec>,
    /// An expression; items for which it is false are passed over. May use the names of `let`.
    #[serde(rename = "where")]
    pub condition: Option<Condition>,
    /// The source's own key. Without one, an event is known by its start and title, others by name.
    #[serde(default)]
    pub key: ValueSpec,
    /// The fields of the kind.
    #[serde(default)]
    pub fields: Ordered<ValueSpec>,
    /// Fields without which the record is rejected.
    #[serde(default)]
    pub required: Vec<String>,
    /// Fields that the source states to be empty when it leaves them blank. Others are then unstated,
    /// and what is stored stays.
    #[serde(default)]
    pub clears: Vec<String>,
    /// Requests that follow from the record.
    #[serde(default)]
    pub follow: Vec<FollowSpec>,
}

/// A condition: an expression, or plainly true or false.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Condition {
    /// True or false.
    Always(bool),
    /// Computed for every item.
    Expression(String),
}

/// The kind of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KindSpec {
    /// An event.
    #[default]
    Event,
    /// A place.
    Venue,
    /// An artist, band, team or speaker.
    Performer,
    /// Who puts events on.
    Organizer,
    /// A way to buy into an event.
    Offer,
    /// A trading card.
    Card,
    /// One graded copy of a card.
    GradedCard,
}

/// Whether items must be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExpectSpec {
    /// An empty list is an answer.
    #[default]
    Any,
    /// A document without items does not fit the connector.
    Some,
}

/// A request that follows.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FollowSpec {
    /// Name of the request.
    pub request: String,
    /// Items, one request each; once when left out.
    #[serde(default)]
    pub each: ValueSpec,
    /// An expression; false makes no request.
    #[serde(rename = "where")]
    pub condition: Option<Condition>,
    /// Its address, in place of the request's own.
    #[serde(default)]
    pub url: ValueSpec,
    /// Values handed on; the request and its rules see them as `context`.
    #[serde(default)]
    pub with: Ordered<ValueSpec>,
}

/// One test on a recorded document.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestSpec {
    /// Path of the document, from the manifest's folder or the folder of recorded documents.
    pub document: String,
    /// The request whose answer it is; the first one unless said.
    pub request: Option<String>,
    /// The address it came from.
    pub url: Option<String>,
    /// Parameters.
    #[serde(default)]
    pub params: Ordered<ValueSpec>,
    /// What `context` holds.
    #[serde(default)]
    pub context: Ordered<ValueSpec>,
    /// The instant it was read at, `2024-05-01` or `2024-05-01T12:00:00Z`.
    pub now: Option<String>,
    /// What reading it gives.
    pub expect: ExpectationSpec,
}

/// What reading a document must give. What is not said is not compared.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectationSpec {
    /// Number of events.
    pub count: Option<usize>,
    /// Number of records by kind.
    #[serde(default)]
    pub counts: Ordered<usize>,
    /// Some of the records.
    #[serde(default)]
    pub records: Vec<RecordSpec>,
    /// Number of follow-up requests.
    pub requests: Option<usize>,
    /// Addresses among the follow-up requests.
    #[serde(default)]
    pub urls: Vec<String>,
    /// The total the source states.
    pub total: Option<u64>,
    /// Number of rejected listings.
    pub rejected: Option<usize>,
    /// Whether the document is all that the source lists.
    pub complete: Option<bool>,
    /// Part of the error that reading must end in.
    pub error: Option<String>,
}

/// One record as it must be.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSpec {
    /// Its kind.
    #[serde(default)]
    pub kind: KindSpec,
    /// Its position among those of its kind, from 0; negative ones count from the end.
    pub index: Option<i64>,
    /// Or its key.
    pub key: Option<String>,
    /// Fields and their values; times as `2024-05-01T19:00:00` or `2024-05-01`, null for unstated.
    #[serde(default)]
    pub fields: Ordered<ValueSpec>,
}

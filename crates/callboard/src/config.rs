//! Where settings come from: flag, then environment (with `.env`), then `callboard.yaml`, then the
//! default, in that order. One slice declares every setting; parsing, `config show` and the starter
//! file of `init` follow from it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chrono_tz::Tz;
use model::{Finding, mask, nearest};
use serde_saphyr::Spanned;
use store::{Address, LandingSpec, OpenOptions, PersonalOptions, S3Object, S3Spec};
use url::Url;

use crate::output::usage;

/// One setting.
pub struct Setting {
    /// Name in `callboard.yaml`; the flag of the same meaning is written with dashes.
    pub key: &'static str,
    /// Environment variables, first one wins; those after the first are names that the replaced
    /// systems used.
    pub env: &'static [&'static str],
    /// Value when nothing else is said; empty for none.
    pub default: &'static str,
    /// What it does.
    pub help: &'static str,
}

/// Every setting there is.
pub const SETTINGS: &[Setting] = &[
    Setting {
        key: "db",
        env: &["CALLBOARD_DB", "DATABASE_URL", "PG_DATABASE_URL", "POSTGRES_DSN", "DATABASE_PATH"],
        default: "callboard.db",
        help: "the store: a SQLite file, or postgres://user:password@host/database",
    },
    Setting {
        key: "postgres_db",
        env: &["POSTGRES_DB"],
        default: "",
        help: "name of the database on a PostgreSQL server, where `db` says nothing; with those below",
    },
    Setting { key: "postgres_host", env: &["POSTGRES_HOST"], default: "localhost", help: "its host" },
    Setting { key: "postgres_port", env: &["POSTGRES_PORT"], default: "5432", help: "its port, a number" },
    Setting {
        key: "postgres_user",
        env: &["POSTGRES_USER"],
        default: "postgres",
        help: "who connects to it",
    },
    Setting { key: "postgres_password", env: &["POSTGRES_PASSWORD"], default: "", help: "their password" },
    Setting {
        key: "namespace",
        env: &["CALLBOARD_NAMESPACE", "POSTGRES_SCHEMA"],
        default: "",
        help: "keeps installations apart: a schema of the database (callboard), or a file of its own",
    },
    Setting {
        key: "db_connections",
        env: &["CALLBOARD_DB_CONNECTIONS", "DB_POOL_SIZE", "MAX_DB_CONNECTIONS"],
        default: "8",
        help: "connections to PostgreSQL at most",
    },
    Setting {
        key: "slow_statement_ms",
        env: &["CALLBOARD_SLOW_STATEMENT_MS"],
        default: "1000",
        help: "a statement to the database that takes longer is counted as slow, and told of once",
    },
    Setting {
        key: "landing",
        env: &["CALLBOARD_LANDING"],
        default: "",
        help: "where fetched bodies are landed, if not beside the store: a folder, or s3://bucket/prefix",
    },
    Setting {
        key: "landing_keep",
        env: &["CALLBOARD_LANDING_KEEP"],
        default: "",
        help: "how old `landing prune` lets bodies become, like 90d, where it is not told",
    },
    Setting {
        key: "s3_bucket",
        env: &["CALLBOARD_S3_BUCKET", "S3_BUCKET_NAME"],
        default: "",
        help: "bucket to land bodies in, where `landing` says nothing",
    },
    Setting {
        key: "s3_endpoint",
        env: &["CALLBOARD_S3_ENDPOINT", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"],
        default: "",
        help: "address of the object storage, where it is not Amazon's",
    },
    Setting {
        key: "s3_region",
        env: &["CALLBOARD_S3_REGION", "AWS_REGION", "AWS_DEFAULT_REGION", "S3_REGION"],
        default: "",
        help: "region of the bucket",
    },
    Setting {
        key: "s3_access_key_id",
        env: &["CALLBOARD_S3_ACCESS_KEY_ID", "AWS_ACCESS_KEY_ID"],
        default: "",
        help: "key for the bucket; without one, that of the container or machine",
    },
    Setting {
        key: "s3_secret_access_key",
        env: &["CALLBOARD_S3_SECRET_ACCESS_KEY", "AWS_SECRET_ACCESS_KEY"],
        default: "",
        help: "its secret; better in .env than in callboard.yaml",
    },
    Setting {
        key: "s3_patience_secs",
        env: &["CALLBOARD_S3_PATIENCE_SECS"],
        default: "90",
        help: "for how long a request to the bucket that fails is tried again",
    },
    Setting {
        key: "connectors",
        env: &["CALLBOARD_CONNECTORS"],
        default: "connectors",
        help: "folder with connectors of your own (*.yaml); used when it exists",
    },
    Setting {
        key: "documents",
        env: &["CALLBOARD_DOCUMENTS"],
        default: "documents",
        help: "folder in which the tests of connectors look for recorded documents",
    },
    Setting {
        key: "timezone",
        env: &["CALLBOARD_TIMEZONE"],
        default: "",
        help: "zone of local times for which a source names none, like America/Chicago",
    },
    Setting {
        key: "months_back",
        env: &["CALLBOARD_MONTHS_BACK"],
        default: "1",
        help: "repeating events are expanded from this many months back",
    },
    Setting {
        key: "months_ahead",
        env: &["CALLBOARD_MONTHS_AHEAD"],
        default: "12",
        help: "repeating events are expanded to this many months ahead",
    },
    Setting {
        key: "contact",
        env: &["CALLBOARD_CONTACT"],
        default: "",
        help: "address or page put into the User-Agent, so that a site's owner can reach you",
    },
    Setting {
        key: "per_second",
        env: &["CALLBOARD_PER_SECOND"],
        default: "4",
        help: "requests per second and host, where a connector says nothing else",
    },
    Setting {
        key: "concurrency",
        env: &[
            "CALLBOARD_CONCURRENCY",
            "PIPELINE_MAX_CONCURRENCY",
            "HTTP_MAX_CONNECTIONS",
            "HTTPX_MAX_CONNECTIONS",
            "MAX_CONCURRENT_SCRAPES",
        ],
        default: "16",
        help: "requests under way at once, all hosts together",
    },
    Setting {
        key: "max_elements",
        env: &["CALLBOARD_MAX_ELEMENTS"],
        default: "10000000",
        help: "elements of one `for_each` at most, whatever a pipeline asks for",
    },
    Setting {
        key: "max_fan_out",
        env: &["CALLBOARD_MAX_FAN_OUT"],
        default: "1000",
        help: "elements or steps of a run under way at once at most, whatever a pipeline asks for",
    },
    Setting {
        key: "grace_secs",
        env: &["CALLBOARD_GRACE_SECS"],
        default: "20",
        help: "how long what is in hand may take to end when a runner is stopped",
    },
    Setting {
        key: "store_patience_secs",
        env: &["CALLBOARD_STORE_PATIENCE_SECS"],
        default: "300",
        help: "for how long a runner waits for a store that is away or full",
    },
    Setting {
        key: "connect_timeout_secs",
        env: &["CALLBOARD_CONNECT_TIMEOUT_SECS", "HTTP_CONNECT_TIMEOUT", "HTTPX_TIMEOUT_CONNECT"],
        default: "10",
        help: "longest wait for a connection, in seconds",
    },
    Setting {
        key: "read_timeout_secs",
        env: &["CALLBOARD_READ_TIMEOUT_SECS", "HTTP_READ_TIMEOUT", "HTTPX_TIMEOUT_READ"],
        default: "30",
        help: "longest wait between two pieces of an answer, in seconds",
    },
    Setting {
        key: "request_timeout_secs",
        env: &["CALLBOARD_REQUEST_TIMEOUT_SECS", "HTTP_TIMEOUT", "SCRAPE_TIMEOUT"],
        default: "120",
        help: "longest that one try of a request takes, in seconds",
    },
    Setting {
        key: "attempts",
        env: &["CALLBOARD_ATTEMPTS", "HTTP_RETRIES", "HTTPX_RETRIES"],
        default: "4",
        help: "tries of a request in all, where a connector says nothing else",
    },
    Setting {
        key: "browser",
        env: &["CALLBOARD_BROWSER", "CHROME"],
        default: "",
        help: "the Chromium that pages are rendered in; looked for on the path where nothing is said",
    },
    Setting {
        key: "browser_pages",
        env: &["CALLBOARD_BROWSER_PAGES"],
        default: "4",
        help: "pages that a process renders at once",
    },
    Setting {
        key: "browser_memory_mb",
        env: &["CALLBOARD_BROWSER_MEMORY_MB"],
        default: "1024",
        help: "what a browser may take in memory before it is replaced",
    },
    Setting {
        key: "allow_private",
        env: &["CALLBOARD_ALLOW_PRIVATE"],
        default: "false",
        help: "fetch from private, loopback and link-local addresses too",
    },
    Setting {
        key: "max_documents",
        env: &["CALLBOARD_MAX_DOCUMENTS"],
        default: "100000",
        help: "documents per run at most",
    },
    Setting {
        key: "max_bytes",
        env: &["CALLBOARD_MAX_BYTES"],
        default: "33554432",
        help: "longest body that is fetched, decompressed, in bytes",
    },
    Setting {
        key: "max_shrink",
        env: &["CALLBOARD_MAX_SHRINK"],
        default: "0.5",
        help: "share of known events that may vanish in one sweep before it stops and says so",
    },
    Setting {
        key: "retention",
        env: &["CALLBOARD_RETENTION"],
        default: "",
        help: "`purge` lets sources with a retention ceiling in; what they allow no longer is purged",
    },
    Setting {
        key: "history_keep",
        env: &["CALLBOARD_HISTORY_KEEP"],
        default: "",
        help: "how long each change is kept, like 400d: `changes compact` folds older ones [forever]",
    },
    Setting {
        key: "history_keep_last",
        env: &["CALLBOARD_HISTORY_KEEP_LAST"],
        default: "1",
        help: "newest changes of each row that are kept however old they are",
    },
    Setting {
        key: "retention_policy",
        env: &["CALLBOARD_RETENTION_POLICY"],
        default: "",
        help: "ceilings of your own, by source: {my-source: {rows: 30d, bodies: 7d, columns: {lat: 30d}}}",
    },
    Setting {
        key: "personal",
        env: &["CALLBOARD_PERSONAL"],
        default: "ask",
        help: "who sees columns of personal data: `ask`, whoever asks with --personal, noted; or `never`",
    },
    Setting {
        key: "personal_key",
        env: &["CALLBOARD_PERSONAL_KEY"],
        default: "",
        help: "key that columns of personal data are sealed with: `callboard personal key` makes one",
    },
    Setting {
        key: "personal_key_old",
        env: &["CALLBOARD_PERSONAL_KEY_OLD"],
        default: "",
        help: "the key before that, until `callboard personal rotate` is through",
    },
    Setting {
        key: "pipelines",
        env: &["CALLBOARD_PIPELINES"],
        default: "pipelines",
        help: "folder with pipelines (*.yaml, *.yml, *.json); used when it exists",
    },
    Setting {
        key: "regions",
        env: &[],
        default: "",
        help: "regions of ticketing: {hong-kong: {token: …, event_id: …}}; or EVENT_CONFIGS__hong_kong__token and so on",
    },
    Setting {
        key: "vivenu_base_url",
        env: &["EVENT_API_BASE_URL"],
        default: "",
        help: "API of the regions that name none [https://vivenu.com/api]",
    },
    Setting {
        key: "vivenu_api_token",
        env: &["VIVENU_API_TOKEN"],
        default: "",
        help: "API key of the regions that name none",
    },
    Setting {
        key: "listen",
        env: &["CALLBOARD_LISTEN"],
        default: "",
        help: "address that `serve` takes webhooks at, like 127.0.0.1:8080",
    },
    Setting {
        key: "ticketing_files",
        env: &["CALLBOARD_TICKETING_FILES"],
        default: "data_static",
        help: "folder with capacities, codes handed out and rules for names of ticketing; used when it exists",
    },
    Setting {
        key: "limits",
        env: &["CALLBOARD_LIMITS"],
        default: "process",
        help: "who keeps rates: `process` for itself, or `shared` with all processes on this store",
    },
    Setting {
        key: "cache",
        env: &["CALLBOARD_CACHE", "REDIS_URL"],
        default: "memory",
        help: "where documents of days are kept ready: `memory`, or redis://host:6379, rediss://:password@host:6380",
    },
    Setting {
        key: "cache_prefix",
        env: &["CALLBOARD_CACHE_PREFIX"],
        default: "",
        help: "what the keys in Redis begin with, where several stores share one",
    },
    Setting {
        key: "cache_days",
        env: &["CALLBOARD_CACHE_DAYS"],
        default: "30",
        help: "days ahead of today that a document is always kept ready of",
    },
    Setting {
        key: "cache_timeout_secs",
        env: &["CALLBOARD_CACHE_TIMEOUT_SECS", "REDIS_SOCKET_TIMEOUT"],
        default: "2",
        help: "longest wait for Redis to connect or to answer, in seconds",
    },
    Setting {
        key: "cache_max_bytes",
        env: &["CALLBOARD_CACHE_MAX_BYTES"],
        default: "16777216",
        help: "what the cache in memory holds at most, in bytes",
    },
    Setting {
        key: "log_level",
        env: &["CALLBOARD_LOG", "LOG_LEVEL"],
        default: "warn",
        help: "what to log: error, warn, info, debug, trace, or a filter like connect=debug",
    },
    Setting {
        key: "log_file",
        env: &["CALLBOARD_LOG_FILE", "LOG_FILE"],
        default: "",
        help: "file to log into as JSON lines, beside stderr",
    },
    Setting {
        key: "log_rotate",
        env: &["CALLBOARD_LOG_ROTATE"],
        default: "daily",
        help: "when the log file begins anew: daily (UTC), never, or a size like 10MB",
    },
    Setting {
        key: "log_keep",
        env: &["CALLBOARD_LOG_KEEP"],
        default: "7",
        help: "old log files that are kept",
    },
];

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of this call.
    Flag,
    /// An environment variable, by name; those of `.env` count here.
    Environment(&'static str),
    /// A file, with its line.
    File(String, u64),
    /// Nothing was said.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Flag => f.write_str("flag"),
            Origin::Environment(name) => write!(f, "environment {name}"),
            Origin::File(file, line) => write!(f, "{file}:{line}"),
            Origin::Default => f.write_str("default"),
        }
    }
}

/// The settings of this call, each with its origin.
pub struct Config {
    values: BTreeMap<&'static str, (String, Origin)>,
}

/// The file settings are read from, in the working folder.
pub const FILE: &str = "callboard.yaml";

impl Config {
    /// Reads `.env` and `callboard.yaml` of the working folder, the environment, and `flags`.
    pub fn load(flags: &[(&'static str, Option<String>)]) -> Result<Config> {
        let file = read_file(Path::new(FILE))?;
        let mut values = BTreeMap::new();
        for setting in SETTINGS {
            let flag = flags.iter().find(|(key, _)| *key == setting.key).and_then(|(_, value)| value.clone());
            values.insert(setting.key, resolve(setting, flag, &file));
        }
        Ok(Config { values })
    }

    /// The value of `key` as text; `None` when it is empty.
    pub fn text(&self, key: &str) -> Option<&str> {
        self.values.get(key).map(|(value, _)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The value of `key`, parsed; the error names where the bad value came from.
    pub fn get<T: FromStr>(&self, key: &str) -> Result<T> {
        let (value, origin) = self.values.get(key).with_context(|| format!("no setting is called {key}"))?;
        match value.parse() {
            Ok(parsed) => Ok(parsed),
            Err(_) => Err(wrong(key, value, origin)),
        }
    }

    /// The same, where not every value of the type can be meant.
    pub fn get_where<T: FromStr>(&self, key: &str, fits: impl Fn(&T) -> bool) -> Result<T> {
        let parsed = self.get(key)?;
        match self.values.get(key) {
            Some((value, origin)) if !fits(&parsed) => Err(wrong(key, value, origin)),
            _ => Ok(parsed),
        }
    }

    /// Whether anybody said it: it is not the default.
    pub fn is_said(&self, key: &str) -> bool {
        self.values.get(key).is_some_and(|(_, origin)| *origin != Origin::Default)
    }

    /// Where the store is.
    pub fn db(&self) -> Result<Address> {
        let said = |key| self.text(key).unwrap_or_default();
        let is_default = !self.is_said("db");
        let part =
            ["postgres_host", "postgres_user", "postgres_password"].into_iter().find(|key| self.is_said(key));
        if let Some(part) = part.filter(|_| is_default && said("postgres_db").is_empty()) {
            return Err(usage(format!(
                "{part} is set, but no database is named: set POSTGRES_DB, or say with --db where the store is"
            )));
        }
        let address = match is_default && !said("postgres_db").is_empty() {
            true => Address::parse(&self.postgres()?),
            false => Address::parse(known_scheme(self.text("db").unwrap_or("callboard.db"))?),
        };
        if let Some(fault) = address.fault() {
            return Err(usage(format!("the address of the database: {fault}")));
        }
        let mut address = match self.text("namespace") {
            Some(name) => address.in_namespace(sound_namespace(name)?),
            None => address,
        };
        if let Address::Server(server) = &mut address {
            server.connections = self.get("db_connections")?;
            if !(1..=MOST_CONNECTIONS).contains(&server.connections) {
                let asked = server.connections;
                return Err(usage(format!(
                    "db_connections = {asked}: between 1 and {MOST_CONNECTIONS} make sense"
                )));
            }
        }
        Ok(address)
    }

    /// The address of a server that is told in parts.
    fn postgres(&self) -> Result<String> {
        let said = |key| self.text(key).unwrap_or_default();
        let host = format!("postgres://{}:{}", said("postgres_host"), self.get::<u16>("postgres_port")?);
        let mut url = Url::parse(&host).with_context(|| format!("{host} is not an address"))?;
        let set = url
            .set_username(said("postgres_user"))
            .and_then(|()| url.set_password(self.text("postgres_password")));
        set.map_err(|()| anyhow::anyhow!("{host} takes no user"))?;
        url.set_path(said("postgres_db"));
        Ok(url.into())
    }

    /// How personal columns are dealt with.
    fn personal(&self) -> Result<PersonalOptions> {
        let said = |key| self.text(key).map(str::to_owned);
        let never = match self.text("personal") {
            Some("ask") | None => false,
            Some("never") => true,
            Some(other) => {
                return Err(usage(format!("setting personal = {other:?}: it is `ask` or `never`")));
            }
        };
        Ok(PersonalOptions { key: said("personal_key"), old_key: said("personal_key_old"), never })
    }

    /// How the store is opened: where bodies are landed, and with which keys.
    pub fn open_options(&self) -> Result<OpenOptions> {
        let slow_statement = Duration::from_millis(self.get("slow_statement_ms")?);
        let options = OpenOptions { slow_statement, personal: self.personal()?, ..OpenOptions::default() };
        let bucket = self.text("s3_bucket").map(|name| format!("s3://{}", name.trim_start_matches("s3://")));
        let Some(place) = self.text("landing").map(str::to_owned).or(bucket) else {
            return Ok(options);
        };
        let mut landing = LandingSpec::parse(&place).map_err(|error| usage(error.to_string()))?;
        if let LandingSpec::S3(spec) = &mut landing {
            self.speak_to(spec)?;
        }
        Ok(OpenOptions { landing: Some(landing), ..options })
    }

    /// An object by its address, in the storage of the settings.
    pub fn object(&self, address: &str) -> Result<S3Object> {
        let mut object = S3Object::parse(address).map_err(|error| usage(error.to_string()))?;
        self.speak_to(object.bucket_mut())?;
        Ok(object)
    }

    /// How buckets are spoken to.
    fn speak_to(&self, spec: &mut S3Spec) -> Result<()> {
        let said = |key| self.text(key).map(str::to_owned);
        (spec.endpoint, spec.region) = (said("s3_endpoint"), said("s3_region"));
        spec.access_key_id = said("s3_access_key_id");
        spec.secret_access_key = said("s3_secret_access_key");
        spec.patience = Duration::from_secs(self.get("s3_patience_secs")?);
        Ok(())
    }

    /// The zone for local times without one.
    pub fn timezone(&self) -> Result<Option<Tz>> {
        let Some(name) = self.text("timezone") else { return Ok(None) };
        let zone = connect::value::zone::by_name(name);
        let wrong = || usage(format!("{name:?} is not a time zone; they look like America/Chicago"));
        zone.map(Some).ok_or_else(wrong)
    }

    /// Every setting with value and origin, in declaration order; credentials are masked.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Setting, Cow<'_, str>, &Origin)> {
        SETTINGS.iter().filter_map(|setting| {
            let (value, origin) = self.values.get(setting.key)?;
            let shown = match (mask::names_credential(setting.key), setting.key) {
                _ if value.is_empty() => mask::text(value),
                (true, _) => mask::MASK.into(),
                (false, "regions") => crate::regions::shown(value).into(),
                (false, _) => mask::text(value),
            };
            Some((setting, shown, origin))
        })
    }
}

fn help_of(key: &str) -> &'static str {
    SETTINGS.iter().find(|setting| setting.key == key).map_or("", |setting| setting.help)
}

fn resolve(
    setting: &Setting,
    flag: Option<String>,
    file: &BTreeMap<String, (String, u64)>,
) -> (String, Origin) {
    if let Some(value) = flag {
        return (value, Origin::Flag);
    }
    for name in setting.env {
        if let Ok(value) = std::env::var(name) {
            return (value, Origin::Environment(name));
        }
    }
    match file.get(setting.key) {
        Some((value, line)) => (value.clone(), Origin::File(FILE.to_owned(), *line)),
        None => (setting.default.to_owned(), Origin::Default),
    }
}

/// The settings of `callboard.yaml` as text with their lines; empty when there is no such file.
fn read_file(path: &Path) -> Result<BTreeMap<String, (String, u64)>> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
    };
    parse(&text)
}

/// Settings that are no single value.
const MAPPINGS: [&str; 2] = ["retention_policy", "regions"];

fn parse(text: &str) -> Result<BTreeMap<String, (String, u64)>> {
    if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
        return Ok(BTreeMap::new());
    }
    let entries: HashMap<Spanned<String>, Option<Scalar>> =
        serde_saphyr::from_str(text).with_context(|| format!("{FILE} is not a list of settings"))?;
    let place = |key: &Spanned<String>| (key.referenced.line(), key.referenced.column());
    let mut entries: Vec<_> = entries.into_iter().collect();
    entries.sort_by_key(|(key, _)| place(key));
    let mut settings = BTreeMap::new();
    for (key, value) in entries {
        let place = place(&key);
        if SETTINGS.iter().all(|setting| setting.key != key.value) {
            bail!("{}", unknown_key(&key.value, place));
        }
        if let Some(value) = value {
            if value.0.starts_with('{') && !MAPPINGS.contains(&key.value.as_str()) {
                let finding = Finding::error(FILE, format!("`{}` is a single value", key.value));
                bail!("{}", finding.at(place.0 as usize, place.1 as usize));
            }
            settings.insert(key.value, (value.0, place.0));
        }
    }
    Ok(settings)
}

/// A setting that cannot be meant; its user is told so, and where it came from.
fn wrong(key: &str, value: &str, origin: &Origin) -> anyhow::Error {
    usage(format!("setting {key} = {value:?} (from {origin}) is not valid: {}", help_of(key)))
}

fn unknown_key(key: &str, (line, column): (u64, u64)) -> Finding {
    let finding = Finding::error(FILE, format!("unknown setting `{key}`")).at(line as usize, column as usize);
    match nearest(key, SETTINGS.iter().map(|setting| setting.key)) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None => finding.help("`callboard config show` lists them all"),
    }
}

/// A YAML scalar of any type, as text; a mapping as JSON.
struct Scalar(String);

impl<'de> serde::Deserialize<'de> for Scalar {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        match value {
            serde_json::Value::String(text) => Ok(Scalar(text)),
            serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Ok(Scalar(value.to_string())),
            serde_json::Value::Object(_) => Ok(Scalar(value.to_string())),
            _ => Err(serde::de::Error::custom("a setting is a single value")),
        }
    }
}

/// More from one process no server is glad of.
const MOST_CONNECTIONS: u32 = 1_000;

/// It becomes the name of a schema, or part of that of a file.
fn sound_namespace(name: &str) -> Result<&str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    if name.len() <= 63 && name.chars().all(fits) && !name.starts_with("pg_") && name != "information_schema"
    {
        return Ok(name);
    }
    Err(usage(format!(
        "the namespace {name:?} cannot be used: letters, digits, `_`, `-` and `.` make one, 63 at most, and `pg_` \
         begins the names of the database's own"
    )))
}

/// An address with a scheme that stands for no database we know would be taken for the name of a file.
fn known_scheme(address: &str) -> Result<&str> {
    let Some((scheme, _)) = address.split_once("://") else { return Ok(address) };
    let database = scheme.split_once('+').map_or(scheme, |(database, _)| database);
    match database {
        "postgres" | "postgresql" | "sqlite" => Ok(address),
        _ => Err(usage(format!(
            "`db` is an address that begins with {scheme}://: callboard keeps its store in a \
             SQLite file or in PostgreSQL (postgres://user:password@host/database)"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_make_a_namespace() {
        for name in ["eu", "eu-west_2", "a.callboard.db", "_x"] {
            assert!(sound_namespace(name).is_ok(), "{name}");
        }
        for name in ["../x", "e u\"; drop", "pg_x", "information_schema", "é", &"x".repeat(64)] {
            assert!(sound_namespace(name).is_err(), "{name}");
        }
    }

    #[test]
    fn an_address_of_another_database_is_told_without_its_password() {
        for address in ["x.db", "postgres://h/d", "postgresql+asyncpg://h/d", "sqlite:///x.db", "C:/x.db"] {
            assert!(known_scheme(address).is_ok(), "{address}");
        }
        let told = known_scheme("mysql://u:topsecret@h/y").expect_err("not ours").to_string();
        assert!(told.contains("mysql://:") && !told.contains("topsecret"), "{told}");
    }

    #[test]
    fn unknown_settings_point_at_their_line() {
        let fault = parse("db: a.db\n\ntimezon: UTC\n").expect_err("unknown key").to_string();
        assert_eq!(fault, "callboard.yaml:3:1: error: unknown setting `timezon` (did you mean `timezone`?)");
        assert!(parse("# only remarks\n").expect("no settings").is_empty());
        let settings = parse("months_back: 3\nallow_private: true\n").expect("settings");
        assert_eq!(settings["months_back"], ("3".to_owned(), 1));
        assert_eq!(settings["allow_private"], ("true".to_owned(), 2));
    }

    #[test]
    fn flags_win_and_bad_values_name_their_origin() {
        let config = Config::load(&[("months_back", Some("soon".to_owned()))]).expect("loads");
        let fault = config.get::<u32>("months_back").expect_err("not a number").to_string();
        assert!(fault.contains("months_back = \"soon\" (from flag)"), "{fault}");
    }
}

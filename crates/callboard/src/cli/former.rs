//! Flags and variables of the programs before this one: what they set has another name here, or there is nothing
//! left to set. The latter are accepted, so that old command lines go on working, and it is said once why they
//! do nothing.

use anyhow::Result;
use clap::Args;

use super::Flags;
use crate::output::{say, usage};

/// Flags of older programs, for `run` and `fleet`. Not in their help, but in docs/cards.md and docs/vivenu.md.
#[derive(Args, Default)]
pub struct Former {
    #[arg(long, hide = true, value_name = "N")]
    db_pool_size: Option<String>,
    #[arg(long, hide = true, value_name = "PATH")]
    python_path: Option<String>,
    #[arg(long, hide = true, value_name = "N")]
    max_concurrent_db_operations: Option<String>,
    #[arg(long, hide = true, value_name = "N")]
    batch_size: Option<String>,
    #[arg(long, hide = true, value_name = "S")]
    cache_ttl: Option<String>,
    #[arg(long, hide = true)]
    enable_caching: bool,
    #[arg(long, hide = true)]
    enable_monitoring: bool,
    #[arg(long, hide = true, conflicts_with = "enable_monitoring")]
    disable_monitoring: bool,
    #[arg(long, hide = true, value_name = "N")]
    max_workers: Option<String>,
    #[arg(long, hide = true, value_name = "V")]
    version: Option<String>,
    #[arg(long, hide = true, value_name = "NAME")]
    script: Option<String>,
}

const PYTHON: &str = "runners are this program itself, there is no Python in it";
const BATCHES: &str = "the store writes what is ready together, at its own pace";
const COUNTING: &str = "all is counted at once";
const VERSION: &str = "there is one version of everything: this program";
const CACHE: &str =
    "a page is asked for again when its counts moved, at the latest after `--recrawl-days N` days";
const MONITORING: &str = "what a run does is always kept: `callboard runs`, `callboard audit`";
const SERVER: &str =
    "there is no server for models to call: `callboard tag …` answers, `--format json` for programs";

/// The pipeline that ships for graded cards.
const CARDS: &str = "tag";

/// Variables that have nothing to set any more.
const VARIABLES: [(&str, &str); 6] = [
    (
        "HEALTH_CHECK_INTERVAL",
        "runners tell that they are alive by themselves, and `callboard doctor` checks whenever it is called",
    ),
    ("FASTMCP_HOST", SERVER),
    ("FASTMCP_PORT", SERVER),
    ("FASTMCP_DEBUG", SERVER),
    ("REQUIRE_AUTH", SERVER),
    ("AUTH_TOKEN", SERVER),
];

const VERIFIED: &str = "certificates are always verified";
const LOGGED: &str = "`--log-file PATH` writes a log that is rotated; docs/operating.md";
const BOT: &str = "there is no bot to be spoken to: `callboard report NAME --post CHANNEL` tells";
const COUNTED: &str = "growth and projections are always told";

/// Those of the older program for ticketing.
const OF_TICKETING: [(&str, &str); 15] = [
    ("HTTP_VERIFY_SSL", VERIFIED),
    ("HTTPX_VERIFY_SSL", VERIFIED),
    ("BATCH_SIZE", BATCHES),
    ("BATCH_MAX_WORKERS", BATCHES),
    ("BATCH_CHUNK_SIZE", BATCHES),
    ("AGE_GROUP_MAX_WORKERS", COUNTING),
    ("AGE_GROUP_BATCH_SIZE", COUNTING),
    ("ENABLE_GROWTH_ANALYSIS", COUNTED),
    ("ENABLE_PROJECTIONS", COUNTED),
    ("ENABLE_FILE_LOGGING", LOGGED),
    ("LOG_DIRECTORY", LOGGED),
    ("LOG_MAX_FILE_SIZE", LOGGED),
    ("LOG_BACKUP_COUNT", LOGGED),
    ("SLACK_BOT_APP_TOKEN", BOT),
    ("SLACK_SIGNING_SECRET", BOT),
];

impl Former {
    /// The settings that they give.
    pub fn flags(&self) -> Flags {
        vec![("db_connections", self.db_pool_size.clone())]
    }

    /// Refuses what would do something else than it did.
    pub fn refuse(&self) -> Result<()> {
        match &self.script {
            Some(script) => Err(usage(format!(
                "--script {script}: there are no scripts; `callboard run PIPELINE --only STEP` runs one step, and \
                 `--dry-run` lists them"
            ))),
            None => Ok(()),
        }
    }

    /// Says of each that was given why it does nothing, and of the variables where the pipeline is that of the
    /// programs they were for.
    pub fn tell(&self, pipeline: &str) {
        if pipeline == CARDS {
            tell_variables();
        }
        if pipeline.split('/').next() == Some(engine::ticketing::CONNECTOR) {
            tell_of(&OF_TICKETING);
        }
        let given = [
            ("python-path", self.python_path.is_some(), PYTHON),
            ("max-concurrent-db-operations", self.max_concurrent_db_operations.is_some(), BATCHES),
            ("batch-size", self.batch_size.is_some(), BATCHES),
            ("cache-ttl", self.cache_ttl.is_some(), CACHE),
            ("enable-caching", self.enable_caching, CACHE),
            ("enable-monitoring", self.enable_monitoring, MONITORING),
            ("disable-monitoring", self.disable_monitoring, MONITORING),
            ("max-workers", self.max_workers.is_some(), COUNTING),
            ("version", self.version.is_some(), VERSION),
        ];
        for (name, _, why) in given.into_iter().filter(|(_, given, _)| *given) {
            say(&format!("--{name} does nothing any more: {why}"));
        }
    }
}

/// Says the same of variables, where the work is that of the programs they were for.
pub fn tell_variables() {
    tell_of(&VARIABLES);
}

fn tell_of(variables: &[(&str, &str)]) {
    for (name, why) in variables {
        if std::env::var_os(name).is_some_and(|value| !value.is_empty()) {
            say(&format!("{name} does nothing any more: {why}"));
        }
    }
}

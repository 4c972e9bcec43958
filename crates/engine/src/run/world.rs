//! Everything the functions of a run may use, given in from outside.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use connect::Connector;
use connect::fetch::Fetcher;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::Store;

use crate::collect::{CollectOptions, Origin, Progress};
use crate::functions::Functions;
use crate::pipeline::Pipeline;
use crate::run::Room;
use crate::ticketing::RegionConfig;

/// What runs have in common.
pub struct World {
    /// Where everything is kept.
    pub store: Store,
    /// The only way to the outside; `None` where nothing is fetched.
    pub fetcher: Option<Fetcher>,
    /// What can be called.
    pub functions: Functions,
    /// Finds connectors and pipelines.
    pub catalog: Arc<dyn Catalog>,
    /// Tells the time.
    pub clock: fn() -> DateTime<Utc>,
    /// Looks up a variable of the environment.
    pub env: fn(&str) -> Option<String>,
    /// What a watcher may see.
    pub progress: Arc<Progress>,
    /// What relative paths of pipelines are relative to.
    pub folder: PathBuf,
    /// Bounds that no pipeline goes beyond.
    pub bounds: Bounds,
    /// Room for the large documents that are in hand.
    pub room: Room,
}

/// The server's own bounds: whatever a pipeline asks for, it gets no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Elements of one `for_each`.
    pub elements: u64,
    /// Elements, or steps, under way at once.
    pub concurrency: u32,
    /// Size of the output of one item, in bytes.
    pub output_bytes: usize,
    /// Outputs of elements that become the output of their step.
    pub outputs: usize,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { elements: 10_000_000, concurrency: 1_000, output_bytes: 1 << 20, outputs: 10_000 }
    }
}

/// What is asked of the `collect` function, or of the command of that name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// Addresses, files and folders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<String>,
    /// Name of a connector, or the path of its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connector: Option<String>,
    /// Values for its parameters.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub params: Map<String, Value>,
    /// Name of the source that the records are kept under.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// Finds by name what pipelines speak of.
pub trait Catalog: Send + Sync {
    /// What to collect from; an error says what is wrong with what was asked for.
    fn origins(&self, wanted: &Wanted) -> Result<Vec<Origin>, String>;

    /// The connector of this name.
    fn connector(&self, name: &str) -> Option<Arc<dyn Connector>>;

    /// Bounds and manners of collecting, from the settings.
    fn collect_options(&self) -> Result<CollectOptions, String>;

    /// The regions of ticketing, with their secrets; an error says everything that is wrong with them.
    fn regions(&self) -> Result<Vec<RegionConfig>, String> {
        Ok(Vec::new())
    }

    /// The folder of what ticketing is told against.
    fn ticketing_files(&self) -> PathBuf {
        crate::ticketing::ground::FOLDER.into()
    }

    /// The pipeline of this name, or in this file.
    fn pipeline(&self, name: &str) -> Result<Pipeline, String>;
}

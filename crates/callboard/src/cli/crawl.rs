//! Flags of `run` and `fleet` that crawls of several levels know by these names. Each sets the parameter of
//! the same name, where the pipeline has one.

use anyhow::Result;
use clap::Args;
use engine::collect::misfit;
use engine::pipeline::{Loaded, Pipeline};
use serde_json::{Map, Value, json};

use crate::clock;
use crate::config::Config;
use crate::library::{factor, seconds};
use crate::origins::Catalog;
use crate::output::usage;
use crate::world::{catalog_for, runner_options};

/// What of a crawl is wanted, and how politely.
#[derive(Args, Default)]
#[command(next_help_heading = "For pipelines with such parameters (tag)")]
pub struct Crawl {
    /// Only these categories
    #[arg(long, aliases = ["sport", "sports"], value_name = "NAME", num_args = 1.., value_delimiter = ',')]
    categories: Vec<String>,
    /// Ask the site which categories there are
    #[arg(long, alias = "all-sports", conflicts_with = "categories")]
    discover_categories: bool,
    /// Only these years
    #[arg(long, value_name = "YEAR", num_args = 1.., value_delimiter = ',')]
    year_filter: Vec<String>,
    /// Only sets of this brand or name; * is any text
    #[arg(long, value_name = "NAME", num_args = 1..)]
    set_filter: Vec<String>,
    /// Only cards of this name or number; * is any text
    #[arg(long, value_name = "NAME", num_args = 1..)]
    card_filter: Vec<String>,
    /// Begin with what the store holds: category, year, set, card or graderows
    #[arg(long, value_name = "LEVEL")]
    start_from: Option<String>,
    /// Levels to gather, down to the deepest of them
    #[arg(long, value_name = "LEVEL", num_args = 1.., value_delimiter = ',')]
    levels: Vec<String>,
    /// Seconds between two pages, all runners together
    #[arg(long, alias = "rate-limit", value_name = "S", allow_negative_numbers = true, value_parser = seconds)]
    delay: Option<f64>,
    /// Times that a page which failed is tried again
    #[arg(long, value_name = "N")]
    max_retries: Option<u32>,
    /// Seconds before the first repeat; each further one waits so many times longer
    #[arg(long, value_name = "FACTOR", allow_negative_numbers = true, value_parser = factor)]
    retry_backoff: Option<f64>,
    /// Folders of saved pages, in place of the site
    #[arg(long, value_name = "PATH", num_args = 1..)]
    saved: Vec<String>,
    /// Days after which a page is asked for again although nothing is said to have changed; 0 is always
    #[arg(long, value_name = "N")]
    recrawl_days: Option<u32>,
    /// Render pages in a browser; false where they come rendered
    #[arg(long, value_name = "BOOL")]
    render: Option<bool>,
    /// Ask for pages again although nothing is said to have changed
    #[arg(long, hide = true, conflicts_with = "recrawl_days")]
    disable_caching: bool,
}

/// Refuses settings that no runner could work by, and parameters that the connector of a crawl would not take,
/// before anything is written. Gives the connectors that it read for this.
pub fn check(config: &Config, loaded: &Loaded, params: &Map<String, Value>) -> Result<Catalog> {
    runner_options(config, None)?;
    let catalog = catalog_for(config, &loaded.plan)?;
    match misfit((&loaded.pipeline, &loaded.plan), params, &catalog, clock()) {
        Some(why) => Err(usage(why)),
        None => Ok(catalog),
    }
}

impl Crawl {
    /// `sets` and what the flags set beside. A flag for which the pipeline has no parameter is a fault.
    pub fn with(&self, sets: &[String], pipeline: &Pipeline) -> Result<Vec<String>> {
        let mut all = sets.to_vec();
        for (name, value) in self.given() {
            if !pipeline.declared().any(|(declared, _)| declared == name) {
                return Err(usage(format!(
                    "--{} is for pipelines with a parameter `{name}`, which {} has not",
                    name.replace('_', "-"),
                    pipeline.name
                )));
            }
            all.push(format!("{name}={value}"));
        }
        Ok(all)
    }

    fn given(&self) -> Vec<(&'static str, String)> {
        let list = |values: &[String]| (!values.is_empty()).then(|| json!(values).to_string());
        let discover = self.discover_categories.then(|| "discover".to_owned());
        let all = [
            ("categories", list(&self.categories).or(discover)),
            ("year_filter", list(&self.year_filter)),
            ("set_filter", list(&self.set_filter)),
            ("card_filter", list(&self.card_filter)),
            ("start_from", self.start_from.clone()),
            ("levels", list(&self.levels)),
            ("delay", self.delay.map(|secs| secs.to_string())),
            ("max_retries", self.max_retries.map(|times| times.to_string())),
            ("retry_backoff", self.retry_backoff.map(|factor| factor.to_string())),
            ("saved", list(&self.saved)),
            (
                "recrawl_days",
                self.recrawl_days.or(self.disable_caching.then_some(0)).map(|days| days.to_string()),
            ),
            ("render", self.render.map(|render| render.to_string())),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

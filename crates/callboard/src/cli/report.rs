//! `callboard report`: the numbers of ticketing, by region: on the terminal, as JSON, as a workbook, or in
//! Slack.

mod ask;
mod partner;
mod posting;
mod sections;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use engine::ticketing::ground::Ground;
use engine::ticketing::report::Report as Told;
use engine::ticketing::reports::ReportSpec;
use engine::ticketing::telling::Question;
use engine::ticketing::workbook::workbook;
use engine::ticketing::{Region, ground, slack, telling};
use serde_json::{Value, json};
use store::{AuditEntry, Store};

use crate::clock;
use crate::config::Config;
use crate::noted::who;
use crate::origins::Catalog;
use crate::output::{print, say, usage};
use crate::world::open_existing;

const EXAMPLES: &str = "\
Examples:
  callboard report sales                                      every configured region
  callboard report sales --region hong-kong --as-of 2d        as it was known two days ago
  callboard report age-groups --region taiwan --format json
  callboard report all --format xlsx --to figures.xlsx        a workbook of everything
  callboard report sales --region japan --post '#sales'       into Slack
  callboard report sales --section types --format csv         one section as a table for programs
  callboard report coupons --partner gym.csv --to redeemed.csv   which of a partner's codes were redeemed
  callboard report list                                       which reports there are

Slack needs SLACK_WEBHOOK_URL (the address of an incoming webhook), or SLACK_API_TOKEN for any channel.";

/// Tell the numbers of ticketing: sales, spectators, age groups, coupons, status, origin, revenue.
///
/// Every number is counted from the tickets in the store, as known now or at any time before; what it
/// counts stands beside it, and times are on the event's own clock.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Report {
    /// The report, `all`, or `list`
    #[arg(value_name = "NAME")]
    name: String,
    /// A region; may be given several times, or with commas [default: all that are configured]
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    region: Vec<String>,
    /// As it was known then: a day, an instant, or so long ago (2d, 6h)
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// How to tell it [default: table, or that of the file's ending]
    #[arg(long, value_enum, value_name = "HOW")]
    format: Option<How>,
    /// Into this file
    #[arg(long, alias = "excel", value_name = "PATH")]
    to: Option<String>,
    /// Into this channel of Slack; `slack` is that of the webhook, `region` the one the region is set up with
    #[arg(long, value_name = "CHANNEL")]
    post: Option<String>,
    /// What `--post region` was called before
    #[arg(long, hide = true, conflicts_with = "post")]
    slack: bool,
    /// Only this section of it
    #[arg(long, value_name = "NAME")]
    section: Option<String>,
    /// Long lists too; in JSON and workbooks they always are
    #[arg(long)]
    detail: bool,
    /// Sales by day too, whatever the region is set up with
    #[arg(long)]
    by_day: bool,
    /// Ages on this day instead of the event's: a date, or `today`
    #[arg(long, value_name = "DAY")]
    age_on: Option<String>,
    /// How far back growth is looked at [default: 15m]
    #[arg(long, value_name = "LENGTH", env = "HISTORY_MINUTES")]
    window: Option<String>,
    /// How far ahead it is gone on with [default: 15m]
    #[arg(long, value_name = "LENGTH", env = "PROJECTION_MINUTES")]
    ahead: Option<String>,
    /// Show the barcodes of tickets that do not fit; noted in the audit log
    #[arg(long)]
    personal: bool,
    /// A partner's table of codes: told with one more column, whether each was redeemed
    #[arg(long, value_name = "PATH", conflicts_with_all = ["post", "slack", "format", "section", "as_of"])]
    partner: Option<PathBuf>,
    /// Codes used, from a seller's `;`-separated table of a series instead of from the store
    #[arg(long, value_name = "PATH", requires = "partner")]
    series: Option<PathBuf>,
}

/// How a report is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum How {
    /// For eyes.
    Table,
    /// A list with one object a region and report.
    Json,
    /// One section as a table for programs.
    Csv,
    /// An Excel workbook.
    Xlsx,
    /// What would be sent to Slack.
    Slack,
}

impl Report {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        if self.name == "list" {
            print(&table::list())?;
            return Ok(ExitCode::SUCCESS);
        }
        let specs = ask::specs(&self.name)?;
        let question = self.question(config, &specs)?;
        let catalog = Catalog::load_only(config, &[])?;
        if let Some(table) = &self.partner {
            // Where a seller's table says what was used, no region is asked.
            let regions =
                if self.series.is_some() { Vec::new() } else { ask::regions(&catalog, &self.region)? };
            return partner::tell(&self, table, specs[0], (config, &regions)).await;
        }
        let how = self.how()?;
        let regions = ask::regions(&catalog, &self.region)?;
        let mut store = open_existing(config).await?;
        if self.personal || specs.iter().any(|spec| spec.ages) {
            store = revealed(store, &self.name, self.personal).await?;
        }
        let (mut told, mut failed) = (Vec::new(), 0_usize);
        for (region, reports) in regions.iter().zip(made(config, &store, &regions, (specs, question)).await) {
            match reports {
                Ok(reports) => told.extend(reports.into_iter().map(|report| (region, report))),
                // What is wrong with one region is no reason to tell nothing of the others.
                Err(error) if regions.len() > 1 => {
                    failed += 1;
                    say(&format!("region {}: {error:#}", region.name));
                }
                Err(error) => return Err(error),
            }
        }
        if told.is_empty() {
            anyhow::bail!("no region could be told of");
        }
        if let Some(section) = &self.section {
            sections::only(told.iter_mut().map(|(_, report)| report), section)?;
        }
        let reports: Vec<Told> = told.iter().map(|(_, report)| report.clone()).collect();
        self.tell(&reports, how)?;
        if let Some(channel) = self.channel() {
            failed += posting::post(config, &store, channel, &told).await?;
        }
        store.close().await;
        Ok(ExitCode::from(if failed > 0 { 3 } else { 0 }))
    }

    /// By the flag, by the file's ending, else for eyes.
    fn how(&self) -> Result<How> {
        let how = match (self.format, &self.to) {
            (Some(how), _) => how,
            (None, Some(path)) => ask::by_ending(path)?,
            (None, None) => How::Table,
        };
        if how == How::Xlsx && self.to.is_none() {
            return Err(usage("a workbook is written into a file: give --to PATH.xlsx"));
        }
        Ok(how)
    }

    fn question(&self, config: &Config, specs: &[&ReportSpec]) -> Result<Question> {
        let mut question = Question::at(clock());
        (question.by_day, question.personal) = (self.by_day, self.personal);
        if let Some(text) = &self.as_of {
            question.as_of = Some(crate::moments::end(text, config.timezone()?)?);
        }
        if let Some(text) = &self.age_on {
            question.age_on = ask::age_on(text)?;
        }
        // Their variables are set for all reports alike: they are read for those that have a use for them.
        if specs.iter().any(|spec| spec.grows) {
            if let Some(text) = super::said(&self.window) {
                question.window = ask::minutes("--window (HISTORY_MINUTES)", text)?;
            }
            if let Some(text) = super::said(&self.ahead) {
                question.ahead = ask::minutes("--ahead (PROJECTION_MINUTES)", text)?;
            }
        }
        Ok(question)
    }

    /// The channel to post to.
    fn channel(&self) -> Option<&str> {
        self.post.as_deref().or(self.slack.then_some("region"))
    }

    fn tell(&self, reports: &[Told], how: How) -> Result<()> {
        let bytes = match how {
            How::Table => {
                let all = self.detail || self.section.is_some();
                let pages: Vec<String> = reports.iter().map(|report| table::page(report, all)).collect();
                pages.join("\n").into_bytes()
            }
            How::Json => {
                let all: Vec<Value> = reports.iter().map(Told::to_json).collect();
                (serde_json::to_string_pretty(&all)? + "\n").into_bytes()
            }
            How::Slack => {
                let all: Vec<Value> = reports.iter().flat_map(slack::messages).collect();
                (serde_json::to_string_pretty(&all)? + "\n").into_bytes()
            }
            How::Csv => sections::csv(reports)?.into_bytes(),
            How::Xlsx => workbook(reports).context("cannot make the workbook")?,
        };
        match &self.to {
            Some(path) => {
                std::fs::write(path, &bytes).with_context(|| format!("cannot write {path}"))?;
                say(&format!("{}: {} written", path, crate::figures::bytes(bytes.len() as u64)));
            }
            // What is posted needs not be shown too.
            None if self.channel().is_some() && self.format.is_none() => {}
            None => print(&String::from_utf8_lossy(&bytes))?,
        }
        Ok(())
    }
}

/// Regions that are counted at once.
const AT_ONCE: usize = 2;

/// The reports on each region, in the order of the regions.
async fn made(
    config: &Config,
    store: &Store,
    regions: &[Region],
    (specs, question): (Vec<&'static ReportSpec>, Question),
) -> Vec<Result<Vec<Told>>> {
    let folder = crate::regions::files(config);
    let mut all = Vec::with_capacity(regions.len());
    for some in regions.chunks(AT_ONCE) {
        let counting: Vec<_> = some
            .iter()
            .map(|region| {
                let (store, region, folder) = (store.clone(), region.clone(), folder.clone());
                let (specs, question) = (specs.clone(), question.clone());
                tokio::spawn(async move {
                    let ground = ground_of(&folder, &region)?;
                    Ok(telling::reports(&store, &region, &ground, &specs, &question).await?)
                })
            })
            .collect();
        for one in counting {
            all.push(one.await.unwrap_or_else(|error| Err(error.into())));
        }
    }
    all
}

/// The files that a region's numbers are told against.
fn ground_of(folder: &Path, region: &Region) -> Result<Ground> {
    ground::read(folder, region).map_err(|faults| usage(faults.join("\n")))
}

/// Ages are counted from birth dates, which are personal: that they are read is noted. Where they are never
/// shown, ages are not known, and everything else is told; who asks for barcodes is refused.
async fn revealed(store: Store, name: &str, personal: bool) -> Result<Store> {
    let columns = if personal { &["birth_date", "barcode"][..] } else { &["birth_date"] };
    let detail = json!({"command": "report", "report": name, "columns": columns});
    let asked = AuditEntry::new(clock(), &who(), "personal.read", "completed").about("ticket");
    match store.reveal(asked.with(detail)).await {
        Ok(revealed) => Ok(revealed),
        Err(error @ store::StoreError::Question(_)) if !personal => {
            say(&format!("ages are not known: {error}"));
            Ok(store)
        }
        Err(error) => Err(error.into()),
    }
}

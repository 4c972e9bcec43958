//! `callboard changes`: what changed since a mark, once or on and on, for people and for programs that
//! keep a cursor; and the upkeep of the log.

mod compact;
mod cursors;
mod mark;
mod patience;
mod read;
mod shown;
mod view;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use chrono_tz::Tz;
use clap::{Args, Subcommand};
use model::{Kind, Op, SourceName, nearest};
use store::{ChangeQuery, Store};

use crate::config::Config;
use crate::moments;
use crate::output::{Format, at_least_one, usage};
use crate::personal;
use crate::world::open_existing;
use mark::{Mark, warn_beyond};
use view::View;

pub use shown::change_json;

const EXAMPLES: &str = "\
Examples:
  callboard changes                                              the newest
  callboard changes --since 3d --op vanish,return                what went and came back
  callboard changes --since 0 --follow --format ndjson           all there is, then on and on
  callboard changes --follow --format ndjson --cursor sync.seq | ./consume
  callboard changes --price-changes --since 2026-11-01           what got dearer or cheaper
  callboard changes cursors                                      who has read how far
  callboard changes compact --older-than 400d --dry-run          what folding would save";

/// List what changed since a mark, or go on telling it; fold what is old.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Changes {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Subcommand)]
enum Command {
    /// List cursors that are kept in the store, with how far they are behind; set or drop one
    Cursors(cursors::Cursors),
    /// Fold what is older than the policy says: a row's old changes become one
    Compact(compact::Compact),
}

#[derive(Args)]
struct List {
    /// After this number, or since this day, instant, so long ago (3d), or `now`
    #[arg(long, value_name = "SEQ|WHEN")]
    since: Option<String>,
    /// Up to this number, or to the end of this day, this instant, so long ago
    #[arg(long, value_name = "SEQ|WHEN")]
    until: Option<String>,
    /// Of rows of this kind
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// Of rows of this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// insert, update, vanish or return; several with commas
    #[arg(long, value_name = "OP", value_delimiter = ',', value_parser = op)]
    op: Vec<Op>,
    /// That set one of these fields, like start,price_min
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    field: Vec<String>,
    /// From what to what the status of events went
    #[arg(long, conflicts_with_all = ["op", "field", "kind", "price_changes", "tombstones"])]
    status_transitions: bool,
    /// From what to what prices of events and offers went
    #[arg(long, conflicts_with_all = ["op", "field", "tombstones"])]
    price_changes: bool,
    /// What vanished from its source's lists, and what came back
    #[arg(long, conflicts_with_all = ["op", "field"])]
    tombstones: bool,
    /// At most so many [default: 50 for a table, all otherwise]
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    limit: Option<usize>,
    /// Go on with what is changed from now on, until interrupted
    #[arg(long)]
    follow: bool,
    /// Go on after the number in this file, and keep there what was read
    #[arg(long, value_name = "FILE", conflicts_with = "group")]
    cursor: Option<std::path::PathBuf>,
    /// The same with a cursor of this name in the store
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Show columns of personal data too; noted in the audit log
    #[arg(long)]
    personal: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// What a table shows of a list that may be long.
const TABLE_LIMIT: usize = 50;

impl Changes {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let store = personal::shown(&store, self.list.personal, "changes", "").await?;
        match self.command {
            None => self.list.run(config, &store).await?,
            Some(Command::Cursors(cursors)) => cursors.run(&store).await?,
            Some(Command::Compact(compact)) => compact.run(config, &store).await?,
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl List {
    async fn run(self, config: &Config, store: &Store) -> Result<()> {
        if self.follow && self.format == Format::Json {
            return Err(usage("--follow has no end, and a JSON list has one: take --format ndjson"));
        }
        if let Some(source) = &self.source {
            super::events::known_source(store, source).await?;
        }
        let (view, mark) = (self.view(), Mark::of(self.cursor.as_deref(), self.group.as_deref()));
        let mut query = view.narrow(self.query()?);
        let zone = config.timezone()?;
        query.until = match &self.until {
            Some(text) => Some(number(store, text, zone, moments::end).await.context("--until")?),
            None => None,
        };
        let since = match &self.since {
            Some(text) => Some(number(store, text, zone, before).await.context("--since")?),
            None => None,
        };
        let known = mark.start(store, since).await?;
        if let (None, Some(since)) = (known, since) {
            warn_beyond(store, "--since", since).await?;
        }
        query.since = known.or(since).unwrap_or(0);
        // A person who says nothing of where to begin wants the newest.
        query.newest_first = self.format == Format::Table
            && !self.follow
            && view == View::All
            && mark == Mark::None
            && since.is_none();
        let limit = self.limit.or((self.format == Format::Table && !self.follow).then_some(TABLE_LIMIT));
        read::Reading { query, view, mark, limit, format: self.format, follow: self.follow }.run(store).await
    }

    fn view(&self) -> View {
        match (self.status_transitions, self.price_changes, self.tombstones) {
            (true, ..) => View::Status,
            (_, true, _) => View::Prices,
            (.., true) => View::Tombstones,
            _ => View::All,
        }
    }

    fn query(&self) -> Result<ChangeQuery> {
        self.field.iter().try_for_each(|field| known_field(self.kind, field))?;
        Ok(ChangeQuery {
            kind: self.kind,
            source: self.source.as_deref().map(SourceName::new),
            ops: self.op.clone(),
            fields: self.field.clone(),
            ..ChangeQuery::default()
        })
    }
}

/// A kind by its name.
pub fn kind(text: &str) -> Result<Kind, String> {
    let near = || nearest(text, Kind::ALL.iter().map(|kind| kind.name()));
    Kind::from_name(text).ok_or_else(|| match near() {
        Some(near) => format!("no kind is called {text:?}; did you mean {near:?}?"),
        None => format!("no kind is called {text:?}; there are {}", kinds()),
    })
}

/// The names of all kinds.
pub fn kinds() -> String {
    Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}

fn op(text: &str) -> Result<Op, String> {
    let all = [Op::Insert, Op::Update, Op::Vanish, Op::Return];
    let found = all.into_iter().find(|op| op.name() == text);
    found.ok_or_else(|| format!("{text:?} is none of insert, update, vanish, return"))
}

fn known_field(kind: Option<Kind>, field: &str) -> Result<()> {
    let kinds = Kind::ALL.iter().filter(|one| kind.is_none_or(|kind| kind == **one));
    let names: Vec<&str> =
        kinds.flat_map(|kind| kind.spec().columns.iter().map(|column| column.name)).collect();
    if names.contains(&field) {
        return Ok(());
    }
    match nearest(field, names.iter().copied()) {
        Some(near) => bail!(usage(format!("--field: no field is called {field:?}; did you mean {near:?}?"))),
        None => bail!(usage(format!("--field: no field is called {field:?}; docs/records.md lists them"))),
    }
}

/// The second before, so that what was committed at the time itself is among what came since.
fn before(text: &str, zone: Option<Tz>) -> Result<chrono::DateTime<chrono::Utc>> {
    Ok(moments::start(text, zone)? - chrono::TimeDelta::seconds(1))
}

type Moment = fn(&str, Option<Tz>) -> Result<chrono::DateTime<chrono::Utc>>;

/// A number of the log, or that of the last change at a time.
async fn number(store: &Store, text: &str, zone: Option<Tz>, moment: Moment) -> Result<i64> {
    if let Ok(number) = text.parse::<i64>() {
        return if number < 0 { bail!(usage(format!("{number} is less than 0"))) } else { Ok(number) };
    }
    match text {
        "now" => Ok(store.last_change().await?),
        text => Ok(store.change_at(moment(text, zone)?).await?),
    }
}

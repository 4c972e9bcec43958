//! How the windows of a backfill fared so far, asked from the runs in the store.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, NaiveTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use engine::backfill::{Grid, MAX_WINDOWS, Window, WindowState};
use engine::pipeline::Plan;
use engine::run::trigger;
use model::RunId;
use serde_json::{Map, Value};
use store::{RunLine, RunsQuery, Store};

use crate::output::table;

/// The newest run of each window of the backfills with the same parameters.
pub struct History {
    known: BTreeMap<Window, (RunId, WindowState)>,
    /// The newest run of the pipeline, whatever it was for.
    newest: Option<RunId>,
    params: Map<String, Value>,
    secret: Vec<String>,
}

/// What the window itself sets.
const OF_THE_WINDOW: [&str; 2] = ["from", "to"];

impl History {
    /// Of the backfills of this pipeline with these parameters.
    pub async fn load(
        store: &Store,
        pipeline: &str,
        params: &Map<String, Value>,
        secret: &[String],
    ) -> Result<History> {
        let (params, secret) = (without(params, secret), secret.to_vec());
        let mut history = History { known: BTreeMap::new(), newest: None, params, secret };
        history.look_again(store, pipeline).await?;
        Ok(history)
    }

    /// Runs that were begun since; those that are known stay as they were.
    pub async fn look_again(&mut self, store: &Store, pipeline: &str) -> Result<()> {
        let (pipeline, after) = (Some(pipeline.to_owned()), self.newest);
        let query = RunsQuery { pipeline, after, limit: MAX_WINDOWS, ..RunsQuery::default() };
        let runs = store.run_list(&query).await?;
        self.newest = runs.first().map(|run| run.id).or(self.newest);
        // The newest comes first, and is to stay.
        for run in runs.iter().rev() {
            let own = run.command["params"].as_object().map(|params| without(params, &self.secret));
            if trigger(&run.command) != "backfill" || own.as_ref() != Some(&self.params) {
                continue;
            }
            if let Ok(window) = serde_json::from_value(run.command["window"].clone()) {
                self.known.insert(window, (run.id, state(run)));
            }
        }
        Ok(())
    }

    /// The newest run of a window.
    pub fn run_of(&self, window: &Window) -> Option<(RunId, WindowState)> {
        self.known.get(window).copied()
    }

    /// How each window fared.
    pub fn states(&self) -> BTreeMap<Window, WindowState> {
        self.known.iter().map(|(window, (_, state))| (*window, *state)).collect()
    }
}

/// Without secrets and what the window sets.
fn without(params: &Map<String, Value>, secret: &[String]) -> Map<String, Value> {
    let kept =
        params.iter().filter(|(name, _)| !secret.contains(name) && !OF_THE_WINDOW.contains(&name.as_str()));
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn state(run: &RunLine) -> WindowState {
    match run.outcome.as_deref() {
        None => WindowState::Running,
        Some("completed") => WindowState::Completed,
        Some("partial") => WindowState::Partial,
        Some("cancelled") => WindowState::Cancelled,
        Some(_) => WindowState::Failed,
    }
}

/// The grid of window by top-level step.
pub async fn grid(
    store: &Store,
    plan: &Plan,
    zone: Tz,
    windows: &[Window],
    history: &History,
) -> Result<Grid> {
    let steps: Vec<String> = plan.roots.iter().filter_map(|no| Some(plan.step(*no)?.name.clone())).collect();
    let mut statuses = BTreeMap::new();
    for window in windows {
        let Some((run, _)) = history.run_of(window) else { continue };
        let Some(detail) = store.run(run).await? else { continue };
        let by_step = detail.steps.iter().map(|step| (step.path.clone(), step.status.name().to_owned()));
        statuses.insert(*window, by_step.collect::<BTreeMap<String, String>>());
    }
    Ok(Grid::new(windows, zone, &steps, &history.states(), &statuses))
}

/// The grid as a table, and what it comes to.
pub fn for_people(grid: &Grid) -> String {
    let header: Vec<&str> =
        ["WINDOW", "STATE"].into_iter().chain(grid.steps.iter().map(String::as_str)).collect();
    let mut rows = table(&header);
    for row in &grid.rows {
        let state = row.state.map_or("-", name);
        let cells = row.cells.iter().map(|cell| cell.as_deref().unwrap_or("-"));
        rows.add_row([row.label.as_str(), state].into_iter().chain(cells));
    }
    let states = [
        WindowState::Completed,
        WindowState::Partial,
        WindowState::Failed,
        WindowState::Cancelled,
        WindowState::Running,
    ];
    let counts = states.iter().map(|state| (name(*state), grid.count(Some(*state))));
    let counts = counts.chain([("not run", grid.count(None))]).filter(|(_, count)| *count > 0);
    let counts: Vec<String> = counts.map(|(name, count)| format!("{count} {name}")).collect();
    format!("{rows}\n{} windows: {}\n", grid.rows.len(), counts.join(", "))
}

fn name(state: WindowState) -> &'static str {
    match state {
        WindowState::Completed => "completed",
        WindowState::Partial => "partial",
        WindowState::Failed => "failed",
        WindowState::Cancelled => "cancelled",
        WindowState::Running => "running",
    }
}

/// An instant as parameters have it: a day where a day of the zone begins, else RFC 3339.
pub fn shown(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    match local.time() == NaiveTime::MIN {
        true => local.format("%Y-%m-%d").to_string(),
        false => local.to_rfc3339_opts(SecondsFormat::Secs, true),
    }
}

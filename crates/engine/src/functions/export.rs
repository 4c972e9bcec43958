//! `export`: writes what the store holds into a file. The file is there whole or as it was before: it
//! is written beside its place and then put there.

use chrono::{DateTime, NaiveDate, Utc};
use futures::future::BoxFuture;
use model::Kind;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Bound, EventQuery, EventView};

use super::{Answer, Call, Failure, Function, FunctionSpec, place};
use crate::present::{event_json, events_csv, events_ics};

pub(super) static SPEC: FunctionSpec = FunctionSpec {
    name: "export",
    summary: "Writes events into a file, for other programs to read. Readers never see half a file.",
    example: "- name: calendar\n  function: export\n  with: {path: \"calendars/{{ run.date }}.ics\", format: ics, category: music}\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// They are all in memory while they are written.
const EVENTS_MAX: usize = 200_000;

/// Parameters of `export`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Where to: a path inside the pipeline's folder. Folders on the way are made.
    path: String,
    /// What is written; `event` is what there is.
    #[serde(default = "event")]
    kind: String,
    /// How it is written.
    #[serde(default)]
    format: Format,
    /// First day (2026-12-01) or instant (2026-12-01T18:00:00Z).
    from: Option<String>,
    /// Last day, included, or last instant.
    to: Option<String>,
    /// Words that title, description, place, performers or categories must hold.
    q: Option<String>,
    /// A category or tag.
    category: Option<String>,
    /// A source.
    source: Option<String>,
    /// `scheduled` (or not said), `tentative`, `cancelled`, `postponed`, `rescheduled` or `moved_online`.
    status: Option<String>,
    /// True: only what costs nothing; false: only what costs something.
    free: Option<bool>,
    /// Also what its source no longer lists.
    #[serde(default)]
    gone: bool,
    /// At most so many, the earliest first.
    #[schemars(range(min = 1, max = 200_000))]
    limit: Option<usize>,
}

/// `ndjson`: a JSON object a line; `json`: one list of them; `csv`: comma-separated values under a header;
/// `ics`: a calendar.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Format {
    #[default]
    Ndjson,
    Json,
    Csv,
    Ics,
}

fn event() -> String {
    Kind::Event.name().to_owned()
}

pub(super) struct Export;

impl Function for Export {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            if params.kind != Kind::Event.name() {
                return Err(Failure::input(format!(
                    "kind: {:?} cannot be exported; there is event",
                    params.kind
                )));
            }
            let path = place::inside(call, "path", &params.path)?;
            let events = events(call, &params).await?;
            let rows = events.len();
            let format = params.format;
            let text = tokio::task::spawn_blocking(move || format.write(&events));
            let text = text.await.map_err(|_| Failure::fault("the writer of an export died"))??;
            let mut output = json!({"path": params.path, "rows": rows, "bytes": text.len()});
            if call.run.manner.dry_run {
                output["dry_run"] = Value::from(format!("would write {}", params.path));
            } else {
                place::put(&path, text).await.map_err(|error| not_written(&params.path, &error))?;
            }
            Ok(Answer::done(output))
        })
    }
}

async fn events(call: &Call, params: &Params) -> Result<Vec<EventView>, Failure> {
    let most = params.limit.unwrap_or(EVENTS_MAX).min(EVENTS_MAX);
    let query = EventQuery {
        from: params.from.as_deref().map(|text| bound("from", text)).transpose()?,
        to: params.to.as_deref().map(|text| bound("to", text)).transpose()?,
        near: None,
        text: params.q.clone(),
        category: params.category.clone(),
        source: params.source.clone(),
        status: params.status.clone(),
        free: params.free,
        include_gone: params.gone,
        // One more tells whether there are more.
        limit: Some(most + usize::from(params.limit.is_none())),
        offset: 0,
    };
    let events = call.world.store.events(&query).await?;
    if events.len() > most {
        return Err(Failure::input(format!(
            "there are more than {EVENTS_MAX} events: narrow them down with from and to, one file a year"
        )));
    }
    Ok(events)
}

fn bound(name: &str, text: &str) -> Result<Bound, Failure> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(Bound::Day(day));
    }
    match DateTime::parse_from_rfc3339(text) {
        Ok(instant) => Ok(Bound::Instant(instant.with_timezone(&Utc))),
        Err(_) => Err(Failure::input(format!(
            "{name}: {text:?} is neither a day like 2026-12-01 nor an instant like 2026-12-01T18:00:00Z"
        ))),
    }
}

impl Format {
    fn write(self, events: &[EventView]) -> Result<String, Failure> {
        let list = || events.iter().map(event_json);
        Ok(match self {
            Format::Ndjson => list().map(|event| format!("{event}\n")).collect(),
            Format::Json => format!("{:#}\n", list().collect::<Value>()),
            Format::Csv => {
                events_csv(events).map_err(|error| Failure::lasting("export", error.to_string()))?
            }
            Format::Ics => events_ics(events),
        })
    }
}

fn not_written(path: &str, error: &std::io::Error) -> Failure {
    use std::io::ErrorKind::{IsADirectory, NotADirectory, PermissionDenied, ReadOnlyFilesystem};
    let message = format!("cannot write {path}: {error}");
    match error.kind() {
        PermissionDenied | ReadOnlyFilesystem | IsADirectory | NotADirectory => Failure::input(message),
        _ => Failure::passing("export", message),
    }
}

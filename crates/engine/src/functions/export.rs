//! `export`: writes what the store holds into a file, the way `callboard export` does. The file is there
//! whole or as it was before: it is written beside its place and then put there.

use futures::future::BoxFuture;
use model::Kind;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde_json::{Value, json};
use store::AuditEntry;

use super::{Answer, Call, Failure, Function, FunctionSpec, place};
use crate::export::formats::FORMATS;
use crate::export::{ExportError, Progress, Target, Wanted, export};

pub(super) static SPEC: FunctionSpec = FunctionSpec {
    name: "export",
    summary: "Writes rows of one kind into a file, for other programs to read. Readers never see half a file.",
    example: "- name: calendar\n  function: export\n  with: {path: \"calendars/{{ run.date }}.ics\", format: ics, category: music}\n",
    schema: || schema_for!(Params),
    spreads: false,
};

/// Parameters of `export`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Where to: a path inside the pipeline's folder. Folders on the way are made.
    path: String,
    /// What is written: `event`, `venue`, `performer`, `organizer` or `offer`.
    #[serde(default = "event")]
    kind: String,
    /// How it is written. `ics`, `rss` and `jsonld` are for events alone.
    #[serde(default = "ndjson")]
    #[schemars(extend("enum" = FORMATS.iter().map(|format| format.name).collect::<Vec<_>>()))]
    format: String,
    /// Conditions on columns, all of which must hold: `city=Berlin`, `capacity>=500`, `url!=` (has one).
    #[serde(default, rename = "where")]
    conditions: Vec<String>,
    /// Events: first day (2026-12-01) or instant (2026-12-01T18:00:00Z).
    from: Option<String>,
    /// Events: last day, included, or last instant.
    to: Option<String>,
    /// Events: words that title, description, place, performers or categories must hold.
    q: Option<String>,
    /// Events: a category or tag.
    category: Option<String>,
    /// A source.
    source: Option<String>,
    /// Events: `scheduled` (or not said), `tentative`, `cancelled`, `postponed`, `rescheduled` or
    /// `moved_online`.
    status: Option<String>,
    /// Events: true: only what costs nothing; false: only what costs something.
    free: Option<bool>,
    /// Only what changed after this number of the change log, and what is gone since, marked: the `change`
    /// of an earlier export's output.
    since: Option<i64>,
    /// Also what its source no longer lists.
    #[serde(default)]
    gone: bool,
    /// With the columns that are marked as personal data.
    #[serde(default)]
    personal: bool,
    /// Events: at most so many, the earliest first. Otherwise they are in the order they were first stored.
    #[schemars(range(min = 1, max = 200_000))]
    limit: Option<usize>,
}

/// The numbers of the earliest are kept while they are written.
const LIMIT_MAX: usize = 200_000;

fn event() -> String {
    Kind::Event.name().to_owned()
}

fn ndjson() -> String {
    "ndjson".to_owned()
}

pub(super) struct Export;

impl Function for Export {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let params: Params = call.params()?;
            let path = place::inside(call, "path", &params.path)?;
            let wanted = wanted(&params)?;
            let dry = call.run.manner.dry_run;
            let target = if dry { Target::Nowhere } else { Target::Whole(path) };
            let store = match wanted.personal {
                true => call.world.store.reveal(asked(call, &params)).await?,
                false => call.world.store.clone(),
            };
            let written = export(&store, &wanted, target, &Progress::default()).await;
            let written = written.map_err(|error| error.told_as(&params.path))?;
            let mut output = json!({
                "path": params.path, "rows": written.rows, "bytes": written.bytes,
                "sha256": written.sha256, "change": written.change,
            });
            if !written.left_out.is_empty() {
                output["left_out"] = json!(written.left_out);
            }
            if dry {
                output["dry_run"] = Value::from(format!("would write {}", params.path));
            }
            Ok(Answer::done(output))
        })
    }
}

/// For the audit log: that personal data was asked for.
fn asked(call: &Call, params: &Params) -> AuditEntry {
    let entry = AuditEntry::new((call.world.clock)(), "pipeline", "personal.show", "completed");
    entry.about(params.kind.clone()).with(json!({"command": "export", "path": params.path}))
}

fn wanted(params: &Params) -> Result<Wanted, ExportError> {
    let mut wanted = Wanted::new(&params.kind, &params.format)?;
    for condition in &params.conditions {
        wanted = wanted.only(condition)?;
    }
    let (from, to, q) = (&params.from, &params.to, &params.q);
    let (category, source, status) = (&params.category, &params.source, &params.status);
    let free = params.free.map(|free| free.to_string());
    let named = [("from", from), ("to", to), ("q", q), ("category", category), ("source", source)];
    for (name, value) in named.into_iter().chain([("status", status), ("is_free", &free)]) {
        if let Some(value) = value {
            wanted = wanted.only(&format!("{name}={value}"))?;
        }
    }
    wanted.query.since = params.since;
    wanted.query.gone = params.gone;
    wanted.personal = params.personal;
    wanted.limit = params.limit.map(|limit| limit.min(LIMIT_MAX));
    wanted.checked()
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Failure {
        let passes = error.may_pass();
        match error {
            ExportError::Store(error) => error.into(),
            ExportError::Write { .. } if passes => Failure::passing("export", error.to_string()),
            ExportError::Write { .. } | ExportError::Usage(_) => Failure::input(error.to_string()),
            ExportError::Fault(_) => Failure::lasting("fault", error.to_string()),
        }
    }
}

//! `collect`: gathers from a source. Each document is an item of its own, so any number of runners
//! share one crawl, and what a kill undoes is the documents in hand and nothing else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde_json::{Map, Value};
use store::{Fault, ItemId, StepNo};
use tracing::Instrument as _;

use super::child::{self, Errand, Where};
use super::finish::{self, SOURCE_STOPPED};
use super::session::{Session, errand};
use super::summary::Failure as Told;
use super::take::{TakeResult, Taken};
use super::{CollectOptions, Origin};
use crate::functions::{Answer, Call, Child, Children, Failure, Function, FunctionSpec};
use crate::run::Wanted;
use crate::spans;

pub(crate) static SPEC: FunctionSpec = FunctionSpec {
    name: "collect",
    summary: "Gathers listings from addresses, files and folders, or with a connector, and keeps them.",
    example: "- name: venues\n  function: collect\n  with:\n    connector: eventbrite\n    params: {organizers: \"48062165483\"}\n",
    schema: || schema_for!(Params),
    spreads: true,
};

/// Parameters of `collect`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Addresses, files and folders; what each is, is told from its content.
    #[serde(default)]
    inputs: Vec<String>,
    /// Read with this connector, or with the one in this file.
    connector: Option<String>,
    /// Values for the parameters of the connector.
    #[serde(default)]
    params: Map<String, Value>,
    /// Name of the source that the records are kept under.
    source: Option<String>,
    /// Documents at most.
    #[schemars(range(min = 1))]
    max_documents: Option<u64>,
    /// Share of known events that may vanish in one sweep; 1 accepts any.
    #[schemars(range(min = 0, max = 1))]
    max_shrink: Option<f64>,
    /// Read documents again that have not changed.
    #[serde(default)]
    reread: bool,
}

/// The function; it keeps what its calls have in common at hand.
#[derive(Default)]
pub struct Collect {
    sessions: Mutex<HashMap<ItemId, Arc<Session>>>,
    /// Origins that were given in by the caller, for calls that name none.
    given: HashMap<StepNo, (Arc<Origin>, CollectOptions)>,
}

/// Documents of a call that runners may hold for each that is under way: those that wait to be begun, and
/// those that wait to be entered. What is held when a runner is killed is fetched again, so it is not many.
const HELD: u32 = 10;

/// Calls at hand at once; beyond, they are made anew.
const SESSIONS_MAX: usize = 64;

impl Collect {
    /// One whose steps collect from these origins, in this order.
    pub(super) fn from_origins(origins: Vec<Origin>, options: &CollectOptions) -> Collect {
        let numbered = (0..).map(StepNo).zip(origins);
        let given = numbered.map(|(no, origin)| (no, (Arc::new(origin), options.clone()))).collect();
        Collect { given, ..Collect::default() }
    }

    fn session(&self, call: &Call) -> Result<Arc<Session>, Failure> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sessions.get(&call.item) {
            return Ok(known.clone());
        }
        let (origins, options) = match self.given.get(&call.step) {
            Some((origin, options)) => (vec![origin.clone()], options.clone()),
            None => origins(call)?,
        };
        let session = Arc::new(Session::new(origins, options, &call.world, !call.run.manner.skip_fetch));
        if sessions.len() >= SESSIONS_MAX {
            sessions.clear();
        }
        sessions.insert(call.item, session.clone());
        Ok(session)
    }
}

fn origins(call: &Call) -> Result<(Vec<Arc<Origin>>, CollectOptions), Failure> {
    let params: Params = call.params()?;
    let mut options = call.world.catalog.collect_options().map_err(Failure::input)?;
    options.max_documents = params.max_documents.unwrap_or(options.max_documents);
    options.max_shrink = params.max_shrink.unwrap_or(options.max_shrink);
    options.reread |= params.reread;
    let wanted = Wanted {
        inputs: params.inputs,
        connector: params.connector,
        params: params.params,
        source: params.source,
    };
    let origins = call.world.catalog.origins(&wanted).map_err(Failure::input)?;
    if origins.is_empty() {
        return Err(Failure::input(format!(
            "step {}: nothing to collect from: give inputs or a connector",
            call.path
        )));
    }
    Ok((origins.into_iter().map(Arc::new).collect(), options))
}

impl Function for Collect {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let session = self.session(call)?;
            let first = session.first(call).await?;
            call.world.progress.expect(first.len() as u64);
            Ok(Answer::spread(Children {
                inputs: first.into_iter().map(Errand::into_child).collect(),
                cap: u32::try_from(session.options.concurrency).unwrap_or(u32::MAX).saturating_mul(HELD),
                most: Some(session.options.max_documents),
            }))
        })
    }

    fn child<'a>(&'a self, call: &'a Call, child: Child) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let session = self.session(call)?;
            let errand = errand(child.input)?;
            if errand.at.is_address() && session.is_stopped(errand.origin) {
                let fault = Fault::new(SOURCE_STOPPED, "not asked for: its source is to be asked no more");
                call.world.progress.done(0, false);
                return Ok(Answer { failed: Some(fault), ..Answer::default() });
            }
            let (origin, at) = (errand.origin, errand.at.clone());
            let work = session.work(&call.world, errand).await?;
            let span = spans::source(work.origin.named.name());
            let taken = session.taker.clone().take(work).instrument(span).await;
            Ok(answer(&session, call, origin, &at, taken))
        })
    }

    fn in_order(&self, child: &Value) -> bool {
        child::is_at_hand(child)
    }

    fn finish<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let session = self.session(call)?;
            let answer = finish::finish(&session, call).await;
            self.sessions.lock().unwrap_or_else(PoisonError::into_inner).remove(&call.item);
            answer
        })
    }
}

/// What a taken document means for the call.
fn answer(session: &Session, call: &Call, origin: usize, at: &Where, mut taken: Taken) -> Answer {
    let mut answer = Answer::default();
    let progress = &call.world.progress;
    if let TakeResult::Read(stated) = &mut taken.result {
        let requests = std::mem::take(&mut stated.requests);
        match at {
            Where::Address => {
                let reader = session.keep_reader(&taken.work.origin, stated.reader.as_ref());
                let depth = taken.work.request.depth + 1;
                for mut request in requests {
                    request.depth = depth;
                    if depth > session.options.max_depth {
                        answer.left_out += 1;
                    } else {
                        answer.follow.push(Errand::ask(origin, request, reader.clone()).into_child());
                    }
                }
            }
            // The user pointed at the file alone: its further pages and details are not fetched.
            Where::File(_) if !requests.is_empty() => {
                let note = format!("{} further requests not made, as the input is a file", requests.len());
                stated.is_part(note);
            }
            Where::File(_) | Where::Landing(_) => {}
        }
    }
    progress.expect(answer.follow.len() as u64);
    if let TakeResult::Failed { error, stop } = &taken.result {
        let told = Told { input: taken.work.name.clone(), error: error.clone() };
        progress.say(told.line());
        answer.failed = Some(Fault::new("document", error.clone()));
        if *stop {
            session.stop(origin);
        }
    }
    progress.done(super::landed::records(&taken) as u64, answer.failed.is_some());
    answer.documents = vec![super::landed::document(taken, call.world.clock)];
    answer
}

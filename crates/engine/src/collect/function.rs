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
use super::passes;
use super::session::{Session, errand};
use super::summary::Failure as Told;
use super::take::{TakeResult, Taken, Trouble};
use super::{CollectOptions, Origin};
use crate::functions::{Answer, Call, Child, Children, Failure, Function, FunctionSpec};
use crate::run::Wanted;
use crate::spans;
use model::Request;

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
pub(super) struct Params {
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

/// What a call collects from, and how.
pub(crate) type Origins = (Vec<Arc<Origin>>, CollectOptions);

/// The function; it keeps what its calls have in common at hand.
pub struct Collect {
    spec: &'static FunctionSpec,
    origins: fn(&Call) -> Result<Origins, Failure>,
    sessions: Mutex<HashMap<ItemId, Arc<Session>>>,
    /// Origins that were given in by the caller, for calls that name none.
    given: HashMap<StepNo, Origins>,
}

/// Calls at hand at once; beyond, they are made anew.
const SESSIONS_MAX: usize = 64;

impl Default for Collect {
    fn default() -> Collect {
        Collect::of(&SPEC, origins)
    }
}

impl Collect {
    /// One that is called by another name and with other parameters, from which `origins` makes what it
    /// collects from. No origins: then there is nothing to do.
    pub(crate) fn of(spec: &'static FunctionSpec, origins: fn(&Call) -> Result<Origins, Failure>) -> Collect {
        Collect { spec, origins, sessions: Mutex::default(), given: HashMap::new() }
    }

    /// One whose steps collect from these origins each, in this order.
    pub(super) fn from_origins(steps: Vec<Vec<Origin>>, options: &CollectOptions) -> Collect {
        let shared = |origins: Vec<Origin>| origins.into_iter().map(Arc::new).collect();
        let numbered = (0..).map(StepNo).zip(steps);
        let given = numbered.map(|(no, origins)| (no, (shared(origins), options.clone()))).collect();
        Collect { given, ..Collect::default() }
    }

    fn session(&self, call: &Call) -> Result<Arc<Session>, Failure> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = sessions.get(&call.item) {
            return Ok(known.clone());
        }
        let (origins, options) = match self.given.get(&call.step) {
            Some((origins, options)) => (origins.clone(), options.clone()),
            None => (self.origins)(call)?,
        };
        let session = Arc::new(Session::new(origins, options, &call.world, !call.run.manner.skip_fetch));
        if sessions.len() >= SESSIONS_MAX {
            sessions.clear();
        }
        sessions.insert(call.item, session.clone());
        Ok(session)
    }
}

fn origins(call: &Call) -> Result<Origins, Failure> {
    let params: Params = call.params()?;
    let mut options = call.world.catalog.collect_options().map_err(Failure::input)?;
    options.max_documents = params.max_documents.unwrap_or(options.max_documents);
    options.max_shrink = params.max_shrink.unwrap_or(options.max_shrink);
    options.reread |= params.reread;
    let origins = call.world.catalog.origins(&wanted(params)).map_err(Failure::input)?;
    if origins.is_empty() {
        return Err(Failure::input(format!(
            "step {}: nothing to collect from: give inputs or a connector",
            call.path
        )));
    }
    Ok((origins.into_iter().map(Arc::new).collect(), options))
}

pub(super) fn wanted(params: Params) -> Wanted {
    Wanted {
        inputs: params.inputs,
        connector: params.connector,
        params: params.params,
        source: params.source,
    }
}

impl Function for Collect {
    fn spec(&self) -> &'static FunctionSpec {
        self.spec
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            let session = self.session(call)?;
            if session.origins.is_empty() {
                return Ok(Answer::done(serde_json::json!({"notes": ["nothing was asked for"]})));
            }
            let first = session.first(call).await?;
            call.world.progress.expect(first.len() as u64);
            Ok(Answer::spread(Children {
                inputs: first.into_iter().map(Errand::into_child).collect(),
                cap: session.cap(),
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
            let mut taken = session.taker.clone().take(work, &call.world.room).instrument(span).await;
            let rest = if child.last { rest(origin, &at, &mut taken) } else { Vec::new() };
            let mut answer = answer(&session, call, origin, &at, taken);
            if answer.failed.is_some() {
                call.world.progress.expect(rest.len() as u64);
                answer.follow.extend(rest.into_iter().map(Errand::into_child));
            }
            Ok(answer)
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

/// What is asked in place of a document that failed, where its connector knows what; a source that is left
/// alone for a while is asked after that.
fn otherwise(session: &Session, origin: usize, at: &Where, taken: &Taken) -> Option<Answer> {
    let TakeResult::Failed { error, trouble } = &taken.result else { return None };
    let work = &taken.work;
    let connector = work.reader.as_ref().or(work.origin.connector.as_ref()).filter(|_| at.is_address())?;
    let smaller = connector.instead(&work.request)?;
    match trouble {
        Trouble::Much => {
            tracing::warn!(%error, url = %smaller.url, "asked for less instead");
            let smaller = Request { depth: work.request.depth, ..smaller };
            let reader = work.reader.as_ref().map(|reader| reader.name().to_owned());
            let follow = vec![Errand::ask(origin, smaller, reader).into_child()];
            Some(Answer { follow, ..Answer::default() })
        }
        Trouble::Closed(wait) => session.may_wait(origin).then(|| Answer::later(*wait)),
        Trouble::Lasting | Trouble::Stop => None,
    }
}

/// What is asked now that a document has failed for good, where its connector knows what; its error says so.
fn rest(origin: usize, at: &Where, taken: &mut Taken) -> Vec<Errand> {
    let TakeResult::Failed { error, trouble } = &mut taken.result else { return Vec::new() };
    let connector = taken.work.origin.connector.as_ref();
    let connector = connector.filter(|_| at.is_address() && *trouble != Trouble::Stop);
    let Some(connector) = connector else { return Vec::new() };
    let request = &taken.work.request;
    let requests = connector.after_failure(request, &taken.work.origin.params);
    if !requests.is_empty() {
        *error += &format!("; {} pages that were known before are asked for instead", requests.len());
    }
    let deeper = |next: Request| Request { depth: request.depth + 1, ..next };
    requests.into_iter().map(|next| Errand::ask(origin, deeper(next), None)).collect()
}

/// What a taken document means for the call.
fn answer(session: &Session, call: &Call, origin: usize, at: &Where, mut taken: Taken) -> Answer {
    if let Some(answer) = otherwise(session, origin, at, &taken) {
        if answer.later.is_none() {
            call.world.progress.expect(1);
            call.world.progress.done(0, false);
        }
        return answer;
    }
    let mut answer = Answer { share: std::mem::take(&mut taken.share), ..Answer::default() };
    let progress = &call.world.progress;
    if let TakeResult::Read(stated) = &mut taken.result {
        let requests = std::mem::take(&mut stated.requests);
        match at {
            Where::Address => {
                let reader = session.keep_reader(&taken.work.origin, stated.reader.as_ref());
                // Further pages of a list are no further away.
                let deeper = !passes::decides(&taken.work.origin);
                let depth = taken.work.request.depth + u32::from(deeper);
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
    if let TakeResult::Failed { error, trouble } = &taken.result {
        let told = Told { input: taken.work.name.clone(), error: error.clone() };
        progress.say(told.line());
        answer.failed = Some(Fault::new("document", error.clone()));
        if *trouble == Trouble::Stop {
            session.stop(origin);
        }
    }
    progress.done(super::landed::records(&taken) as u64, answer.failed.is_some());
    answer.documents = vec![super::landed::document(taken, call.world.clock)];
    answer
}

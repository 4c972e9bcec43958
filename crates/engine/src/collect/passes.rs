//! Going on with lists that move while they are paged over: once everything asked for has come, the
//! connector is told what was seen and says whether that was all, or what to ask as well.

use connect::connector::{Asked, Next, SoFar};
use store::{AskedRow, SweepScope};

use super::child::Errand;
use super::finish::End;
use super::origin::Origin;
use super::session::Session;
use crate::functions::{Answer, Call, Children, Failure};

/// What the connector of each origin says; `None` for one that has nothing to say, as an answer of its
/// source tells itself whether it is complete, or as something failed.
pub(super) async fn ask(session: &Session, call: &Call) -> Result<Vec<Option<Next>>, Failure> {
    let mut all = Vec::with_capacity(session.origins.len());
    for origin in &session.origins {
        all.push(next(call, origin).await?);
    }
    Ok(all)
}

/// Whether the connector of an origin says itself when all was read.
pub(super) fn decides(origin: &Origin) -> bool {
    let nothing = SoFar { asked: Vec::new(), seen: 0, known: 0, now: chrono::DateTime::UNIX_EPOCH };
    let connector = origin.connector.as_ref().filter(|_| origin.starts_itself());
    connector.is_some_and(|connector| connector.next(&origin.params, &nothing).is_some())
}

/// The call goes on in what is still to be asked, if anything is.
pub(super) fn gone_on_with(session: &Session, all: &[Option<Next>]) -> Option<Answer> {
    let mut inputs = Vec::new();
    for (index, next) in all.iter().enumerate() {
        if let Some(Next::Ask(requests)) = next {
            let errand = |request: &model::Request| Errand::ask(index, request.clone(), None).into_child();
            inputs.extend(requests.iter().map(errand));
        }
    }
    let most = Some(session.options.max_documents);
    (!inputs.is_empty()).then(|| Answer::spread(Children { inputs, cap: session.cap(), most }))
}

async fn next(call: &Call, origin: &Origin) -> Result<Option<Next>, Failure> {
    // What was asked for may be as long as the run: it is looked at only for one that says something of it.
    let Some(connector) = origin.connector.as_ref().filter(|_| decides(origin)) else { return Ok(None) };
    let (store, run, scope) = (&call.world.store, call.run.id, origin.scope.as_str());
    let rows = store.asked(run, scope).await?;
    if rows.is_empty() || rows.iter().any(|row| row.failed) {
        return Ok(None);
    }
    let kind = connector.lists(&origin.params);
    let so_far = SoFar {
        seen: store.stated_by(run, scope, kind, &of_last_pass(&rows)).await?,
        known: store.known_in(scope, kind).await?,
        asked: rows.into_iter().map(asked).collect(),
        now: (call.world.clock)(),
    };
    Ok(connector.next(&origin.params, &so_far))
}

fn asked(row: AskedRow) -> Asked {
    Asked { request: row.request, total: row.total, failed: row.failed }
}

fn of_last_pass(rows: &[AskedRow]) -> Vec<&str> {
    let pass = |row: &AskedRow| row.request.context["pass"].as_u64().unwrap_or(0);
    let last = rows.iter().map(pass).max().unwrap_or(0);
    rows.iter().filter(|row| pass(row) == last).map(|row| row.name.as_str()).collect()
}

/// Ends a scope as its connector said.
pub(super) async fn end(
    session: &Session,
    call: &Call,
    origin: &Origin,
    next: Next,
    end: &mut End,
) -> Result<(), Failure> {
    match next {
        Next::Short(why) => end.is_short(format!("{}: {why}", origin.scope)),
        Next::Whole => {
            sweep(session, call, origin, end).await?;
            keep_cursor(call, origin).await?;
        }
        Next::Done => keep_cursor(call, origin).await?,
        Next::Ask(_) => {}
    }
    Ok(())
}

async fn keep_cursor(call: &Call, origin: &Origin) -> Result<(), Failure> {
    Ok(call.world.store.keep_cursor(origin.reader(), &origin.scope, call.run.id).await?)
}

/// What a list that was read whole no longer holds has vanished.
async fn sweep(session: &Session, call: &Call, origin: &Origin, end: &mut End) -> Result<(), Failure> {
    let first = session.taker.is_first_run_of(&origin.scope);
    let Some(connector) = origin.connector.as_ref().filter(|_| session.options.sweep && !first) else {
        return Ok(());
    };
    let (store, run, at) = (&call.world.store, call.run.id, (call.world.clock)());
    let (window, max_shrink) = (session.options.read.window, session.options.max_shrink);
    let source = origin.named.name().clone();
    let what = SweepScope { source, scope: origin.scope.clone(), window, max_shrink };
    let swept = match connector.lists(&origin.params) {
        model::Kind::Event => store.sweep(run, at, &what).await?,
        kind => store.sweep_rows(run, at, kind, &what).await?,
    };
    end.refused(&what, swept.refused);
    Ok(())
}

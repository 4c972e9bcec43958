//! The end of a collect call: what a complete scope no longer holds gets its tombstone, and what was
//! left undone is told.

use serde_json::{Value, json};
use store::{Covered, Reckoning, Shrink, SweepScope};

use super::origin::Origin;
use super::passes;
use super::session::Session;
use super::unmet;
use crate::functions::{Answer, Call, Failure};

/// Class of a child that was not asked for, because its source is to be asked nothing more.
pub(super) const SOURCE_STOPPED: &str = "source_stopped";

/// Classes of children that ended without a document that tells of it: what they would have brought is not
/// known, so nothing is complete and nothing has vanished.
const GIVEN_UP: [&str; 3] = ["runner_lost", "timeout", "fault"];

/// Sums up a call whose children have all ended.
pub(super) async fn finish(session: &Session, call: &Call) -> Result<Answer, Failure> {
    let store = &call.world.store;
    let children = store.children(call.item).await?;
    let ended = async |classes: &[&str]| match children.failed {
        0 => Ok(0),
        _ => store.count_ended(call.item, classes).await,
    };
    let stopped = ended(&[SOURCE_STOPPED]).await?;
    let mut end = End { notes: Vec::new(), incomplete: false, given_up: ended(&GIVEN_UP).await? };
    if children.left_out > 0 {
        end.left_undone(
            children.left_out,
            "lie beyond the bounds of a run: raise max_documents to have them too",
        );
    }
    if stopped > 0 {
        end.left_undone(stopped, "were not made, as the source is to be asked no more in this run");
    }
    if end.given_up > 0 {
        end.left_undone(end.given_up, "were given up without an answer; `callboard dead` lists them");
    }
    let whole = !end.incomplete;
    let all = if whole { passes::ask(session, call).await? } else { Vec::new() };
    if let Some(answer) = passes::gone_on_with(session, &all) {
        return Ok(answer);
    }
    let mut all = all.into_iter();
    let mut sums = Reckoning::default();
    for origin in &session.origins {
        match all.next().flatten() {
            Some(next) => passes::end(session, call, origin, next, &mut end).await?,
            // It could not be told whether that was all: so it was not.
            None if passes::decides(origin) => {}
            None => sweep(session, call, origin, whole, &mut end).await?,
        }
        let own = store.reckon(call.run.id, Some(&origin.scope)).await?;
        // Where pages are missing, what was asked for may stand on these.
        if whole && own.documents.failed == 0 {
            unmet::tell(call, origin, &mut end).await?;
        }
        add(&mut sums, own);
    }
    end.incomplete |= sums.damaged;
    end.answer(&sums)
}

pub(super) struct End {
    notes: Vec<String>,
    incomplete: bool,
    /// Requests that ended without a document.
    given_up: u64,
}

impl End {
    fn left_undone(&mut self, requests: u64, why: &str) {
        self.notes.push(format!("{requests} requests {why}"));
        self.incomplete = true;
    }

    /// It was not all, and why.
    pub(super) fn is_short(&mut self, why: String) {
        self.notes.push(why);
        self.incomplete = true;
    }

    /// A sweep that would have taken too much did nothing.
    pub(super) fn refused(&mut self, what: &SweepScope, refused: Option<Shrink>) {
        if let Some(shrink) = refused {
            self.is_short(format!(
                "{}: only {} of {} known listings are still there; nothing was taken as vanished. If that is \
                 right, collect again with --max-shrink 1",
                what.scope, shrink.seen, shrink.known
            ));
        }
    }

    fn answer(self, sums: &Reckoning) -> Result<Answer, Failure> {
        let documents = sums.documents;
        if documents.failed > 0 && documents.fetched + documents.unchanged == 0 {
            let (input, error) = sums.failures.first().cloned().unwrap_or_default();
            let more = if documents.failed > 1 {
                format!(" (and {} more)", documents.failed - 1)
            } else {
                String::new()
            };
            return Err(Failure::lasting(
                "collect",
                format!("nothing could be read: {input}: {error}{more}"),
            ));
        }
        if self.given_up > 0 && documents.fetched + documents.unchanged == 0 {
            return Err(Failure::lasting(
                "collect",
                format!("nothing could be read: {}", self.notes.join("; ")),
            ));
        }
        let partial = match (documents.failed, self.incomplete) {
            (0, false) => None,
            (0, true) => Some(
                self.notes.first().cloned().unwrap_or_else(|| "a document is damaged in part".to_owned()),
            ),
            (failed, _) => Some(format!("{failed} documents failed")),
        };
        let output = output(sums, &self.notes, self.incomplete);
        Ok(Answer { partial, ..Answer::done(output) })
    }
}

/// What later steps see of a call.
fn output(sums: &Reckoning, notes: &[String], incomplete: bool) -> Value {
    let sum = |count: fn(&store::Counts) -> i64| sums.by_kind.values().map(count).sum::<i64>();
    let documents = sums.documents;
    json!({
        "documents": {
            "fetched": documents.fetched, "unchanged": documents.unchanged, "failed": documents.failed,
        },
        "records": {
            "read": sum(|c| c.read), "new": sum(|c| c.new), "changed": sum(|c| c.changed),
            "unchanged": sum(|c| c.unchanged), "quarantined": sums.quarantined.values().sum::<u64>(),
        },
        "notes": notes,
        "incomplete": incomplete,
    })
}

fn add(sums: &mut Reckoning, other: Reckoning) {
    sums.documents.fetched += other.documents.fetched;
    sums.documents.unchanged += other.documents.unchanged;
    sums.documents.failed += other.documents.failed;
    for (kind, counts) in other.by_kind {
        sums.by_kind.entry(kind).or_default().add(counts);
    }
    for (reason, count) in other.quarantined {
        *sums.quarantined.entry(reason).or_default() += count;
    }
    sums.failures.extend(other.failures);
    sums.damaged |= other.damaged;
}

/// What has not been seen of a complete scope has vanished: where every document was a complete list
/// and was read, or as many events were read as the source says it holds.
async fn sweep(
    session: &Session,
    call: &Call,
    origin: &Origin,
    whole: bool,
    end: &mut End,
) -> Result<(), Failure> {
    let covered = call.world.store.covered(call.run.id, &origin.scope).await?;
    if let Some(total) = covered.total.filter(|total| covered.events < *total) {
        end.notes.push(format!(
            "{}: the source says it holds {total}, {} were read; nothing counts as vanished",
            origin.scope, covered.events
        ));
    }
    let first = session.taker.is_first_run_of(&origin.scope);
    if !session.options.sweep || first || !is_complete(&covered, whole) {
        return Ok(());
    }
    for source in covered.sources {
        let (window, max_shrink) = (session.options.read.window, session.options.max_shrink);
        let what = SweepScope { source, scope: origin.scope.clone(), window, max_shrink };
        if !sweep_levels(call, origin, &what, end).await? {
            continue;
        }
        let swept = call.world.store.sweep(call.run.id, (call.world.clock)(), &what).await?;
        end.refused(&what, swept.refused);
    }
    Ok(())
}

/// Sweeps what is no event first, as the sweep of events forgets who stated what; false when it was refused.
async fn sweep_levels(
    call: &Call,
    origin: &Origin,
    what: &SweepScope,
    end: &mut End,
) -> Result<bool, Failure> {
    let levels = origin.connector.as_ref().map_or(&[][..], |connector| connector.levels());
    if levels.is_empty() {
        return Ok(true);
    }
    let swept = call.world.store.sweep_levels(call.run.id, (call.world.clock)(), levels, what).await?;
    let Some(shrink) = swept.refused else { return Ok(true) };
    end.is_short(format!(
        "{}: only {} of {} known rows of one level are still there; nothing was taken as vanished. If that is \
         right, run it again with a larger max_shrink",
        what.scope, shrink.seen, shrink.known
    ));
    Ok(false)
}

fn is_complete(covered: &Covered, whole: bool) -> bool {
    match covered.total {
        Some(total) => covered.events >= total,
        None => whole && covered.lists && !covered.missing,
    }
}

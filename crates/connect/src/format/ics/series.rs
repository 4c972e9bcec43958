//! A series: every VEVENT with one UID, as the occurrences it comes to inside a window. Overrides
//! replace, RDATE adds, EXDATE takes out, THISANDFUTURE moves the rest, the newest version counts.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDateTime, NaiveTime, TimeDelta};
use model::{When, Window};

use super::expand::{Span, expand};
use super::listing::{Length, Listing};
use super::remarks::Remarks;
use super::rule::Rule;

/// Occurrences of one series at most.
const PER_SERIES: usize = 10_000;

/// One event that takes place: which VEVENT describes it, and when it is.
#[derive(Debug)]
pub struct Occurrence<'l, 't, 's> {
    /// The VEVENT that describes it.
    pub listing: &'l Listing<'t, 's>,
    /// The VEVENT of the whole series, where that is another one.
    pub master: Option<&'l Listing<'t, 's>>,
    /// Its original local start, by which the series names it; `None` for an event of its own.
    pub name: Option<String>,
    /// When it begins.
    pub start: When,
    /// When it ends.
    pub end: Option<When>,
}

/// The VEVENTs of one UID, sorted into what they are.
struct Series<'l, 't, 's> {
    master: Option<&'l Listing<'t, 's>>,
    /// By the original local start of what they replace.
    overrides: BTreeMap<NaiveDateTime, &'l Listing<'t, 's>>,
    /// Those among them that change the later occurrences too.
    later: BTreeMap<NaiveDateTime, &'l Listing<'t, 's>>,
}

/// What the VEVENTs of one UID come to. An event of its own is kept whatever its date; occurrences
/// of a series are kept where they overlap `window`, at most `limit` of them.
pub fn occurrences<'l, 't, 's>(
    listings: &'l [Listing<'t, 's>],
    window: Window,
    limit: usize,
    remarks: &mut Remarks,
) -> Vec<Occurrence<'l, 't, 's>> {
    let series = Series::of(listings, remarks);
    let found = series.occurrences(window, limit.min(PER_SERIES), remarks);
    if found.is_empty() {
        remarks.outside_window();
    }
    found
}

impl<'l, 't, 's> Series<'l, 't, 's> {
    fn of(listings: &'l [Listing<'t, 's>], remarks: &mut Remarks) -> Series<'l, 't, 's> {
        let mut master = None;
        for listing in listings.iter().filter(|listing| listing.replaces.is_none()) {
            master = Some(newer(master, listing, remarks));
        }
        let mut overrides = BTreeMap::new();
        for listing in listings {
            let Some(replaced) = &listing.replaces else { continue };
            let name = replaced.within(&master.unwrap_or(listing).start);
            let kept = newer(overrides.get(&name).copied(), listing, remarks);
            overrides.insert(name, kept);
        }
        let later = overrides.iter().filter(|(_, listing)| listing.and_later);
        let later = later.map(|(name, listing)| (*name, *listing)).collect();
        Series { master, overrides, later }
    }

    fn occurrences(
        &self,
        window: Window,
        limit: usize,
        remarks: &mut Remarks,
    ) -> Vec<Occurrence<'l, 't, 's>> {
        let mut found = match self.master {
            Some(master) if master.repeats() => self.expanded(master, window, limit, remarks),
            Some(master) => self.single(master).into_iter().collect(),
            None => Vec::new(),
        };
        let single_start = self.master.filter(|master| !master.repeats()).map(|master| master.start.local);
        for (name, listing) in &self.overrides {
            if Some(*name) == single_start {
                continue;
            }
            let (local, own) = (listing.start.local, &listing.length);
            let occurrence = self.occurrence(listing, Some(*name), local, own);
            found.extend(Some(occurrence).filter(|occurrence| occurrence.overlaps(window)));
        }
        found
    }

    /// An event that does not repeat, in the version of its override if it has one.
    fn single(&self, master: &'l Listing<'t, 's>) -> Option<Occurrence<'l, 't, 's>> {
        let listing = self.overrides.get(&master.start.local).copied().unwrap_or(master);
        Some(self.occurrence(listing, None, listing.start.local, &listing.length))
    }

    /// The occurrences that no override replaces.
    fn expanded(
        &self,
        master: &'l Listing<'t, 's>,
        window: Window,
        limit: usize,
        remarks: &mut Remarks,
    ) -> Vec<Occurrence<'l, 't, 's>> {
        let Some(span) = self.span(master, window, limit) else { return Vec::new() };
        let (starts, mut cut) = starts(master, span);
        let mut found = Vec::new();
        for (name, added) in starts {
            if self.overrides.contains_key(&name) {
                continue;
            }
            let occurrence = match self.later_version(name) {
                Some((from, listing)) => self.moved(master, listing, name, from),
                None => {
                    let length = added.and_then(|at| master.added[at].1.as_ref()).unwrap_or(&master.length);
                    self.occurrence(master, Some(name), name, length)
                }
            };
            if found.len() >= limit {
                cut = true;
                break;
            }
            found.extend(Some(occurrence).filter(|occurrence| occurrence.overlaps(window)));
        }
        if cut {
            remarks.cut(master.component.line);
        }
        found
    }

    /// The local times among which occurrences can overlap the window: a day wider on both sides
    /// for zones, as much earlier as the event takes, and as much wider as overrides move it.
    fn span(&self, master: &Listing<'_, '_>, window: Window, limit: usize) -> Option<Span> {
        let mut reach = master.reach();
        let mut moved = TimeDelta::zero();
        for (name, listing) in &self.later {
            reach = reach.max(listing.reach());
            moved = moved.max((listing.start.within(&master.start) - *name).abs());
        }
        let day = Days::new(1);
        let from = window.from.checked_sub_days(day)?.and_time(NaiveTime::MIN);
        let to = window.to.checked_add_days(day)?.and_hms_opt(23, 59, 59)?;
        Some(Span { from: from.checked_sub_signed(reach + moved)?, to: to.checked_add_signed(moved)?, limit })
    }

    /// The THISANDFUTURE override in force for the occurrence called `name`.
    fn later_version(&self, name: NaiveDateTime) -> Option<(NaiveDateTime, &'l Listing<'t, 's>)> {
        self.later.range(..name).next_back().map(|(from, listing)| (*from, *listing))
    }

    /// An occurrence moved as far as the THISANDFUTURE override `listing` moved its own, `from`.
    fn moved(
        &self,
        master: &'l Listing<'t, 's>,
        listing: &'l Listing<'t, 's>,
        name: NaiveDateTime,
        from: NaiveDateTime,
    ) -> Occurrence<'l, 't, 's> {
        let shift = listing.start.within(&master.start) - from;
        let local = listing.start.clock.reading_of(name + shift, &master.start.clock);
        self.occurrence(listing, Some(name), local, &listing.length)
    }

    fn occurrence(
        &self,
        listing: &'l Listing<'t, 's>,
        name: Option<NaiveDateTime>,
        local: NaiveDateTime,
        length: &Length,
    ) -> Occurrence<'l, 't, 's> {
        let whole_day = self.master.unwrap_or(listing).start.whole_day;
        let format = if whole_day { "%Y%m%d" } else { "%Y%m%dT%H%M%S" };
        Occurrence {
            listing,
            master: self.master.filter(|master| !std::ptr::eq(*master, listing)),
            name: name.map(|name| name.format(format).to_string()),
            start: listing.start_at(local),
            end: listing.end_after(local, length),
        }
    }
}

impl Occurrence<'_, '_, '_> {
    /// True when any part of it lies inside the window, by local days. What ends at midnight does
    /// not reach into the day that begins then.
    fn overlaps(&self, window: Window) -> bool {
        let Some(first) = self.start.date else { return false };
        let last = self.end.as_ref().and_then(|end| match end.time {
            Some(NaiveTime::MIN) => end.date?.pred_opt(),
            _ => end.date,
        });
        first <= window.to && last.unwrap_or(first).max(first) >= window.from
    }
}

fn newer<'l, 't, 's>(
    kept: Option<&'l Listing<'t, 's>>,
    other: &'l Listing<'t, 's>,
    remarks: &mut Remarks,
) -> &'l Listing<'t, 's> {
    let Some(kept) = kept else { return other };
    let (winner, loser) = if other.version >= kept.version { (other, kept) } else { (kept, other) };
    remarks.superseded(loser.component.line);
    winner
}

/// The local starts of a series inside `span`, each with its place in `added` if it came from there;
/// and whether there were too many.
fn starts(master: &Listing<'_, '_>, span: Span) -> (BTreeMap<NaiveDateTime, Option<usize>>, bool) {
    let start = master.start.local;
    let mut starts = BTreeMap::new();
    let mut cut = false;
    let inside = |at: &NaiveDateTime| span.from <= *at && *at <= span.to;
    starts.extend(Some((start, None)).filter(|(at, _)| inside(at)));
    for rule in &master.rules {
        let occurrences = expand(rule, start, last(rule, master), span);
        cut |= occurrences.cut;
        starts.extend(occurrences.starts.into_iter().map(|at| (at, None)));
    }
    for (index, (moment, _)) in master.added.iter().enumerate() {
        let at = moment.within(&master.start);
        if inside(&at) {
            starts.insert(at, Some(index));
        }
    }
    for rule in &master.exclusion_rules {
        let occurrences = expand(rule, start, last(rule, master), span);
        starts.retain(|at, _| occurrences.starts.binary_search(at).is_err());
    }
    take_out(master, &mut starts);
    (starts, cut)
}

/// EXDATE. A date without a time takes out whatever starts on that day.
fn take_out(master: &Listing<'_, '_>, starts: &mut BTreeMap<NaiveDateTime, Option<usize>>) {
    let mut days = BTreeSet::new();
    for moment in &master.excluded {
        if moment.whole_day {
            days.insert(moment.local.date());
        } else {
            starts.remove(&moment.within(&master.start));
        }
    }
    if !days.is_empty() {
        starts.retain(|at, _| !days.contains(&at.date()));
    }
}

/// The last local time a rule of this series may give.
fn last(rule: &Rule, master: &Listing<'_, '_>) -> Option<NaiveDateTime> {
    if master.start.whole_day {
        return rule.last_day();
    }
    rule.last_time(|utc| master.start.clock.local(utc))
}

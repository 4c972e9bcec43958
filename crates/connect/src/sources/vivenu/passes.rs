//! When a list was read whole. What the source says it holds has to be what was seen; where rows moved
//! while they were paged over, the list is gone through again, and after a few times the reading is not
//! complete. What changes meanwhile is asked for at the end of each going through.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use model::Request;
use serde_json::Value;

use super::page::{Page, Place};
use super::part::Part;
use super::said;
use crate::connector::{Asked, Next, SoFar};

/// Goings through one list in one run.
const PASSES: u32 = 3;

/// What to do once everything that was asked for has come.
pub(super) fn next(part: Part, params: &BTreeMap<String, Value>, so_far: &SoFar) -> Next {
    let pages: Vec<(Page, &Asked)> =
        so_far.asked.iter().filter_map(|asked| Some((Page::of(&asked.request)?, asked))).collect();
    let Some(last) = pages.iter().map(|(page, _)| page.pass).max() else { return Next::Done };
    if !part.can_be_whole() {
        return Next::Done;
    }
    let of_pass: Vec<&(Page, &Asked)> = pages.iter().filter(|(page, _)| page.pass == last).collect();
    let Some((first, _)) = of_pass.first() else { return Next::Done };
    let pass = Pass { part, params, so_far, first, of_pass: &of_pass };
    let next = if first.whole { pass.whole() } else { pass.changes() };
    next.unwrap_or_else(Next::Short)
}

struct Pass<'a> {
    part: Part,
    params: &'a BTreeMap<String, Value>,
    so_far: &'a SoFar,
    first: &'a Page,
    of_pass: &'a [&'a (Page, &'a Asked)],
}

impl Pass<'_> {
    fn ask(&self, pages: Vec<Page>) -> Result<Next, String> {
        let url = self.part.url(self.params)?;
        Ok(Next::Ask(pages.into_iter().map(|page| page.request(url.clone())).collect::<Vec<Request>>()))
    }

    /// The total at the end; `None` where it was not asked for yet.
    fn total(&self) -> Option<Option<u64>> {
        self.of_pass.iter().find(|(page, _)| page.place == Place::Count).map(|(_, asked)| asked.total)
    }

    fn count(&self) -> Page {
        // A skip of its own makes it another address than that of an earlier pass.
        let skip = u64::from(self.first.pass - 1);
        Page { place: Place::Count, top: 1, skip, since: None, ..self.first.clone() }
    }

    /// What has changed was read: all is well when the source holds as many as are known by now.
    fn changes(&self) -> Result<Next, String> {
        match self.total() {
            None => self.ask(vec![self.count()]),
            Some(Some(total)) if total != self.so_far.known => {
                let began = said::written(self.so_far.now);
                self.ask(vec![Page { asked: began.clone(), began, ..self.first.again() }])
            }
            Some(_) => Ok(Next::Done),
        }
    }

    /// The whole list was gone through: all is well when as many were seen as the source holds.
    fn whole(&self) -> Result<Next, String> {
        let Some(total) = self.total() else { return self.ask(self.closing()) };
        let seen = self.so_far.seen;
        match total {
            None => Ok(Next::Whole),
            Some(total) if total == seen => Ok(Next::Whole),
            Some(_) if self.first.pass < PASSES => self.ask(vec![self.first.again()]),
            Some(total) => Ok(Next::Short(format!(
                "the source says that it holds {total} {}, and lists {seen}, after {PASSES} goings through: \
                 nothing counts as vanished, and all of them are asked for again the next time",
                self.part.name().replace('_', " ")
            ))),
        }
    }

    /// The total, and what changed while the list was gone through; a list of one page does not change
    /// while it is read.
    fn closing(&self) -> Vec<Page> {
        let mut pages = vec![self.count()];
        let newest = self.of_pass.iter().find_map(|(page, _)| said::parse(page.newest.as_deref()?));
        if let Some(newest) = newest.filter(|_| self.part.has_changes()) {
            // Each pass asks from another instant on, so that it is another address.
            let since = Some(said::written(newest - TimeDelta::milliseconds(self.first.pass.into())));
            let place = Place::First;
            pages.push(Page { since, skip: 0, place, newest: None, ..self.first.clone() });
        }
        pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    struct Source {
        total: u64,
        seen: u64,
        known: u64,
    }

    /// Goes on from `first` until the list is done, and says how it ended and after how many requests.
    fn check(part: Part, first: Page, source: &Source, expected: (&str, usize)) {
        let params = BTreeMap::from([("base_url".to_owned(), json!("https://vivenu.com/api"))]);
        let url = part.url(&params).unwrap_or_else(|error| panic!("{error}"));
        let mut so_far = SoFar {
            asked: Vec::new(),
            seen: source.seen,
            known: source.known,
            now: chrono::DateTime::UNIX_EPOCH,
        };
        let mut open = vec![first.request(url)];
        let ended = loop {
            for request in open.drain(..) {
                let total =
                    (Page::of(&request).is_some_and(|page| page.since.is_none())).then_some(source.total);
                assert!(so_far.asked.iter().all(|asked| asked.request.url != request.url), "{}", request.url);
                so_far.asked.push(Asked { request, total, failed: false });
            }
            match next(part, &params, &so_far) {
                Next::Ask(requests) => open = requests,
                Next::Whole => break "whole",
                Next::Done => break "done",
                Next::Short(_) => break "short",
            }
        };
        assert_eq!((ended, so_far.asked.len()), expected);
    }

    fn page(whole: bool) -> Page {
        let since = (!whole).then(|| "2026-04-30T00:00:00.000Z".to_owned());
        let (part, began) = ("tickets".to_owned(), "2026-05-01T00:00:00.000Z".to_owned());
        let (asked, newest) = (began.clone(), Some("2026-04-30T23:00:00.000Z".to_owned()));
        Page { part, pass: 1, whole, began, asked, newest, since, top: 1000, skip: 0, place: Place::First }
    }

    #[test]
    fn a_list_is_whole_when_as_many_were_seen_as_there_are() {
        check(Part::Tickets, page(true), &Source { total: 5, seen: 5, known: 5 }, ("whole", 3));
        let short = Page { newest: None, ..page(true) };
        check(Part::Tickets, short, &Source { total: 5, seen: 5, known: 5 }, ("whole", 2));
        check(Part::Coupons, page(true), &Source { total: 5, seen: 5, known: 5 }, ("whole", 2));
    }

    #[test]
    fn fault_6_a_list_that_never_agrees_is_not_complete() {
        check(Part::Tickets, page(true), &Source { total: 6, seen: 5, known: 5 }, ("short", 7));
        check(Part::Tickets, page(true), &Source { total: 4, seen: 5, known: 5 }, ("short", 7));
    }

    #[test]
    fn what_has_changed_is_enough_where_the_number_agrees() {
        check(Part::Tickets, page(false), &Source { total: 5, seen: 1, known: 5 }, ("done", 2));
    }

    #[test]
    fn fault_10_what_went_without_a_word_is_found_by_the_number() {
        check(Part::Tickets, page(false), &Source { total: 4, seen: 4, known: 5 }, ("whole", 4));
    }
}

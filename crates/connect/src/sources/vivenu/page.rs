//! A page of a list, as it is asked for. Offsets move while they are paged over, as sales go on: pages
//! overlap, so that a row which slides from one page to the next is in either of them, and whoever reads
//! them counts what they hold against what the source says it holds.

use model::Request;
use serde::{Deserialize, Serialize};
use url::Url;

/// Rows of one page at least. What is too much for the source in smaller pages is too much for it.
const SMALLEST: u64 = 10;

/// One in so many rows of a page is on the next one too.
const OVERLAP: u64 = 50;

/// What is asked for, and handed back with the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Page {
    /// The list.
    pub part: String,
    /// Which going through of the list it belongs to, from 1.
    pub pass: u32,
    /// It belongs to a going through of the whole list, not of what has changed alone.
    pub whole: bool,
    /// When the last going through of the whole list began.
    pub began: String,
    /// When it was decided to ask for it.
    pub asked: String,
    /// The latest change that the first page of its list told of: what has changed since the list was begun
    /// has changed later than that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<String>,
    /// Only what has changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Rows.
    pub top: u64,
    /// Rows before it.
    pub skip: u64,
    /// Which of the pages it is.
    pub place: Place,
}

/// Which of the pages it is, and so what follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Place {
    /// The first one, which knows how many there are: all others follow from it.
    First,
    /// One of those between, up to this row.
    Middle(u64),
    /// The last one, as far as the source said.
    Last,
    /// One row, for the sake of the total.
    Count,
}

impl Page {
    /// As a request for the list at `url`.
    pub(super) fn request(&self, mut url: Url) -> Request {
        if let Some(since) = &self.since {
            url.query_pairs_mut().append_pair("updatedAt[$gte]", since);
        }
        let numbers = [("top", self.top), ("skip", self.skip)];
        for (name, number) in numbers {
            url.query_pairs_mut().append_pair(name, &number.to_string());
        }
        let step = if self.place == Place::Count { "count" } else { "page" };
        let context = serde_json::to_value(self).unwrap_or_default();
        Request { step: step.to_owned(), context, ..Request::get(url) }
    }

    /// The page that a request asks for.
    pub(super) fn of(request: &Request) -> Option<Page> {
        serde_json::from_value(request.context.clone()).ok()
    }

    /// From where the next page goes on.
    fn step(&self) -> u64 {
        (self.top - self.top / OVERLAP).max(1)
    }

    fn at(&self, skip: u64, place: Place) -> Page {
        Page { skip, place, ..self.clone() }
    }

    /// The pages that follow from this one, which held `rows` of the `total` that the source says it has.
    pub(super) fn following(&self, rows: u64, total: Option<u64>) -> Vec<Page> {
        let (next, full) = (self.skip + self.step(), rows >= self.top);
        match self.place {
            Place::First => match total {
                Some(total) if total > self.top => self.rest(total),
                _ if full && total != Some(rows) => vec![self.at(next, Place::Last)],
                _ => Vec::new(),
            },
            // A page that was made smaller goes on up to where the larger one would have ended.
            Place::Middle(until) if self.skip + self.top < until => {
                vec![self.at(next, Place::Middle(until))]
            }
            // There is more than was said.
            Place::Last if full && total != Some(self.skip + rows) => vec![self.at(next, Place::Last)],
            _ => Vec::new(),
        }
    }

    /// All pages after the first.
    fn rest(&self, total: u64) -> Vec<Page> {
        let mut pages = Vec::new();
        let mut skip = self.skip + self.step();
        while skip + self.top < total {
            pages.push(self.at(skip, Place::Middle(skip + self.top)));
            skip += self.step();
        }
        pages.push(self.at(skip, Place::Last));
        pages
    }

    /// Half of it, where it is not too small for that.
    pub(super) fn smaller(&self) -> Option<Page> {
        let top = (self.top / 2).max(SMALLEST);
        (self.place != Place::Count && top < self.top).then(|| Page { top, ..self.clone() })
    }

    /// The first page of the next going through. A slightly smaller page makes its addresses new ones.
    pub(super) fn again(&self) -> Page {
        let top = self.top.saturating_sub(u64::from(self.pass)).max(SMALLEST);
        let (pass, place) = (self.pass + 1, Place::First);
        Page { pass, place, top, skip: 0, since: None, newest: None, whole: true, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn first(top: u64) -> Page {
        let (part, began) = ("tickets".to_owned(), "2026-05-01T00:00:00.000Z".to_owned());
        let (asked, since, newest) = (began.clone(), None, None);
        Page { part, pass: 1, whole: true, began, asked, newest, since, top, skip: 0, place: Place::First }
    }

    /// Every row that pages of such sizes hold, where the source has `total` and says `said`, and cannot give
    /// more than `most` at once.
    fn held(top: u64, total: u64, said: Option<u64>, most: u64) -> BTreeSet<u64> {
        let (mut open, mut held) = (vec![first(top)], BTreeSet::new());
        while let Some(page) = open.pop() {
            if page.top > most {
                open.extend(page.smaller());
                continue;
            }
            let rows = total.saturating_sub(page.skip).min(page.top);
            held.extend(page.skip..page.skip + rows);
            open.extend(page.following(rows, said));
        }
        held
    }

    #[test]
    fn fault_9_all_pages_of_a_list_are_read_however_large_they_may_be() {
        for total in [0, 1, 24, 25, 26, 999, 1000, 1001, 1980, 2500, 6021] {
            for most in [10, 130, 333, 1000] {
                let held = held(1000, total, Some(total), most);
                assert_eq!(held.len() as u64, total, "{total} rows in pages of {most}");
            }
            assert_eq!(held(1000, total, None, 1000).len() as u64, total, "a bare list of {total}");
        }
    }

    #[test]
    fn a_total_that_says_too_little_is_not_believed() {
        assert_eq!(held(100, 950, Some(420), 100).len(), 950);
        assert_eq!(held(100, 950, Some(1), 100).len(), 950);
    }

    #[test]
    fn neighbouring_pages_share_rows() {
        let pages = first(1000).following(1000, Some(2500));
        let shown: Vec<(u64, Place)> = pages.iter().map(|page| (page.skip, page.place)).collect();
        assert_eq!(shown, [(980, Place::Middle(1980)), (1960, Place::Last)]);
    }

    #[test]
    fn page_shrinking_ends_at_ten_rows() {
        let mut page = first(1000);
        let mut sizes = Vec::new();
        while let Some(smaller) = page.smaller() {
            sizes.push(smaller.top);
            page = smaller;
        }
        assert_eq!(sizes, [500, 250, 125, 62, 31, 15, 10]);
    }

    #[test]
    fn a_page_comes_back_with_its_answer() {
        let page = Page { since: Some("2026-05-01T00:00:00.000Z".to_owned()), ..first(1000) };
        let url = Url::parse("https://vivenu.com/api/tickets?event=e1").expect("an address");
        let request = page.request(url);
        assert_eq!(Page::of(&request).as_ref(), Some(&page));
        let asked: Vec<(String, String)> = request.url.query_pairs().into_owned().collect();
        assert!(asked.contains(&("updatedAt[$gte]".to_owned(), "2026-05-01T00:00:00.000Z".to_owned())));
    }
}

//! The listings as they stand, and everything rendered from them. Pages are rendered once and served
//! from memory, so that a benchmark measures its crawler and not the sandbox.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Bytes;
use chrono::{DateTime, TimeDelta, Utc};

use super::generate::{listings, price};
use super::listing::{Listing, Time};
use super::{Edit, Mutation, SandboxOptions, Status, Upstream, calendar, site};
use crate::dice::Dice;

/// What is served.
#[derive(Debug)]
pub(crate) struct World {
    listings: Vec<Listing>,
    dice: Dice,
    changed_at: DateTime<Utc>,
    calendar: Page,
    site: HashMap<String, Page>,
}

/// A body with its validators.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub body: Bytes,
    pub etag: String,
    pub last_modified: String,
}

impl Page {
    fn new(body: String, changed_at: DateTime<Utc>) -> Page {
        let mut hasher = DefaultHasher::new();
        body.hash(&mut hasher);
        Page {
            body: Bytes::from(body),
            etag: format!("\"{:016x}\"", hasher.finish()),
            last_modified: changed_at.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
        }
    }
}

impl World {
    pub fn new(options: &SandboxOptions) -> World {
        let mut world = World {
            listings: listings(options),
            dice: Dice::new(options.seed ^ 0x5eed),
            changed_at: options.now - TimeDelta::days(1),
            calendar: Page::new(String::new(), options.now),
            site: HashMap::new(),
        };
        world.render();
        world
    }

    pub fn listings(&self) -> &[Listing] {
        &self.listings
    }

    pub fn of(&self, upstream: Upstream) -> impl Iterator<Item = &Listing> {
        self.listings.iter().filter(move |listing| listing.upstream == upstream)
    }

    pub fn calendar(&self) -> Page {
        self.calendar.clone()
    }

    pub fn page(&self, path: &str) -> Option<Page> {
        self.site.get(path).cloned()
    }

    /// Removes some and edits others. Series stay as they are: one of them is many events.
    pub fn mutate(&mut self, edits: usize, removals: usize) -> Mutation {
        self.changed_at += TimeDelta::hours(1);
        let mut mutation = Mutation::default();
        for _ in 0..removals {
            let Some(at) = self.choose(&mutation) else { break };
            let gone = self.listings.remove(at);
            mutation.removed.push((gone.upstream, gone.id));
        }
        for _ in 0..edits {
            let Some(at) = self.choose(&mutation) else { break };
            let listing = &mut self.listings[at];
            let field = edit(listing, &mut self.dice);
            let (upstream, id) = (listing.upstream, listing.id.clone());
            mutation.edited.push(Edit { upstream, id, fields: vec![field] });
        }
        self.render();
        mutation
    }

    /// Any single event that was not yet edited.
    fn choose(&mut self, so_far: &Mutation) -> Option<usize> {
        let edited = |listing: &Listing| {
            so_far.edited.iter().any(|edit| edit.upstream == listing.upstream && edit.id == listing.id)
        };
        let free: Vec<usize> = (0..self.listings.len())
            .filter(|at| self.listings[*at].repeats.is_none() && !edited(&self.listings[*at]))
            .collect();
        free.get(self.dice.below(free.len())).copied()
    }

    /// Pages keep their markup for life: it follows from the number in their address.
    fn render(&mut self) {
        let changed_at = self.changed_at;
        self.calendar = Page::new(calendar::render(self.of(Upstream::Calendar), changed_at), changed_at);
        let mut pages: HashMap<String, Page> = HashMap::new();
        for listing in self.of(Upstream::Site) {
            let number = listing.id.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or(0);
            pages.insert(listing.id.clone(), Page::new(site::event(listing, number), changed_at));
        }
        let index = Page::new(site::index(self.of(Upstream::Site)), changed_at);
        pages.extend([("/".to_owned(), index.clone()), ("/events".to_owned(), index)]);
        self.site = pages;
    }
}

/// Changes one field that the upstream shows.
fn edit(listing: &mut Listing, dice: &mut Dice) -> &'static str {
    match (dice.below(4), listing.time) {
        (0, Time::Clock { start, minutes }) => {
            listing.time = Time::Clock { start: start + TimeDelta::days(7), minutes };
            "start"
        }
        (1, _) if listing.price.is_some() => {
            let before = listing.price.clone();
            while listing.price == before {
                listing.price = price(listing.city, dice);
            }
            "price"
        }
        (2, _) if listing.status != Status::Cancelled => {
            listing.status = Status::Cancelled;
            "status"
        }
        _ => {
            listing.title.push_str(" (extra tickets)");
            "title"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::TruthEvent;
    use super::*;

    fn options() -> SandboxOptions {
        SandboxOptions::new(7, "2026-11-22T12:00:00Z".parse().expect("an instant"))
    }

    fn truth(world: &World) -> Vec<TruthEvent> {
        world.listings().iter().flat_map(Listing::truth).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_world() {
        let (one, two) = (World::new(&options()), World::new(&options()));
        assert_eq!(truth(&one), truth(&two));
        assert_eq!(one.calendar().body, two.calendar().body);
        let other = World::new(&SandboxOptions { seed: 8, ..options() });
        assert_ne!(truth(&one), truth(&other));
    }

    #[test]
    fn all_that_is_listed_lies_in_the_window_and_is_varied() {
        let all = truth(&World::new(&options()));
        let now = options().now;
        let start = |event: &TruthEvent| event.start_date;
        assert!(all.iter().all(|e| start(e) >= (now - TimeDelta::days(29)).date_naive()));
        assert!(all.iter().all(|e| start(e) <= (now + TimeDelta::days(364)).date_naive()));
        for status in [Status::Scheduled, Status::SoldOut, Status::Cancelled] {
            assert!(all.iter().any(|e| e.status == status), "{status:?}");
        }
        assert!(all.iter().any(|e| e.all_day) && all.iter().any(|e| e.timezone == "Asia/Tokyo"));
    }

    #[test]
    fn the_calendar_is_well_formed_text() {
        let body = World::new(&options()).calendar().body;
        let text = std::str::from_utf8(&body).expect("UTF-8");
        assert!(text.ends_with("END:VCALENDAR\r\n"));
        assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')));
        assert_eq!(text.matches("BEGIN:VEVENT").count(), text.matches("END:VEVENT").count());
        for part in ["RRULE:", "EXDATE;", "RECURRENCE-ID;", "STATUS:CANCELLED", ";VALUE=DATE:"] {
            assert!(text.contains(part), "{part}");
        }
    }

    #[test]
    fn a_mutation_tells_exactly_what_differs() {
        let mut world = World::new(&options());
        let before = world.listings().to_vec();
        let etag = world.calendar().etag;
        let mutation = world.mutate(12, 5);
        assert_eq!((mutation.edited.len(), mutation.removed.len()), (12, 5));
        let mut differing = Vec::new();
        for old in &before {
            let key = (old.upstream, old.id.clone());
            match world.listings().iter().find(|new| (new.upstream, &new.id) == (key.0, &key.1)) {
                None => assert!(mutation.removed.contains(&key), "{key:?} is gone and untold"),
                Some(new) if new.truth() != old.truth() => differing.push(key),
                Some(_) => {}
            }
        }
        assert_eq!(differing.len(), 12);
        assert!(mutation.edited.iter().all(|edit| differing.contains(&(edit.upstream, edit.id.clone()))));
        let of_calendar = |id: Upstream| id == Upstream::Calendar;
        let touched = mutation.edited.iter().any(|e| of_calendar(e.upstream))
            || mutation.removed.iter().any(|r| of_calendar(r.0));
        assert_eq!(touched, world.calendar().etag != etag);
    }
}

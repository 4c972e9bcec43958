//! Whatever happens in whatever order, every document that the cache would serve once it has caught up is
//! the one that the store would give.

use chrono::TimeDelta;
use model::{Event, Record, Venue};

use super::*;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// Some day of a month, most of it inside the window.
    fn day(&mut self) -> NaiveDate {
        day("2026-03-05") + TimeDelta::days(self.roll(30) as i64)
    }

    fn event(&mut self) -> Record {
        let start = self.day();
        let end = (self.roll(3) == 0).then(|| start + TimeDelta::days(self.roll(4) as i64));
        let at = |day: NaiveDate| on(&day.to_string());
        let mut fields = Event {
            title: format!("T{}", self.roll(3)).into(),
            start: at(start).into(),
            end: end.map_or(Stated::Empty, |end| Stated::Value(at(end))),
            venue: format!("v{}", self.roll(3)).into(),
            ..Event::default()
        };
        // A page may state an end alone, or no time at all.
        match self.roll(8) {
            0 => fields.start = Stated::Unstated,
            1 => (fields.start, fields.end) = (Stated::Unstated, Stated::Unstated),
            2 => fields.end = Stated::Unstated,
            _ => {}
        }
        Record::new(format!("e{}", self.roll(12)), fields)
    }

    fn venue(&mut self) -> Record {
        let fields = Venue { name: format!("Hall {}", self.roll(3)).into(), ..Venue::default() };
        Record::new(format!("v{}", self.roll(3)), fields)
    }

    fn records(&mut self) -> Vec<Record> {
        (0..1 + self.roll(4)).map(|_| if self.roll(5) == 0 { self.venue() } else { self.event() }).collect()
    }
}

#[tokio::test]
async fn a_cache_that_has_caught_up_says_what_the_store_says() {
    for seed in 0..12 {
        for cache in caches() {
            let mut desk = Desk::new(cache).await;
            // Many days lie beyond it: they have documents only where somebody asked.
            desk.days.ahead = 8;
            let mut dice = Dice(seed);
            desk.days.catch_up().await.unwrap();
            let mut late = None;
            for step in 0..40 {
                match dice.roll(10) {
                    0 => _ = desk.collect_all(dice.records()).await,
                    1 => {
                        desk.pass(TimeDelta::hours(i64::try_from(dice.roll(20)).unwrap()));
                        desk.purge().await;
                    }
                    2 => _ = desk.days.day(dice.day()).await.unwrap(),
                    // Read now, written when it may be too late.
                    3 => late = Some(desk.days.document(dice.day()).await.unwrap()),
                    4 => {
                        if let Some(late) = late.take() {
                            desk.days.cache.put(late).await.unwrap();
                        }
                    }
                    _ => desk.collect(dice.records()).await,
                }
                if dice.roll(3) == 0 {
                    desk.days.catch_up().await.unwrap();
                    same(&desk, &format!("seed {seed}, step {step}, {}", desk.days.cache.name())).await;
                }
            }
        }
    }
}

async fn same(desk: &Desk, at: &str) {
    for day in days(Window { from: day("2026-03-01"), to: day("2026-04-15") }) {
        let Some(held) = desk.days.served(day).await.unwrap() else { continue };
        let fresh = desk.days.document(day).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&held.body), String::from_utf8_lossy(&fresh.body), "{at}: {day}");
    }
}

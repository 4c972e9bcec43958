//! Finds dates and clock times in running text: one pass over its tokens, longest pattern first.

mod clock;
mod day;
mod token;

use chrono::{NaiveTime, Weekday};
use model::{Clock, Zone};

use super::Order;
use super::words;
use super::year::Written;
use clock::{Meridiem, Time};
use token::{Token, tokens};

/// What one text says.
#[derive(Debug)]
pub(super) struct Found {
    /// At most two: the second one ends a range.
    pub(super) dates: Vec<Written>,
    pub(super) start: Option<NaiveTime>,
    pub(super) end: Option<NaiveTime>,
    pub(super) zone: Zone,
    pub(super) to_be_announced: bool,
    all_day: bool,
}

impl Found {
    /// How far the time is known where none was written.
    pub(super) fn clock(&self) -> Clock {
        match (self.to_be_announced, self.all_day) {
            (true, _) => Clock::ToBeAnnounced,
            (_, true) => Clock::AllDay,
            _ => Clock::Unstated,
        }
    }
}

/// Texts longer than this hold prose, not a date line; the rest is not looked at.
const MOST_TOKENS: usize = 4_000;

pub(super) fn scan(text: &str, order: Order) -> Found {
    let tokens = tokens(text, MOST_TOKENS);
    let mut scanner = Scanner { tokens: &tokens, order, dates: Vec::new(), times: Vec::new(), zone: None };
    scanner.run();
    let (start, end) = clock::settle(&scanner.times);
    Found {
        start,
        end,
        zone: scanner.zone.unwrap_or(Zone::Floating),
        to_be_announced: says_any(
            &tokens,
            &[&["tbd"], &["tba"], &["tbc"], &["to", "be", "announced"], &["to", "be", "determined"]],
        ),
        all_day: says_any(
            &tokens,
            &[&["all", "day"], &["all", "-", "day"], &["ganztagig"], &["todo", "el", "dia"]],
        ),
        dates: scanner.dates,
    }
}

fn says_any(tokens: &[Token], phrases: &[&[&str]]) -> bool {
    let is = |token: &Token, word: &str| token.is(word);
    phrases.iter().any(|phrase| {
        tokens.windows(phrase.len()).any(|window| window.iter().zip(*phrase).all(|(t, word)| is(t, word)))
    })
}

struct Scanner<'a> {
    tokens: &'a [Token],
    order: Order,
    dates: Vec<Written>,
    times: Vec<Time>,
    zone: Option<Zone>,
}

impl Scanner<'_> {
    fn run(&mut self) {
        let mut weekday: Option<(Weekday, usize)> = None;
        let mut at = 0;
        while at < self.tokens.len() {
            let rest = &self.tokens[at..];
            if let Some(day) = rest[0].word().and_then(words::weekday) {
                weekday = Some((day, at));
                at += 1;
            } else if let Some((dates, length)) = day::read(rest, self.order) {
                let near = weekday.take().filter(|(_, seen)| at - seen <= 3);
                self.take_dates(&dates, near.map(|(day, _)| day), at);
                at += length;
            } else if let Some((time, length)) = clock::read(rest) {
                self.take_time(time, at);
                let machine_made = length >= 5 || at > 0 && self.tokens[at - 1].is("t");
                at += length;
                at += self.take_offset(at, machine_made);
            } else {
                at += 1;
            }
        }
    }

    fn take_dates(&mut self, dates: &[Written], weekday: Option<Weekday>, at: usize) {
        match self.dates.len() {
            0 => {
                self.dates.extend_from_slice(dates);
                self.dates[0].weekday = weekday;
            }
            1 if self.follows_joiner(at) => {
                self.dates.push(dates[0]);
                self.dates[1].weekday = weekday;
            }
            _ => {}
        }
    }

    /// The first time starts; one that a joining word ties to it, or that stands with the second date,
    /// ends.
    fn take_time(&mut self, time: Time, at: usize) {
        let ends = self.times.len() == 1 && (self.follows_joiner(at) || self.dates.len() == 2);
        if self.times.is_empty() || ends {
            self.times.push(time);
        }
    }

    /// True when a joining word stands before `at`, with at most a weekday and commas between.
    fn follows_joiner(&self, at: usize) -> bool {
        let mut before = self.tokens[..at].iter().rev();
        before
            .find(|token| {
                !(token.is(",") || token.is(".") || token.word().and_then(words::weekday).is_some())
            })
            .is_some_and(|token| words::joins_range(token.text()))
    }

    /// An offset from UTC right after a time: `Z`, `UTC`, `-05:00`, `-0500`.
    fn take_offset(&mut self, at: usize, machine_made: bool) -> usize {
        let Some((zone, length)) = clock::offset(&self.tokens[at..], machine_made) else { return 0 };
        self.zone.get_or_insert(zone);
        length
    }
}

/// What a meridiem word says, once it is read.
fn meridiem(tokens: &[Token]) -> Option<(Meridiem, usize)> {
    let first = tokens.first()?.word()?;
    match first {
        "am" => Some((Meridiem::Am, 1)),
        "pm" => Some((Meridiem::Pm, 1)),
        "a" | "p" => {
            let half = if first == "a" { Meridiem::Am } else { Meridiem::Pm };
            let dotted = tokens.get(1).is_some_and(|t| t.is(".") || t.is(","));
            let m = 1 + usize::from(dotted);
            if tokens.get(m).is_some_and(|t| t.is("m")) {
                return Some((half, m + 1));
            }
            // "5p", "10:30a": only when glued to the number.
            tokens[0].glued().then_some((half, 1))
        }
        _ => None,
    }
}

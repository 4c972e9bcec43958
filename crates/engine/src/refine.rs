//! Between reading and keeping: normalise what a document states, and gate what cannot be trusted.
//! Pure; every rule here is small, named, and says in a note what it did.

mod gate;
mod normalise;

use model::{Note, Record, Rejected};

/// Records fit to be kept, and the others with the reason why not.
#[derive(Debug, Default)]
pub struct Refined {
    /// What goes into the store.
    pub records: Vec<Record>,
    /// What goes into quarantine.
    pub quarantined: Vec<Quarantined>,
    /// What was put right on the way.
    pub notes: Vec<Note>,
}

/// A listing that is kept aside, with the class of its fault.
#[derive(Debug, PartialEq)]
pub struct Quarantined {
    /// Source key, where the listing has one.
    pub key: Option<String>,
    /// The fault and what was said.
    pub rejected: Rejected,
}

/// Normalises and gates the records of one reading.
pub fn refine(records: Vec<Record>, rejected: Vec<Rejected>) -> Refined {
    let mut refined = Refined::default();
    let aside = |rejected: Rejected| Quarantined { key: rejected.key.clone(), rejected };
    refined.quarantined.extend(rejected.into_iter().map(aside));
    let mut repairs = normalise::Repairs::default();
    for mut record in normalise::zones_from_venues(records) {
        normalise::record(&mut record, &mut repairs);
        match gate::fault(&record) {
            None => refined.records.push(record),
            Some((reason, detail)) => refined.quarantined.push(Quarantined {
                rejected: Rejected {
                    key: Some(record.key.clone()),
                    reason: reason.to_owned(),
                    detail,
                    said: record.to_json(),
                },
                key: Some(record.key),
            }),
        }
    }
    let orphans = drop_orphan_offers(&mut refined);
    if orphans > 0 {
        repairs.note(orphans, "offers left out with their quarantined event");
    }
    refined.notes = repairs.into_notes();
    refined
}

/// Offers of an event that is quarantined go with it: they would hang on nothing.
fn drop_orphan_offers(refined: &mut Refined) -> usize {
    if refined.quarantined.is_empty() {
        return 0;
    }
    let held: std::collections::HashSet<&str> =
        refined.quarantined.iter().filter_map(|q| q.key.as_deref()).collect();
    let before = refined.records.len();
    refined.records.retain(|record| {
        !record
            .as_offer()
            .and_then(|offer| offer.event.value())
            .is_some_and(|key| held.contains(key.as_str()))
    });
    before - refined.records.len()
}

#[cfg(test)]
mod tests {
    use model::{Clock, Event, Offer, Stated, Venue, When, Zone};

    use super::*;

    fn on(day: &str) -> When {
        When::on_date(day, day.parse().expect("test date"), Clock::AllDay, Zone::Floating)
    }

    fn check(event: Event, expected: Option<&str>) {
        let refined = refine(vec![Record::new("k", event)], Vec::new());
        let reason = refined.quarantined.first().map(|q| q.rejected.reason.as_str());
        assert_eq!(reason, expected, "{:?}", refined.quarantined);
        assert_eq!(refined.records.len() + refined.quarantined.len(), 1);
    }

    #[test]
    fn gates_name_their_reason() {
        let good = Event { title: "Gala".into(), start: on("2026-05-01").into(), ..Event::default() };
        check(good.clone(), None);
        check(Event { title: Stated::Unstated, ..good.clone() }, Some("missing_title"));
        check(Event { start: Stated::Unstated, ..good.clone() }, Some("missing_start"));
        check(Event { start: When::unreadable("soonish").into(), ..good.clone() }, Some("unusable_time"));
        check(Event { start: on("0001-01-01").into(), ..good }, Some("implausible_date"));
    }

    #[test]
    fn a_floating_start_takes_the_zone_of_its_venue() {
        let venue = Venue { timezone: "America/Denver".into(), ..Venue::default() };
        let start = When::at_local("x", "2026-05-01T19:00:00".parse().expect("test time"), Zone::Floating);
        let event = Event { title: "G".into(), venue: "v".into(), start: start.into(), ..Event::default() };
        let refined = refine(vec![Record::new("v", venue), Record::new("e", event)], Vec::new());
        let event = refined.records[1].as_event().expect("the event");
        assert_eq!(event.timezone.value().map(String::as_str), Some("America/Denver"));
        let instant = event.start.value().and_then(When::instant).map(|t| t.to_rfc3339());
        assert_eq!(instant.as_deref(), Some("2026-05-01T19:00:00-06:00"));
    }

    #[test]
    fn an_end_past_midnight_moves_to_the_next_day_and_an_impossible_one_is_left_out() {
        let at = |t: &str| When::at_local(t, t.parse().expect("test time"), Zone::Floating);
        let end_of = |start: &str, end: &str| {
            let event =
                Event { title: "G".into(), start: at(start).into(), end: at(end).into(), ..Event::default() };
            let refined = refine(vec![Record::new("e", event)], Vec::new());
            let end = refined.records[0].as_event().and_then(|e| e.end.value()?.local());
            (end.map(|t| t.to_string()), refined.notes.len())
        };
        let (end, notes) = end_of("2026-05-01T22:00:00", "2026-05-01T02:00:00");
        assert_eq!((end.as_deref(), notes), (Some("2026-05-02 02:00:00"), 1));
        assert_eq!(end_of("2026-05-01T22:00:00", "2026-04-01T02:00:00"), (None, 1));
    }

    #[test]
    fn links_are_a_list_however_they_are_told() {
        let check = |told: serde_json::Value, expected: serde_json::Value| {
            let event = Event {
                title: "G".into(),
                start: on("2026-05-01").into(),
                links: told.into(),
                ..Event::default()
            };
            let refined = refine(vec![Record::new("e", event)], Vec::new());
            let links = refined.records[0].as_event().and_then(|event| event.links.value().cloned());
            assert_eq!(links, Some(expected));
        };
        let agenda = serde_json::json!({"title": "Agenda", "url": "https://x.test/a"});
        check(agenda.clone(), serde_json::json!([agenda]));
        check("https://x.test/a".into(), serde_json::json!([{"url": "https://x.test/a"}]));
        check(serde_json::json!([agenda]), serde_json::json!([agenda]));
    }

    #[test]
    fn offers_go_with_their_quarantined_event() {
        let offer = Offer { event: "e".into(), ..Offer::default() };
        let refined = refine(vec![Record::new("e", Event::default()), Record::new("o", offer)], Vec::new());
        assert_eq!((refined.records.len(), refined.quarantined.len()), (0, 1));
    }
}

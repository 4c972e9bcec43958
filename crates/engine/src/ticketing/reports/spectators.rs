//! The spectator report.

use super::{Parts, View};
use crate::ticketing::report::{Cell, Section};
use crate::ticketing::spectators::by_day;

pub(super) fn parts(view: &View<'_>) -> Parts {
    let columns = [("day", "Day"), ("pass", "Pass"), ("sold", "Sold")];
    let counts = "tickets; a pass for several days is one";
    let mut section = Section::new("spectators", "Spectators", counts, &columns);
    let days = by_day(view.board.sold());
    let total: u64 = days.iter().map(|count| count.tickets).sum();
    for count in days {
        section.row(vec![count.day.into(), count.pass.into(), count.tickets.into()]);
    }
    section.row(vec!["Total".into(), Cell::Nothing, total.into()]);
    Parts { facts: Vec::new(), sections: vec![section] }
}

//! The report on coupons.

use model::Kind;

use super::{Parts, View};
use crate::ticketing::coupons::{SeriesUse, tracked_codes, untracked_used, usage};
use crate::ticketing::report::{Cell, Section, share};

pub(super) fn parts(view: &View<'_>) -> Parts {
    let (board, tracked) = (view.board, &view.ground.tracked);
    let used = usage(&board.coupons, &board.series, tracked);
    let mut sections = vec![stats(view, &used), series(&used)];
    let columns = [
        ("code", "Code"),
        ("category", "Category"),
        ("name", "Coupon"),
        ("state", "State"),
        ("used", "Used"),
    ];
    let rows = tracked_codes(&board.coupons, &board.series, tracked).into_iter().map(|one| {
        let state = match one.used {
            None => "UNKNOWN",
            Some(0) => "UNUSED",
            Some(_) => "USED",
        };
        vec![one.code.into(), one.category.into(), one.name.into(), state.into(), one.used.into()]
    });
    let counts = "uses of each code that was handed out";
    sections.push(Section::new("distributed", "Distributed codes", counts, &columns).with(rows).detailed());
    let columns = [("code", "Code"), ("name", "Coupon"), ("used", "Used")];
    let rows = untracked_used(&board.coupons, &board.series, tracked).into_iter();
    let rows = rows.map(|one| vec![one.code.into(), one.name.into(), one.used.into()]);
    let counts = "uses of codes that are not on the list of those handed out";
    sections.push(Section::new("untracked", "Untracked used codes", counts, &columns).with(rows).detailed());
    Parts { facts: Vec::new(), sections }
}

const COUPONS: &str = "coupons; used means at least once";

fn stats(view: &View<'_>, used: &[SeriesUse]) -> Section {
    let sum = |of: fn(&SeriesUse) -> u64| used.iter().map(of).sum::<u64>();
    let (total, taken) = (sum(|one| one.total), sum(|one| one.used));
    let (tracked, tracked_used) = (sum(|one| one.tracked), sum(|one| one.tracked_used));
    let columns = [
        ("what", "What"),
        ("total", "Total"),
        ("used", "Used"),
        ("unused", "Unused"),
        ("share", "Used share"),
    ];
    let row = |what: &str, total: u64, used: u64| {
        let known = |count| view.known(Kind::Coupon, count);
        vec![what.into(), known(total), known(used), known(total - used), share(used, total)]
    };
    let section = Section::new("stats", "Summary", COUPONS, &columns).with([
        row("all", total, taken),
        row("tracked", tracked, tracked_used),
        row("untracked", total - tracked, taken - tracked_used),
    ]);
    match view.ask.never.contains(&Kind::Coupon) {
        true => section.note(
            "none were gathered: the pipelines `parallel` and `full` do, and the function `coupon_ingestion`",
        ),
        false => section,
    }
}

fn series(used: &[SeriesUse]) -> Section {
    let columns = [
        ("series", "Series"),
        ("name", "Name"),
        ("active", "Active"),
        ("total", "Total"),
        ("used", "Used"),
        ("unused", "Unused"),
        ("share", "Used share"),
        ("tracked", "Tracked"),
        ("tracked_used", "Tracked used"),
        ("tracked_unused", "Tracked unused"),
        ("tracked_share", "Tracked used share"),
    ];
    let as_share = |share: Option<f64>| share.map_or(Cell::Nothing, Cell::Share);
    let rows = used.iter().map(|one| {
        let active = one.active.map(|active| if active { "yes" } else { "no" });
        vec![
            Some(one.series.clone()).filter(|key| !key.is_empty()).into(),
            one.name.clone().into(),
            active.into(),
            one.total.into(),
            one.used.into(),
            one.unused.into(),
            as_share(one.used_share),
            one.tracked.into(),
            one.tracked_used.into(),
            one.tracked_unused.into(),
            as_share(one.tracked_share),
        ]
    });
    Section::new("series", "Use by series", COUPONS, &columns).with(rows)
}

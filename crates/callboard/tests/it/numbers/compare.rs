//! The reports of a region held against what its seller knows: each section as the set of its rows, so that
//! a difference shows the rows themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use sandbox::ticketing::{Category, Origin, RegionTruth};
use serde_json::{Value, json};

/// Fails at the first section that differs.
pub fn compare(reports: &[&Value], truth: &RegionTruth) {
    let told = Told { reports, region: truth.region };
    let gathered = |report: &&&Value| report["facts"]["gathered"].is_string();
    assert_eq!(reports.iter().filter(gathered).count(), reports.len(), "when it was gathered is told");
    sold(&told, truth);
    groups(&told, truth);
    beside(&told, truth);
    ages(&told, truth);
    coupons(&told, truth);
    teams(&told, truth);
    doors(&told, truth);
    origins(&told, truth);
    money(&told, truth);
}

struct Told<'a> {
    reports: &'a [&'a Value],
    region: &'a str,
}

impl Told<'_> {
    fn rows(&self, report: &str, section: &str) -> &Vec<Value> {
        let found = self.reports.iter().find(|one| one["report"] == report);
        let section = found.map(|report| &report["sections"][section]["rows"]);
        section.and_then(Value::as_array).unwrap_or_else(|| panic!("{}: no {report}", self.region))
    }

    /// The rows as a sorted list of these columns.
    fn list(&self, report: &str, section: &str, columns: &[&str]) -> Vec<String> {
        let cells = |row: &Value| columns.iter().map(|name| row[name].clone()).collect::<Value>().to_string();
        sorted(self.rows(report, section).iter().map(cells))
    }

    /// The number in the row whose column `by` is `value`; 0 where there is no such row.
    fn number(&self, report: &str, section: &str, (by, value): (&str, &str), column: &str) -> f64 {
        let row = self.rows(report, section).iter().find(|row| row[by] == value);
        row.and_then(|row| row[column].as_f64()).unwrap_or_default()
    }

    fn same<T: PartialEq + Debug>(&self, what: &str, told: T, truth: T) {
        assert_eq!(told, truth, "{what} of {}: told on the left, true on the right", self.region);
    }

    /// As sets, of which only what differs is shown.
    fn same_list(&self, what: &str, told: Vec<String>, truth: Vec<String>) {
        let (left, right): (BTreeSet<_>, BTreeSet<_>) = (told.iter().collect(), truth.iter().collect());
        let told_only: Vec<_> = left.difference(&right).take(8).collect();
        let true_only: Vec<_> = right.difference(&left).take(8).collect();
        let place = format!("{what} of {}", self.region);
        assert!(
            told_only.is_empty() && true_only.is_empty(),
            "{place}: told {told_only:#?}, true {true_only:#?}"
        );
        assert_eq!(told.len(), truth.len(), "{place}: rows");
    }
}

fn sorted(rows: impl Iterator<Item = String>) -> Vec<String> {
    let mut rows: Vec<String> = rows.collect();
    rows.sort();
    rows
}

fn races(category: Category) -> bool {
    matches!(category, Category::Single | Category::Double | Category::Relay)
}

fn sold(told: &Told, truth: &RegionTruth) {
    let types = truth.types.iter().map(|of| {
        let takes_place = if races(of.category) && !of.member { "yes" } else { "no" };
        json!([of.id, of.category, of.group, of.day, takes_place, of.sold]).to_string()
    });
    let columns = ["id", "category", "group", "day", "takes_place", "sold"];
    told.same_list("types", told.list("sales", "types", &columns), sorted(types));
    let totals = &truth.totals;
    for (group, count) in [
        ("All_singles", totals.singles),
        ("All_doubles", totals.doubles),
        ("All_relays", totals.relays),
        ("spectators", totals.spectators),
        ("extras", totals.extras),
        ("Total_athletes", totals.athletes),
    ] {
        told.same(group, told.number("sales", "totals", ("group", group), "sold"), count as f64);
    }
}

/// Rooms may hold two groups, and passes have names; what is in them is told apart by neither here.
fn plain(group: &str) -> String {
    match group.to_uppercase().starts_with("SPECTATOR") {
        true => "SPECTATOR".to_owned(),
        false => group.replace(" with Adaptive", "").replace("ADAPTIVE ", ""),
    }
}

fn groups(told: &Told, truth: &RegionTruth) {
    type Counts = BTreeMap<(String, String), (u64, u64)>;
    let add = |counts: &mut Counts, group: &str, day: Option<&str>, people: u64, mains: u64| {
        let count = counts.entry((plain(group), day.unwrap_or_default().to_owned())).or_default();
        (count.0, count.1) = (count.0 + people, count.1 + mains);
    };
    let (mut left, mut right) = (Counts::new(), Counts::new());
    for row in told.rows("sales", "breakdown_by_day") {
        let number = |name: &str| row[name].as_u64().unwrap_or_default();
        let group = row["group"].as_str().unwrap_or_default();
        add(&mut left, group, row["day"].as_str(), number("sold"), number("entries"));
    }
    for of in truth.groups.iter().filter(|of| of.group != "EXTRA") {
        add(&mut right, of.group, of.day, of.tickets, of.mains);
    }
    left.retain(|_, (people, _)| *people > 0);
    told.same("groups", left, right);
    let mut days: BTreeMap<&str, u64> = BTreeMap::new();
    for row in told.rows("spectators", "spectators").iter().filter(|row| row["day"] != "Total") {
        *days.entry(row["day"].as_str().unwrap_or_default()).or_default() +=
            row["sold"].as_u64().unwrap_or_default();
    }
    told.same("spectators", days, truth.spectators.clone());
}

fn beside(told: &Told, truth: &RegionTruth) {
    let add_ons = truth.add_ons.iter().map(|(name, count)| json!([name, count]).to_string());
    told.same_list("add-ons", told.list("sales", "add_ons", &["add_on", "count"]), sorted(add_ons));
    let racing: BTreeSet<&str> =
        truth.types.iter().filter(|of| races(of.category)).map(|of| of.id.as_str()).collect();
    let shops = truth.shops.iter().filter(|shop| racing.contains(shop.ticket_type.as_str()));
    let shops = shops.map(|shop| json!([shop.count, shop.volume]).to_string());
    told.same_list("shops", told.list("sales", "shops", &["sold", "volume"]), sorted(shops));
    let statuses = truth.statuses.iter().map(|(name, count)| json!([name, count]).to_string());
    told.same_list("statuses", told.list("status", "statuses", &["status", "tickets"]), sorted(statuses));
}

fn ages(told: &Told, truth: &RegionTruth) {
    let counted = |row: &&Value| row["range"] != "Total" && row["people"] != 0;
    let rows = told.rows("age-groups", "age_groups").iter().filter(counted);
    let rows = rows.map(|row| json!([row["group"], row["day"], row["range"], row["people"]]).to_string());
    let expected = truth.ages.iter().map(|of| json!([of.group, of.day, of.range, of.people]).to_string());
    told.same_list("ages", sorted(rows), sorted(expected));
    let aged = |ages: std::ops::Range<u32>| {
        truth.athlete_ages.range(ages).map(|(_, people)| people).sum::<u64>() as f64
    };
    let young = |age: &str| told.number("status", "young", ("age", age), "people");
    told.same(
        "young",
        [young("under 16"), young("16"), young("17-18")],
        [aged(0..16), aged(16..17), aged(17..19)],
    );
    let answers = &truth.answers;
    let returning = |column| told.number("age-groups", "returning", ("answer", "Took part before"), column);
    told.same(
        "returning",
        [returning("yes"), returning("no")],
        [answers.returning as f64, answers.first_time as f64],
    );
    let gym = |status: &str| told.number("age-groups", "gyms", ("status", status), "people");
    let expected = [answers.gym as f64, answers.other_gym as f64, answers.no_gym as f64];
    told.same("gyms", [gym("member"), gym("member_elsewhere"), gym("none")], expected);
}

fn coupons(told: &Told, truth: &RegionTruth) {
    let expected = truth
        .coupons
        .iter()
        .map(|of| json!([of.series, of.name, of.total, of.used, of.tracked, of.tracked_used]).to_string());
    let columns = ["series", "name", "total", "used", "tracked", "tracked_used"];
    told.same_list("coupons", told.list("coupons", "series", &columns), sorted(expected));
    let expected = truth.tracked.iter().map(|of| json!([of.code, of.category, of.used]).to_string());
    told.same_list(
        "codes",
        told.list("coupons", "distributed", &["code", "category", "used"]),
        sorted(expected),
    );
    let expected = truth.untracked_used.iter().map(|code| json!([code]).to_string());
    told.same_list("untracked codes", told.list("coupons", "untracked", &["code"]), sorted(expected));
}

fn teams(told: &Told, truth: &RegionTruth) {
    // tickets without a purchase are told as one; the seller leaves them out
    let rows = told.rows("status", "team_mismatches").iter().filter(|row| !row["transaction"].is_null());
    let rows = rows.map(|row| {
        json!([row["transaction"], row["group"], row["day"], row["mains"], row["members"]]).to_string()
    });
    let expected = truth
        .broken_orders
        .iter()
        .map(|of| json!([of.order, of.group, of.day, of.mains, of.members]).to_string());
    told.same_list("teams", sorted(rows), sorted(expected));
    let rows = told.rows("status", "mixed_mismatches").iter().map(|row| {
        let main = row["tickets"].as_str().and_then(|tickets| tickets.split(' ').next());
        json!([main, row["men"], row["women"]]).to_string()
    });
    let expected = truth.mixed.iter().map(|of| json!([of.ticket, of.men, of.women]).to_string());
    told.same_list("mixed teams", sorted(rows), sorted(expected));
    let expected = truth.genders.iter().map(|of| json!([of.ticket, of.expected, of.stated]).to_string());
    let columns = ["ticket", "expected", "current"];
    told.same_list("genders", told.list("status", "gender_mismatches", &columns), sorted(expected));
}

/// What the report on sales tells of the time between two truths.
pub fn growth(report: &Value, (before, after): (&RegionTruth, &RegionTruth)) {
    let told = Told { reports: &[report], region: before.region };
    let of = |truth: &RegionTruth| {
        let totals = &truth.totals;
        [totals.singles, totals.doubles, totals.relays, totals.spectators, totals.athletes]
    };
    let groups = ["All_singles", "All_doubles", "All_relays", "spectators", "Total_athletes"];
    let rows =
        groups.iter().zip(of(before)).zip(of(after)).map(|((group, first), last)| {
            json!([group, first, last, last as i64 - first as i64]).to_string()
        });
    let columns = ["group", "first", "last", "more"];
    told.same_list("growth", told.list("sales", "growth", &columns), sorted(rows));
    // Where both lengths are the same, the change of the window is added once more.
    let projected = groups.iter().zip(of(before)).zip(of(after)).filter(|((_, first), _)| *first > 0);
    let projected = projected.map(|((group, first), last)| {
        let count = (last as f64 * (last as f64 / first as f64)).round() as u64;
        json!([group, count, count]).to_string()
    });
    let columns = ["group", "count", "by_mean"];
    told.same_list("projections", told.list("sales", "projections", &columns), sorted(projected));
}

fn doors(told: &Told, truth: &RegionTruth) {
    let count = |what: &str| told.number("status", "check_ins", ("what", what), "count");
    let expected = [truth.check_ins as f64, truth.checked_in as f64];
    told.same("check-ins", [count("check-ins"), count("tickets checked in")], expected);
}

fn origins(told: &Told, truth: &RegionTruth) {
    for (who, of) in [("athletes", &truth.athletes), ("spectators", &truth.spectators_from)] {
        let number = |column| told.number("origin", "summary", ("who", who), column);
        let Origin { local, international, unsaid, .. } = of;
        let expected = [*local as f64, *international as f64, *unsaid as f64];
        told.same(who, [number("local"), number("international"), number("unknown")], expected);
    }
    let expected = truth.athletes.countries.iter().map(|(code, people)| json!([code, people]).to_string());
    told.same_list(
        "countries",
        told.list("origin", "athlete_countries", &["code", "people"]),
        sorted(expected),
    );
    let lived = told.rows("age-groups", "residence").iter().filter(|row| row["residence"] != "Not said");
    let lived = lived.map(|row| json!([row["residence"], row["people"]]).to_string());
    let expected = truth.athletes.residences.iter().map(|(code, people)| json!([code, people]).to_string());
    told.same_list("residences", sorted(lived), sorted(expected));
}

fn money(told: &Told, truth: &RegionTruth) {
    let of = &truth.money;
    // minor units are whole, whatever the sums are as binary fractions
    let minor = |sum: f64| (sum * of.minor as f64).round() as i64;
    let number = |column| minor(told.number("revenue", "purchases", ("currency", of.currency), column));
    let sold = told.rows("revenue", "tickets").iter().filter_map(|row| row["revenue"].as_f64()).sum::<f64>();
    told.same("revenue of tickets", minor(sold), of.sold_tickets);
    let charges = [number("charges_inner"), number("charges_outer"), number("charges_payment")];
    told.same("charges", charges, [of.inner_charges, of.outer_charges, of.payment_charges]);
    let purchases = told.number("revenue", "purchases", ("currency", of.currency), "purchases");
    told.same("purchases", purchases as u64, of.orders);
    told.same("gross", number("gross"), of.paid);
    told.same("refunded", [number("refunded"), number("refunded_cancelled")], [of.refunded, of.cancelled]);
}

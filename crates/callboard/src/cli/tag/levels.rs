//! The levels, asked one by one, and single rows.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use engine::cards::{self, CardRow};
use model::Kind;
use serde_json::Value;
use store::Store;

use super::shown::Sheet;
use super::{
    CardFormat, CardsOf, CategoriesOf, CertOf, SearchFor, SetsOf, Shown, YearsOf, charts, is_one_of,
};
use crate::output::{print, usage};

/// Grades that tables have a column for; others are in JSON and CSV.
const SHOWN_GRADES: [&str; 6] = ["10P", "10", "9", "8.5", "8", "VA"];

pub async fn categories(store: &Store, ask: &CategoriesOf) -> Result<()> {
    let mut sums: BTreeMap<String, [Option<i64>; 4]> = BTreeMap::new();
    for row in cards::rows(store, Kind::CardCategory, &cards::Filter::default()).await? {
        sums.entry(row.text("name").to_owned()).or_default();
    }
    for row in cards::rows(store, Kind::CardYear, &cards::Filter::default()).await? {
        let sum = sums.entry(row.text("category").to_owned()).or_default();
        let counts = [Some(1), row.number("sets"), row.number("items"), row.number("graded")];
        sum.iter_mut().zip(counts).for_each(|(sum, count)| add(sum, count));
    }
    // Of a category whose page was not read, what its sets say.
    let known: BTreeSet<String> =
        sums.iter().filter(|(_, sum)| sum[0].is_some()).map(|(name, _)| name.clone()).collect();
    let mut years = BTreeSet::new();
    cards::each_row(store, Kind::CardSet, &cards::Filter::default(), |row| {
        let (category, year) = (row.text("category").to_owned(), row.text("year").to_owned());
        if !known.contains(&category) {
            let sum = sums.entry(category.clone()).or_default();
            let is_new = years.insert((category, year));
            let counts = [is_new.then_some(1), Some(1), None, row.number("total")];
            sum.iter_mut().zip(counts).for_each(|(sum, count)| add(sum, count));
        }
    })
    .await?;
    let mut sheet = Sheet::new(&["CATEGORY", "YEARS", "SETS", "ITEMS", "GRADED"]);
    let wanted = |name: &str| ask.category.as_ref().is_none_or(|wanted| is_one_of(wanted, &[name]));
    for (name, sum) in sums.into_iter().filter(|(name, _)| wanted(name)) {
        sheet.rows.push(std::iter::once(Value::from(name)).chain(sum.map(Value::from)).collect());
    }
    finish(sheet, &ask.shown)
}

fn add(sum: &mut Option<i64>, count: Option<i64>) {
    if let Some(count) = count {
        *sum = Some(sum.unwrap_or(0) + count);
    }
}

pub async fn years(store: &Store, ask: &YearsOf) -> Result<()> {
    let mut rows = cards::rows(store, Kind::CardYear, &ask.place.filter(store).await?).await?;
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    let mut sheet = Sheet::new(&["CATEGORY", "YEAR", "SETS", "ITEMS", "GRADED"]);
    for row in &rows {
        let texts = ["category", "year"].map(|name| Value::from(row.text(name)));
        let counts = ["sets", "items", "graded"].map(|name| Value::from(row.number(name)));
        sheet.rows.push(texts.into_iter().chain(counts).collect());
    }
    finish(sheet, &ask.shown)
}

pub async fn sets(store: &Store, ask: &SetsOf) -> Result<()> {
    let mut rows = cards::rows(store, Kind::CardSet, &ask.place.filter(store).await?).await?;
    rows.retain(|row| in_set(row, ask) && has_grade(row, ask));
    let sheet = populations(&["CATEGORY", "YEAR", "BRAND", "SET_NAME"], rows, &ask.shown);
    finish(sheet, &ask.shown)
}

pub async fn cards(store: &Store, ask: &CardsOf) -> Result<()> {
    let mut rows = cards::rows(store, Kind::Card, &ask.within.place.filter(store).await?).await?;
    let shown = &ask.within.shown;
    rows.retain(|row| in_set(row, &ask.within) && is_card(row, ask) && has_grade(row, &ask.within));
    let sheet =
        populations(&["CATEGORY", "YEAR", "BRAND", "SET_NAME", "NUMBER", "NAME", "VARIATION"], rows, shown);
    finish(sheet, shown)
}

/// Best counted first, with a column for each grade.
fn populations(texts: &[&str], mut rows: Vec<CardRow>, shown: &Shown) -> Sheet {
    rows.sort_by(|a, b| b.number("total").cmp(&a.number("total")).then_with(|| a.key.cmp(&b.key)));
    let for_eyes = shown.format == CardFormat::Table;
    let grades: Vec<String> = match for_eyes {
        true => SHOWN_GRADES.map(str::to_owned).to_vec(),
        false => all_grades(&rows),
    };
    let mut sheet = Sheet::new(texts);
    sheet.columns.push("TOTAL".to_owned());
    sheet.columns.extend(grades.iter().cloned());
    sheet.columns.extend((!for_eyes).then(|| "KEY".to_owned()));
    for row in &rows {
        let mut values: Vec<Value> = texts.iter().map(|name| row.text(&name.to_lowercase()).into()).collect();
        values.push(row.number("total").into());
        values.extend(grades.iter().map(|grade| Value::from(row.count(grade))));
        values.extend((!for_eyes).then(|| Value::from(row.key.as_str())));
        sheet.rows.push(values);
    }
    sheet
}

/// Every grade that some row has, best first.
fn all_grades(rows: &[CardRow]) -> Vec<String> {
    let objects = rows.iter().filter_map(|row| row.fields.get("populations")?.as_object());
    let mut grades: Vec<String> = objects.flat_map(|object| object.keys().cloned()).collect();
    let rank = |grade: &String| model::grade::grade_of(grade).map(|(_, tenths)| -tenths);
    grades.sort_by_key(|grade| (rank(grade), grade.clone()));
    grades.dedup();
    grades
}

pub async fn grades(store: &Store, ask: &CardsOf) -> Result<()> {
    let shown = &ask.within.shown;
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    cards::each_row(store, Kind::Card, &ask.within.place.filter(store).await?, |row| {
        if in_set(&row, &ask.within) && is_card(&row, ask) {
            let name = format!("{} #{} {}", row.text("name"), row.text("number"), row.text("variation"));
            wanted.insert(row.key, name.trim_end().to_owned());
        }
    })
    .await?;
    let mut copies = Vec::new();
    cards::each_row(store, Kind::GradedCard, &cards::Filter::default(), |row| {
        if wanted.contains_key(row.text("card")) && has_this_grade(&row, &ask.within) {
            copies.push(row);
        }
    })
    .await?;
    copies.sort_by_key(|row| (-row.number("grade_tenths").unwrap_or(-1), row.key.clone()));
    if shown.format == CardFormat::Table {
        print(&charts::bars(&by_grade(&copies)))?;
    }
    let mut sheet = Sheet::new(&["CERTIFICATE", "GRADE", "RANK", "CHRONOLOGY", "COMPLETED", "CARD"]);
    for row in &copies {
        let card = wanted.get(row.text("card")).cloned().unwrap_or_default();
        let completed = row.fields.get("completed").map(|when| when["date"].clone()).unwrap_or_default();
        sheet.rows.push(vec![
            row.text("certificate").into(),
            row.text("grade").into(),
            row.number("rank").into(),
            row.text("chronology").into(),
            completed,
            if shown.format == CardFormat::Table { card.into() } else { row.text("card").into() },
        ]);
    }
    finish(sheet, shown)
}

fn by_grade(copies: &[CardRow]) -> Vec<(String, i64)> {
    let mut counts: BTreeMap<i64, (String, i64)> = BTreeMap::new();
    for copy in copies {
        if let Some((grade, tenths)) = model::grade::grade_of(copy.text("grade")) {
            counts.entry(-tenths).or_insert((grade, 0)).1 += 1;
        }
    }
    counts.into_values().collect()
}

pub async fn search(store: &Store, asked: &SearchFor) -> Result<()> {
    let hits = cards::search(store, &asked.words.join(" "), usize::from(asked.limit)).await?;
    let mut sheet = Sheet::new(&["KIND", "NAME", "TOTAL", "KEY"]);
    sheet.rows = hits
        .into_iter()
        .map(|hit| vec![hit.kind.into(), hit.name.into(), hit.total.into(), hit.key.into()])
        .collect();
    sheet.show(asked.format)
}

pub async fn certificate(store: &Store, asked: &CertOf) -> Result<()> {
    let number = asked.number.trim().to_uppercase();
    let filter = cards::Filter(vec![("certificate", number.clone())]);
    let Some(copy) = cards::rows(store, Kind::GradedCard, &filter).await?.into_iter().next() else {
        return Err(usage(format!("no copy with the certificate {number} was gathered")));
    };
    let filter = cards::Filter(vec![("source_key", copy.text("card").to_owned())]);
    let card = cards::rows(store, Kind::Card, &filter).await?.into_iter().next();
    match asked.format {
        CardFormat::Table | CardFormat::Csv => {}
        CardFormat::Json | CardFormat::Ndjson => {
            let mut object = copy.fields.clone();
            object.insert("card_fields".to_owned(), card.map(|card| card.fields.into()).unwrap_or_default());
            return Ok(print(&format!("{}\n", Value::Object(object)))?);
        }
    }
    let told = certified(&copy, card.as_ref());
    match asked.format {
        CardFormat::Csv => {
            let mut sheet = Sheet::new(&told.iter().map(|(name, _)| *name).collect::<Vec<_>>());
            sheet.rows.push(told.into_iter().map(|(_, value)| value).collect());
            sheet.show(asked.format)
        }
        _ => {
            let mut sheet = Sheet::new(&["WHAT", "SAYS"]);
            let said = told.into_iter().filter(|(_, value)| !value.is_null() && *value != "");
            sheet.rows = said.map(|(name, value)| vec![name.into(), value]).collect();
            sheet.show(asked.format)
        }
    }
}

/// What is known of a copy and of its card; null where it is not stated.
fn certified(copy: &CardRow, card: Option<&CardRow>) -> Vec<(&'static str, Value)> {
    const OF_CARD: [&str; 7] = ["category", "year", "brand", "set_name", "name", "number", "variation"];
    const OF_COPY: [&str; 7] =
        ["certificate", "grade", "score", "rank", "rank_by_grade", "chronology", "chronology_by_grade"];
    // In the words of the certificate's own page.
    const OF_REPORT: [&str; 5] = ["completed_text", "player", "set_title", "subset", "image_url"];
    let of = |row: &CardRow, name: &'static str| (name, row.fields.get(name).cloned().unwrap_or_default());
    let mut told: Vec<(&'static str, Value)> =
        OF_CARD.iter().map(|name| card.map_or((*name, Value::Null), |card| of(card, name))).collect();
    told.extend(OF_COPY.iter().chain(&OF_REPORT).chain(&["url"]).map(|name| of(copy, name)));
    told
}

fn in_set(row: &CardRow, ask: &SetsOf) -> bool {
    let (brand, name) = (row.text("brand"), row.text("set_name"));
    let both = format!("{brand} {name}");
    ask.set.as_ref().is_none_or(|wanted| is_one_of(wanted, &[brand, name, both.trim_end()]))
}

fn is_card(row: &CardRow, ask: &CardsOf) -> bool {
    ask.card
        .as_ref()
        .is_none_or(|wanted| is_one_of(wanted, &[row.text("name"), row.text("number"), &row.key]))
}

fn has_grade(row: &CardRow, ask: &SetsOf) -> bool {
    ask.grade.as_ref().is_none_or(|grade| row.count(grade).is_some_and(|count| count > 0))
}

fn has_this_grade(row: &CardRow, ask: &SetsOf) -> bool {
    let grade = || model::grade::grade_of(row.text("grade")).map(|(grade, _)| grade);
    ask.grade.as_ref().is_none_or(|wanted| grade().as_ref() == Some(wanted))
}

fn finish(mut sheet: Sheet, shown: &Shown) -> Result<()> {
    sheet.of = sheet.rows.len();
    sheet.rows.truncate(shown.most());
    sheet.show(shown.format)
}

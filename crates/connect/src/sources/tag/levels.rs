//! Reading the pages of a population report, level by level: what each row states, and the page it leads
//! to. A page that lists less than it says it has, or nothing where its parent counts something, is told
//! apart from one that is complete.

use model::grade::populations;
use model::{Card as CardRow, CardCategory, CardSet, CardTotals, CardYear, Note, Reading, Record, Request};
use scraper::Html;
use serde_json::{Map, Value, json};
use url::Url;

use super::address::{Address, Card, Set, Year, is_year};
use super::counts::{Columns, count};
use super::table::{Row, Shown, Table};
use super::want::Want;

/// A page of the report, and what it is read with.
pub struct Page<'a> {
    pub shown: Shown,
    pub html: &'a Html,
    pub url: &'a Url,
    pub want: &'a Want,
    /// How many copies its parent counts here, where it says so.
    pub counted: Option<i64>,
    /// It was asked for because it is known, not because the list of categories names it.
    pub known: bool,
    pub reading: Reading,
}

impl Page<'_> {
    /// Reads the list of categories. Where it is not whole, those that are known beside are asked for.
    pub fn categories(&mut self) {
        let mut found: Vec<String> = Vec::new();
        for tile in super::tiles::tiles(self.html, self.url) {
            if found.contains(&tile.name) {
                continue;
            }
            let address = Address::Category(tile.name.clone());
            self.category(&tile.name, tile.image.map(String::from));
            self.follow(&address, None);
            found.push(tile.name);
        }
        let lacks = match (self.shown.range, super::tiles::unlinked(self.html, self.url)) {
            _ if found.is_empty() => "holds no category".to_owned(),
            (Some((_, of)), _) if found.len() < of => format!("shows {} of {of} categories", found.len()),
            (_, unlinked) if unlinked > 0 => format!("has {unlinked} tiles that lead nowhere"),
            _ => return,
        };
        let others = super::from_memory(self.want, self.url, &found);
        let asked = others.len();
        self.damaged(format!("the list {lacks}: {asked} that are known are asked for beside what it names"));
        self.reading.requests.extend(others);
    }

    fn category(&mut self, name: &str, image_url: Option<String>) {
        let address = Address::Category(name.to_owned());
        let row = CardCategory {
            name: name.into(),
            url: address.url(self.url).to_string().into(),
            image_url: image_url.into(),
        };
        self.reading.records.push(Record::new(name, row));
    }

    /// Reads the years of a category.
    pub fn years(&mut self, category: &str) {
        let table = self.table();
        for row in &table.rows {
            let text = row.text(0).to_owned();
            if !is_year(&text) {
                continue;
            }
            let year = Year { category: category.to_owned(), year: text };
            let [sets, items, graded] =
                YEAR_COUNTS.map(|column| self.number(&table, row, column, &year.key()));
            let address = Address::Year(year.clone());
            let fields = CardYear {
                title: format!("{category} {}", year.year).into(),
                category: category.into(),
                year: year.year.as_str().into(),
                url: address.url(self.url).to_string().into(),
                sets: sets.into(),
                items: items.into(),
                graded: graded.into(),
            };
            self.reading.records.push(Record::new(year.key(), fields));
            let said = format!("{sets:?} {items:?} {graded:?}");
            self.follow(&address, Some(&Counts { copies: graded.or(sets), said }));
        }
        // What no list names is a category only if it has a year.
        match (self.known, self.reading.records.is_empty()) {
            (true, true) => self.note(format!("{category} lists no year: it is no category")),
            (true, false) => self.category(category, None),
            // One that the list names has some. Nothing has vanished because it shows none.
            (false, true) => {
                self.reading.complete = false;
                self.note(format!("{category} lists no year"));
            }
            (false, false) => {}
        }
        if let Some(row) = table.totals.first() {
            let mut metrics = Map::new();
            for column in YEAR_COUNTS {
                if let Some(count) = self.number(&table, row, column, "TOTALS") {
                    metrics.insert(column.1.to_owned(), count.into());
                }
            }
            for (index, cell) in row.cells.iter().enumerate().skip(4) {
                if let Ok(Some(count)) = count(&cell.text) {
                    metrics.insert(format!("metric_{index}"), count.into());
                }
            }
            self.totals("category", category, (category, ""), Value::Object(metrics));
        }
        self.check(&table);
    }

    /// Reads the sets of a year.
    pub fn sets(&mut self, year: &Year) {
        let table = self.table();
        let columns = self.columns(&table, 1);
        for row in &table.rows {
            let Some(set) = set_of(row, year) else { continue };
            let counted = columns.read(row);
            self.note_fault(counted.fault(&set.title()));
            let address = Address::Set(set.clone());
            let fields = CardSet {
                title: set.title().into(),
                category: year.category.as_str().into(),
                year: year.year.as_str().into(),
                brand: set.brand.as_str().into(),
                set_name: set.name.as_str().into(),
                url: address.url(self.url).to_string().into(),
                populations: counted.stated(),
                total: counted.total.into(),
            };
            self.reading.records.push(Record::new(set.key(), fields));
            let said = counted.metrics().to_string();
            self.follow(&address, Some(&Counts { copies: counted.total, said }));
        }
        if let Some(row) = table.totals.first() {
            let metrics = columns.read(row).metrics();
            self.totals("year", &year.key(), (&year.category, &year.year), metrics);
        }
        self.check(&table);
    }

    /// Reads the cards of a set.
    pub fn cards(&mut self, set: &Set) {
        let table = self.table();
        let columns = self.columns(&table, 2);
        for row in &table.rows {
            let Some(card) = card_of(row, set) else { continue };
            let counted = columns.read(row);
            self.note_fault(counted.fault(&card.key()));
            let address = Address::Card(card.clone());
            let fields = CardRow {
                name: card.name.as_str().into(),
                category: set.year.category.as_str().into(),
                year: set.year.year.as_str().into(),
                brand: set.brand.as_str().into(),
                set_name: set.name.as_str().into(),
                number: card.number.as_str().into(),
                variation: card.variation.as_str().into(),
                card_set: set.key().into(),
                url: address.url(self.url).to_string().into(),
                populations: counted.stated(),
                total: counted.total.into(),
            };
            self.reading.records.push(Record::new(card.key(), fields));
            let said = counted.metrics().to_string();
            self.follow(&address, Some(&Counts { copies: counted.total, said }));
        }
        if let Some(row) = table.totals.first() {
            let metrics = columns.read(row).metrics();
            self.totals("set", &set.key(), (&set.year.category, &set.year.year), metrics);
        }
        self.check(&table);
    }

    /// The one table of the page; empty where it says that there is nothing.
    fn table(&mut self) -> Table {
        let longest = |table: &Table| table.rows.len() + table.totals.len();
        let tables = std::mem::take(&mut self.shown.tables);
        tables.into_iter().max_by_key(longest).unwrap_or_default()
    }

    fn columns(&mut self, table: &Table, first: usize) -> Columns {
        let columns = Columns::of(table, first);
        if !columns.name_grades() && !table.rows.is_empty() {
            self.damaged("the headers name no grades, so the counts by grade are left out".to_owned());
        }
        columns
    }

    fn number(&mut self, table: &Table, row: &Row, column: (usize, &str, &str), of: &str) -> Option<i64> {
        let named = table.headers.iter().position(|header| header.to_lowercase().contains(column.2));
        match count(row.text(named.unwrap_or(column.0))) {
            Ok(number) => number,
            Err(text) => {
                self.note(format!("{of}: {text:?} is no count"));
                None
            }
        }
    }

    pub(super) fn totals(&mut self, scope: &str, of: &str, (category, year): (&str, &str), metrics: Value) {
        let fields = CardTotals {
            title: format!("all of {of}").into(),
            scope: scope.into(),
            of: of.into(),
            category: category.into(),
            year: year.into(),
            metrics: metrics.into(),
        };
        self.reading.records.push(Record::new(format!("{scope}:{of}"), fields));
    }

    /// The page of `address` next, if it is wanted. `counts`: what is said of it here.
    pub(super) fn follow(&mut self, address: &Address, counts: Option<&Counts>) {
        if !self.want.follows(address) {
            return;
        }
        let counted = counts.and_then(|counts| counts.copies);
        let mut request = Request::get(address.url(self.url));
        request.step = address.step().to_owned();
        if let Some(counted) = counted {
            request.context = json!({ "counted": counted });
        }
        request.stamp = counts.and_then(|counts| self.want.stamp(&request, counts));
        self.reading.requests.push(request);
    }

    /// Compares what was read with what the pager says.
    pub(super) fn check(&mut self, table: &Table) {
        let listed = table.rows.len();
        let Some((to, of)) = self.shown.range else { return };
        // Whether the totals count as a row is not known; a list that goes on is told by where it stops.
        if to < of || listed + table.totals.len().min(1) < of {
            self.damaged(format!("the page shows {listed} of {of} rows; the others were not read"));
        }
    }

    pub(super) fn note(&mut self, note: String) {
        self.reading.notes.push(Note::new(note));
    }

    fn note_fault(&mut self, fault: Option<String>) {
        if let Some(fault) = fault {
            self.note(fault);
        }
    }

    /// What was read is here, but it is not all.
    pub(super) fn damaged(&mut self, why: String) {
        self.reading.complete = false;
        self.reading.damaged.get_or_insert(Note::new(why));
    }
}

/// What a row says of the page it leads to.
pub struct Counts {
    /// How many copies it counts, or whatever else must be more than none.
    pub copies: Option<i64>,
    /// All that it counts: while that is the same, so is the page.
    pub said: String,
}

/// Place, name and a word of the header of what the page of a category counts.
const YEAR_COUNTS: [(usize, &str, &str); 3] =
    [(1, "sets", "set"), (2, "items", "item"), (3, "graded", "graded")];

/// The set of a row: by its link; without one by its title, whose bold part is the brand.
fn set_of(row: &Row, year: &Year) -> Option<Set> {
    let cell = row.cells.first().filter(|cell| !cell.text.is_empty())?;
    let linked = cell.links.iter().find_map(|url| match Address::parse(url)? {
        Address::Set(set) => Some(set),
        _ => None,
    });
    if let Some(set) = linked {
        return Some(Set { year: year.clone(), ..set });
    }
    let brand = cell.bold.clone().filter(|bold| cell.text.starts_with(bold.as_str()));
    let brand = brand.unwrap_or_else(|| cell.text.clone());
    let name = cell.text[brand.len()..].trim().to_owned();
    Some(Set { year: year.clone(), brand, name })
}

/// The card of a row: by its link; without one by its number and name. Rows without either are none.
fn card_of(row: &Row, set: &Set) -> Option<Card> {
    let (number, name) = (row.text(0), row.text(1));
    let links = row.cells.iter().take(2).flat_map(|cell| &cell.links);
    let linked = links.filter_map(Address::parse).find_map(|address| match address {
        Address::Card(card) => Some(card),
        _ => None,
    });
    match linked {
        Some(card) => {
            let number = if card.number.is_empty() { number.to_owned() } else { card.number };
            Some(Card { set: set.clone(), number, ..card })
        }
        None if number.is_empty() || name.is_empty() => None,
        None => Some(Card {
            set: set.clone(),
            name: name.to_owned(),
            number: number.to_owned(),
            variation: String::new(),
        }),
    }
}

/// Counts by grade of copies as they are listed, to compare with what their card's row says.
pub(super) fn counted_copies<'a>(grades: impl Iterator<Item = &'a str>) -> Value {
    let mut counts: Vec<(String, i64)> = Vec::new();
    for grade in grades.filter_map(model::grade::grade_of).map(|(grade, _)| grade) {
        match counts.iter_mut().find(|(known, _)| *known == grade) {
            Some((_, count)) => *count += 1,
            None => counts.push((grade, 1)),
        }
    }
    populations(counts)
}

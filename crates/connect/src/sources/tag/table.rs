//! The tables of a rendered page: headers, rows, the TOTALS row, and how long the whole list is.
//!
//! Nothing relies on class names that a build of the site makes anew (`jss139`): a table is a `table`, a
//! row a `tr` in a `tbody`, and a pager says "1-200 of 232".

use std::sync::LazyLock;

use regex::Regex;
use scraper::{ElementRef, Html, Selector};
use url::Url;

use super::address::collapsed;

/// One table.
#[derive(Debug, Default, PartialEq)]
pub struct Table {
    /// The texts of its header cells.
    pub headers: Vec<String>,
    /// Its rows without the totals.
    pub rows: Vec<Row>,
    /// The rows that sum up, one for each page of a long table.
    pub totals: Vec<Row>,
}

/// One row.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// Its cells; one that spans several columns is followed by empty ones.
    pub cells: Vec<Cell>,
}

/// One cell.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    /// Its text, with single spaces.
    pub text: String,
    /// Its `value` attribute, or that of the first element in it which has one.
    pub value: Option<String>,
    /// The text of its first bold part.
    pub bold: Option<String>,
    /// Where its links lead, each once, in order.
    pub links: Vec<Url>,
}

impl Row {
    /// The text of a cell; empty where there is none.
    pub fn text(&self, index: usize) -> &str {
        self.cells.get(index).map_or("", |cell| cell.text.as_str())
    }

    fn is_totals(&self) -> bool {
        self.cells.iter().take(2).any(|cell| cell.text.eq_ignore_ascii_case("TOTALS"))
    }
}

/// What a page shows.
#[derive(Debug, Default, PartialEq)]
pub struct Shown {
    /// Its tables.
    pub tables: Vec<Table>,
    /// Up to which row the page shows the list, and how many it has in all, where a pager says so.
    pub range: Option<(usize, usize)>,
    /// The page says in words that there is nothing.
    pub says_nothing: bool,
}

fn selector(css: &str) -> Selector {
    Selector::parse(css).expect("a constant selector is valid")
}

macro_rules! selectors {
    ($($name:ident: $css:literal;)+) => {
        $( static $name: LazyLock<Selector> = LazyLock::new(|| selector($css)); )+
    };
}

selectors! {
    TABLE: "table";
    HEADER_ROWS: "thead tr";
    HEADERS: "th, td";
    BODY_ROWS: "tbody tr";
    CELLS: "td, th";
    LINKS: "a[href]";
    VALUED: "[value]";
    BOLD: "b, strong";
    PAGER: "[class*=TablePagination], [class*=pagination]";
    BODY: "body";
}

static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(\d[\d,]*)\s*[-\u{2013}\u{2014}]\s*(\d[\d,]*)\s+of\s+(\d[\d,]*)")
        .expect("a constant pattern is valid")
});
static NOTHING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\bno (data|records|results|rows|items|cards|sets)\b")
        .expect("a constant pattern is valid")
});

/// Reads what a page shows; links are made absolute against `base`.
pub fn shown(html: &Html, base: &Url) -> Shown {
    let tables: Vec<Table> = html.select(&TABLE).map(|element| table(element, base)).collect();
    let range = html.select(&PAGER).find_map(|element| range(&text(element)));
    let says_nothing = || html.select(&BODY).any(|body| NOTHING.is_match(&text(body)));
    let empty = tables.iter().all(|table| table.rows.is_empty());
    let none = range.is_some_and(|(_, of)| of == 0);
    Shown { range, says_nothing: empty && (none || says_nothing()), tables }
}

fn range(text: &str) -> Option<(usize, usize)> {
    let found = RANGE.captures(text)?;
    let number = |group| found.get(group)?.as_str().replace(',', "").parse().ok();
    Some((number(2)?, number(3)?))
}

fn table(element: ElementRef<'_>, base: &Url) -> Table {
    let mut table = Table::default();
    // Where headers stand in several rows, the last names the columns.
    if let Some(row) = element.select(&HEADER_ROWS).last() {
        table.headers = spread(row.select(&HEADERS).map(|cell| (span(cell), text(cell))));
    }
    for row in element.select(&BODY_ROWS) {
        let cells = spread(row.select(&CELLS).map(|element| (span(element), cell(element, base))));
        let row = Row { cells };
        match row.is_totals() {
            true => table.totals.push(row),
            false if row.cells.iter().all(|cell| cell.text.is_empty()) => {}
            false => table.rows.push(row),
        }
    }
    table
}

/// What spans several columns is followed by empty ones, so that places stay those of the headers.
fn spread<T: Default>(cells: impl Iterator<Item = (usize, T)>) -> Vec<T> {
    let mut spread = Vec::new();
    for (span, cell) in cells {
        spread.push(cell);
        spread.extend((1..span).map(|_| T::default()));
    }
    spread
}

/// Wider than any table of the site.
const SPAN_MAX: usize = 100;

fn span(cell: ElementRef<'_>) -> usize {
    let span = cell.attr("colspan").and_then(|span| span.trim().parse().ok()).unwrap_or(1);
    span.clamp(1, SPAN_MAX)
}

fn cell(element: ElementRef<'_>, base: &Url) -> Cell {
    let value = element.attr("value").or_else(|| element.select(&VALUED).next()?.attr("value"));
    let mut links = Vec::new();
    for href in element.select(&LINKS).filter_map(|link| link.attr("href")) {
        if let Some(link) = link(href, base)
            && !links.contains(&link)
        {
            links.push(link);
        }
    }
    Cell {
        text: text(element),
        value: value.map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned),
        bold: element.select(&BOLD).next().map(text).filter(|text| !text.is_empty()),
        links,
    }
}

/// Where a link leads, absolute; `None` for what is no page.
fn link(href: &str, base: &Url) -> Option<Url> {
    let href = href.trim();
    if href.is_empty() || href.starts_with('#') {
        return None;
    }
    base.join(href).ok().filter(|url| matches!(url.scheme(), "http" | "https"))
}

/// The text of an element, with single spaces; elements side by side do not run together.
pub fn text(element: ElementRef<'_>) -> String {
    let mut all = String::new();
    for piece in element.text() {
        all.push_str(piece);
        all.push(' ');
    }
    collapsed(&all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(html: &str) -> Shown {
        let base = Url::parse("https://my.taggrading.com/pop-report/Baseball/1989").expect("an address");
        shown(&Html::parse_document(html), &base)
    }

    #[test]
    fn links_are_absolute_and_each_once() {
        let shown = read(
            "<table><tbody><tr><td><a href='/card/X1'>a</a><a href='/card/X1'>b</a><a href='#top'>c</a>\
             <a href='javascript:void(0)'>d</a><a href=''>e</a><a href='1990'>f</a></td></tr></tbody></table>",
        );
        let links: Vec<&str> = shown.tables[0].rows[0].cells[0].links.iter().map(Url::as_str).collect();
        let base = "https://my.taggrading.com";
        assert_eq!(links, [format!("{base}/card/X1"), format!("{base}/pop-report/Baseball/1990")]);
    }

    #[test]
    fn fault_16_totals_are_found_in_the_first_cell_and_in_the_second() {
        let shown = read(
            "<table><tbody><tr><td>1</td><td>A</td></tr><tr><td>totals</td><td></td></tr>\
             <tr><td></td><td>TOTALS</td></tr><tr><td> </td><td></td></tr></tbody></table>",
        );
        assert_eq!((shown.tables[0].rows.len(), shown.tables[0].totals.len()), (1, 2));
    }

    #[test]
    fn a_pager_tells_how_long_the_list_is() {
        let check = |text: &str, expected| {
            let html =
                format!("<table></table><div class='MuiTablePagination-root jss9'><p>{text}</p></div>");
            assert_eq!(read(&html).range, expected, "{text}");
        };
        check("1-200 of 232", Some((200, 232)));
        check("1\u{2013}200 of 4,405", Some((200, 4405)));
        check("0-0 of 0", Some((0, 0)));
        check("Rows per page: 200", None);
    }

    #[test]
    fn spanned_columns_keep_their_places() {
        let shown = read(
            "<table><thead><tr><th colspan=2>Card</th><th>10</th></tr></thead>\
             <tbody><tr><td>1</td><td>A</td><td>5</td></tr></tbody></table>",
        );
        assert_eq!(shown.tables[0].headers, ["Card", "", "10"]);
    }
}

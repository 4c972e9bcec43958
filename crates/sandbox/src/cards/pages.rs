//! What each page shows, as cells, and those as markup for whoever asks for pages that are built already.

use std::fmt::Write as _;

use serde::Serialize;

use super::names::GRADES;
use super::truth::{certificate_of, set_populations, year_of};
use super::world::{CardAt, PAGE_ROWS, SetAt, World};

/// One cell.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Cell {
    pub text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bold: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub href: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// What a page shows.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Shown {
    /// Names and links of tiles, where it is the list of categories.
    pub tiles: Vec<(String, String)>,
    pub headers: Vec<String>,
    pub rows: Vec<Vec<Cell>>,
    pub totals: Option<Vec<Cell>>,
    /// How many rows the list has in all.
    pub of: usize,
    /// What the report of a certificate says, where it is one.
    pub report: Option<Report>,
}

/// The report of a certificate: blocks of text, a picture and a score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Player, set, subset and variation; the last ones may be empty.
    pub blocks: [String; 4],
    pub picture: String,
    pub score: u64,
}

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    List,
    Category(usize),
    Year(usize, usize),
    Set(SetAt),
    Card(CardAt),
    Certificate(CardAt, usize),
}

impl World {
    /// The page that decoded segments behind `/pop-report` and the query's names lead to.
    pub fn find(&self, segments: &[String], set_name: &str, variation: &str) -> Option<Place> {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (name, rest) = match segments.as_slice() {
            [] => return Some(Place::List),
            [name, rest @ ..] => (*name, rest),
        };
        let category = (0..self.options.categories).find(|at| self.category(*at) == name)?;
        let (year, rest) = match rest {
            [] => return Some(Place::Category(category)),
            [year, rest @ ..] => ((0..self.options.years).find(|at| self.year(*at) == **year)?, rest),
        };
        let (brand, rest) = match rest {
            [] => return Some(Place::Year(category, year)),
            [brand, rest @ ..] => (*brand, rest),
        };
        let set = self.sets_of(category, year).find(|at| self.set(*at) == (brand, set_name))?;
        let [name, number] = rest else { return rest.is_empty().then_some(Place::Set(set)) };
        let card =
            self.cards_of(set).find(|at| self.card(*at) == (*name, (*number).to_owned(), known(variation)));
        card.map(Place::Card)
    }

    /// What the page shows, all rows.
    pub fn show(&self, place: Place) -> Shown {
        match place {
            Place::List => self.list(),
            Place::Category(category) => self.years_page(category),
            Place::Year(category, year) => self.sets_page(category, year),
            Place::Set(set) => self.cards_page(set),
            Place::Card(card) => self.copies_page(card),
            Place::Certificate(card, copy) => self.report_page(card, copy),
        }
    }

    fn list(&self) -> Shown {
        let tile = |category| {
            let name = self.category(category);
            (name.to_owned(), format!("/pop-report/{}", escaped(name)))
        };
        Shown { tiles: (0..self.options.categories).map(tile).collect(), ..Shown::default() }
    }

    fn years_page(&self, category: usize) -> Shown {
        let name = self.category(category);
        let mut sums = [0; 3];
        let rows: Vec<Vec<Cell>> = (0..self.options.years)
            .map(|year| {
                let truth = year_of(self, category, year);
                let counts = [truth.sets, truth.items, truth.graded];
                sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                let href = format!("/pop-report/{}/{}", escaped(name), truth.year);
                let first = Cell { text: truth.year, href: Some(href), ..Cell::default() };
                std::iter::once(first).chain(counts.map(number)).collect()
            })
            .collect();
        let totals = std::iter::once(plain("TOTALS")).chain(sums.map(number)).collect();
        let headers = ["Year", "# of Sets", "Total Items", "Total Graded"].map(str::to_owned).to_vec();
        Shown { of: rows.len(), headers, rows, totals: Some(totals), ..Shown::default() }
    }

    fn sets_page(&self, category: usize, year: usize) -> Shown {
        let mut sum = [0; GRADES.len()];
        let rows: Vec<Vec<Cell>> = self
            .sets_of(category, year)
            .map(|at| {
                let counts = set_populations(self, at);
                sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                let (brand, set) = self.set(at);
                let title = Cell {
                    text: set.to_owned(),
                    bold: Some(brand.to_owned()),
                    href: Some(self.set_href(at)),
                    ..Cell::default()
                };
                counted(vec![title], &counts)
            })
            .collect();
        let totals = counted(vec![plain("TOTALS")], &sum);
        Shown { of: rows.len(), headers: headers(&["Grade"]), rows, totals: Some(totals), ..Shown::default() }
    }

    fn cards_page(&self, set: SetAt) -> Shown {
        let mut sum = [0; GRADES.len()];
        let rows: Vec<Vec<Cell>> = self
            .cards_of(set)
            .map(|at| {
                let counts = self.populations(at);
                sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
                let (name, number, variation) = self.card(at);
                let mut href = self.set_href(set);
                let query = href.find('?').map(|at| href.split_off(at)).unwrap_or_default();
                href += &format!("/{}/{}{query}", escaped(name), escaped(&number));
                if !variation.is_empty() {
                    let sign = if query.is_empty() { '?' } else { '&' };
                    href += &format!("{sign}variation={}", form(variation));
                }
                let name = Cell { text: name.to_owned(), href: Some(href), ..Cell::default() };
                counted(vec![plain(&number), name], &counts)
            })
            .collect();
        // The word stands in the first cell of some pages and in the second of others.
        let leading = if set.set.is_multiple_of(2) { ["TOTALS", ""] } else { ["", "TOTALS"] };
        let totals = counted(leading.map(plain).to_vec(), &sum);
        Shown {
            of: rows.len(),
            headers: headers(&["Card #", "Player"]),
            rows,
            totals: Some(totals),
            ..Shown::default()
        }
    }

    fn copies_page(&self, card: CardAt) -> Shown {
        let rows: Vec<Vec<Cell>> = self
            .copies(card)
            .into_iter()
            .map(|copy| {
                let grade = GRADES[copy.grade].1;
                let (year, month, day) = copy.day;
                let report =
                    Cell { href: Some(format!("/card/{}", copy.certificate)), ..plain("open_in_new") };
                vec![
                    valued(&copy.rank.to_string(), &copy.rank.to_string()),
                    valued(grade, grade),
                    report,
                    valued(&copy.rank_by_grade.to_string(), &copy.rank_by_grade.to_string()),
                    valued(&ordinal(copy.chronology), &copy.chronology.to_string()),
                    valued(&ordinal(copy.chronology_by_grade), &copy.chronology_by_grade.to_string()),
                    valued(
                        &format!("{month:02}-{day:02}-{year}"),
                        &format!("{year}-{month:02}-{day:02}T00:00:00.000Z"),
                    ),
                    valued(&copy.certificate, &copy.certificate),
                ]
            })
            .collect();
        let headers = [
            "Rank",
            "TAG Grade",
            "View Report",
            "Rank by Grade",
            "Chronology",
            "Chron by Grade",
            "Completed",
            "Cert Number",
        ];
        Shown { of: rows.len(), headers: headers.map(str::to_owned).to_vec(), rows, ..Shown::default() }
    }

    fn report_page(&self, card: CardAt, copy: usize) -> Shown {
        let truth = certificate_of(self, card, copy);
        let picture = format!("/card-images/{}.jpg", truth.certificate);
        let blocks = [truth.player, truth.set, truth.subset, truth.variation];
        Shown { report: Some(Report { blocks, picture, score: truth.score }), ..Shown::default() }
    }

    fn set_href(&self, at: SetAt) -> String {
        let (brand, set) = self.set(at);
        let path = format!(
            "/pop-report/{}/{}/{}",
            escaped(self.category(at.category)),
            self.year(at.year),
            escaped(brand)
        );
        if set.is_empty() { path } else { format!("{path}?setName={}", form(set)) }
    }
}

fn known(variation: &str) -> &'static str {
    super::names::VARIATIONS.iter().find(|known| **known == variation).copied().unwrap_or("?")
}

fn headers(leading: &[&str]) -> Vec<String> {
    let grades = GRADES.iter().map(|(grade, _)| *grade);
    leading.iter().copied().chain(grades).chain(["Total"]).map(str::to_owned).collect()
}

fn counted(mut leading: Vec<Cell>, counts: &[u64; GRADES.len()]) -> Vec<Cell> {
    leading.extend(counts.iter().copied().map(number));
    leading.push(number(counts.iter().sum()));
    leading
}

fn plain(text: &str) -> Cell {
    Cell { text: text.to_owned(), ..Cell::default() }
}

fn valued(text: &str, value: &str) -> Cell {
    Cell { value: Some(value.to_owned()), ..plain(text) }
}

/// None is a dash; thousands have commas.
fn number(count: u64) -> Cell {
    if count == 0 {
        return plain("-");
    }
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    plain(&text)
}

fn ordinal(number: usize) -> String {
    let ending = match (number % 10, number % 100) {
        (_, 11..=13) => "TH",
        (1, _) => "ST",
        (2, _) => "ND",
        (3, _) => "RD",
        _ => "TH",
    };
    format!("{number}{ending}")
}

/// A path segment: what would end it is escaped, a space and a plus stay as they are.
pub fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('/', "%2F").replace('?', "%3F").replace('#', "%23")
}

/// A value of a query, with a plus for a space.
fn form(text: &str) -> String {
    text.replace('%', "%25").replace('&', "%26").replace('+', "%2B").replace('#', "%23").replace(' ', "+")
}

/// The page as markup, as it stands once its script has run and its list has been walked to the end.
pub fn markup(shown: &Shown) -> String {
    let mut html =
        String::from("<!DOCTYPE html><html><head><title>Pop Report</title></head><body><div id=\"root\">");
    for (name, href) in &shown.tiles {
        let _ = write!(
            html,
            "<div class=\"MuiGrid-item MuiGrid-grid-lg-2\"><a href=\"{}\"><img src=\"/i.png\"><h6>{}</h6></a></div>",
            safe(href),
            safe(name)
        );
    }
    if !shown.headers.is_empty() {
        table(&mut html, shown);
    } else if shown.of > 0 {
        let (to, of) = (shown.tiles.len(), shown.of);
        let _ = write!(html, "<div class=\"MuiTablePagination-root\"><p>1-{to} of {of}</p></div>");
    }
    if let Some(report) = &shown.report {
        report_markup(&mut html, report);
    }
    html.push_str("</div></body></html>");
    html
}

fn report_markup(html: &mut String, report: &Report) {
    let _ = write!(html, "<img src=\"{}\"><div>", safe(&report.picture));
    for block in &report.blocks {
        let _ = write!(html, "<div class=\"MuiTypography-root\">{}</div>", safe(block));
    }
    let _ = write!(html, "</div><div><span>TAG Score</span><span>{}</span></div>", report.score);
}

fn table(html: &mut String, shown: &Shown) {
    html.push_str("<table class=\"MuiTable-root\"><thead><tr class=\"MuiTableRow-root\">");
    shown.headers.iter().for_each(|header| {
        let _ = write!(html, "<th class=\"MuiTableCell-root\">{}</th>", safe(header));
    });
    html.push_str("</tr></thead><tbody>");
    for row in shown.rows.iter().chain(&shown.totals) {
        html.push_str("<tr class=\"MuiTableRow-root\">");
        row.iter().for_each(|one| cell(html, one));
        html.push_str("</tr>");
    }
    let from = if shown.rows.is_empty() { 0 } else { (shown.rows.len() - 1) / PAGE_ROWS * PAGE_ROWS + 1 };
    let _ = write!(
        html,
        "</tbody></table><div class=\"MuiTablePagination-root\"><p>{from}-{} of {}</p></div>",
        shown.rows.len(),
        shown.of
    );
}

fn cell(html: &mut String, cell: &Cell) {
    html.push_str("<td class=\"MuiTableCell-root\"");
    if let Some(value) = &cell.value {
        let _ = write!(html, " value=\"{}\"", safe(value));
    }
    html.push('>');
    if let Some(href) = &cell.href {
        let _ = write!(html, "<a href=\"{}\">", safe(href));
    }
    if let Some(bold) = &cell.bold {
        let _ = write!(html, "<b>{}</b>", safe(bold));
    }
    html.push_str(&safe(&cell.text));
    html.push_str(if cell.href.is_some() { "</a></td>" } else { "</td>" });
}

fn safe(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

//! Pages as the site shows them: tables with generated class names, numeric cells, a pager.

use std::fmt::Write as _;

/// The grades in the order of the columns.
pub const GRADES: [&str; 20] = [
    "10P", "10", "9", "8.5", "8", "7.5", "7", "6.5", "6", "5.5", "5", "4.5", "4", "3.5", "3", "2.5", "2",
    "1.5", "1", "VA",
];

/// A table page: headers, rows of inner markup, and what stands behind the table.
pub fn table(headers: &[&str], rows: &[Vec<String>], after: &str) -> String {
    let mut html = String::from(
        "<html><body><div id=root><table class=\"MuiTable-root jss77\"><thead><tr class=\"MuiTableRow-root\">",
    );
    for header in headers {
        let _ = write!(
            html,
            "<th class=\"MuiTableCell-root jss80\">{header}<span class=icon>arrow_upward</span></th>"
        );
    }
    html.push_str("</tr></thead><tbody class=\"MuiTableBody-root\">");
    for row in rows {
        html.push_str("<tr class=\"MuiTableRow-root jss81\">");
        for cell in row {
            match cell.strip_prefix('@') {
                // `@value|text`: a cell with an attribute.
                Some(valued) => {
                    let (value, text) = valued.split_once('|').unwrap_or((valued, ""));
                    let _ = write!(html, "<td class=\"MuiTableCell-root\" value=\"{value}\">{text}</td>");
                }
                None => {
                    let _ =
                        write!(html, "<td class=\"MuiTableCell-root MuiTableCell-alignCenter\">{cell}</td>");
                }
            }
        }
        html.push_str("</tr>");
    }
    let _ = write!(html, "</tbody></table>{after}</div></body></html>");
    html
}

pub fn pager(text: &str) -> String {
    format!("<div class=\"MuiTablePagination-root jss90\"><p>{text}</p><button>chevron_right</button></div>")
}

/// A row: leading cells, then a count for each grade, then the total.
pub fn counted(leading: &[&str], counts: &[(&str, &str)], total: &str) -> Vec<String> {
    let mut row: Vec<String> = leading.iter().map(|cell| (*cell).to_owned()).collect();
    for grade in GRADES {
        let count = counts.iter().find(|(known, _)| *known == grade).map_or("-", |(_, count)| *count);
        row.push(count.to_owned());
    }
    row.push(total.to_owned());
    row
}

/// The headers of such a table.
pub fn headers<'a>(leading: &[&'a str]) -> Vec<&'a str> {
    leading.iter().copied().chain(GRADES).chain(["Total"]).collect()
}

/// The headers of a card's page.
pub const COPY_HEADERS: [&str; 8] = [
    "Rank",
    "TAG Grade",
    "View Report",
    "Rank by Grade",
    "Chronology",
    "Chron by Grade",
    "Completed",
    "Cert Number",
];

/// One graded copy as a card's page shows it.
pub fn copy(rank: &str, grade: &str, certificate: &str, completed: &str) -> Vec<String> {
    vec![
        format!("@{rank}|{rank}"),
        format!("@{grade}|{grade}"),
        format!("<a href=\"/card/{certificate}\">open_in_new</a>"),
        format!("@{rank}|{rank}"),
        "@1|1ST".to_owned(),
        "@1|1ST NM MT+".to_owned(),
        completed.to_owned(),
        format!("@{certificate}|{certificate}"),
    ]
}

//! Words looked for in cards, sets, categories and certificates, a share of the hits for each.

use model::Kind;
use store::{Store, StoreError};

use super::{CardRow, Filter, each_row};

/// One row that fits.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Hit {
    /// Its kind.
    pub kind: &'static str,
    /// Its source key.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// Copies, where it counts them.
    pub total: Option<i64>,
}

/// What is looked through, with the columns that are.
const PLACES: [(Kind, &[&str]); 4] = [
    (Kind::Card, &["name", "number", "variation"]),
    (Kind::CardSet, &["title"]),
    (Kind::CardCategory, &["name"]),
    (Kind::GradedCard, &["certificate"]),
];

/// The rows that hold all words of `text`, `most` in all: a quarter of each kind, best counted first.
pub async fn search(store: &Store, text: &str, most: usize) -> Result<Vec<Hit>, StoreError> {
    let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let mut found = Vec::new();
    for (kind, columns) in PLACES {
        let mut hits: Vec<Hit> = Vec::new();
        each_row(store, kind, &Filter::default(), |row| {
            if fits(&row, columns, &words) {
                hits.push(hit(kind, &row));
            }
        })
        .await?;
        hits.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.key.cmp(&b.key)));
        hits.truncate(most.div_ceil(PLACES.len()));
        found.extend(hits);
    }
    Ok(found)
}

fn fits(row: &CardRow, columns: &[&str], words: &[String]) -> bool {
    let all: Vec<String> = columns.iter().map(|column| row.text(column).to_lowercase()).collect();
    !words.is_empty() && words.iter().all(|word| all.iter().any(|text| text.contains(word.as_str())))
}

fn hit(kind: Kind, row: &CardRow) -> Hit {
    let name = match kind {
        Kind::Card => format!("{} #{} {}", row.text("name"), row.text("number"), row.text("variation")),
        Kind::CardCategory => row.text("name").to_owned(),
        _ => row.text("title").to_owned(),
    };
    Hit {
        kind: kind.name(),
        key: row.key.clone(),
        name: name.trim_end().to_owned(),
        total: row.number("total"),
    }
}

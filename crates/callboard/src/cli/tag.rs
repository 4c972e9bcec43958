//! `callboard tag`: graded cards, asked. Levels, search, certificates; how populations went; whether the
//! levels agree.

mod charts;
mod chosen;
mod course;
mod levels;
mod shown;
mod trends;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use connect::value::text::is_like;
use engine::cards::Filter;
use store::Store;

use crate::config::Config;
use crate::world::open_existing;

const EXAMPLES: &str = "\
Examples:
  callboard run tag --categories Baseball --year-filter 1989     gather them first
  callboard tag years --category Baseball
  callboard tag cards --category Baseball --year 1989 --set 'Donruss*' --format csv
  callboard tag trend 'Baseball/1989/Donruss//Gary Carter/53/'
  callboard tag trend --days 30                                  what moved: new copies, new grades, first tens
  callboard tag totals --differences                             where the levels do not agree
  callboard tag cert X3032464";

/// Ask for graded cards: populations by level, their history, certificates.
#[derive(Args)]
#[command(after_help = EXAMPLES, subcommand_required = true, arg_required_else_help = true)]
pub struct Tag {
    #[command(subcommand)]
    question: Question,
}

#[derive(Subcommand)]
enum Question {
    /// Categories with their years, sets, cards and copies
    Categories(CategoriesOf),
    /// Years of categories
    Years(YearsOf),
    /// Sets with their populations
    Sets(SetsOf),
    /// Cards with their populations
    Cards(CardsOf),
    /// Graded copies, and how many there are of each grade
    Grades(CardsOf),
    /// Look for cards, sets, categories and certificates
    Search(SearchFor),
    /// How a population went over time; without a name, what moved lately
    Trend(trends::TrendOf),
    /// What pages state as their totals, and where it differs from what they list
    Totals(TotalsOf),
    /// One graded copy by the number of its certificate
    Cert(CertOf),
}

/// Each question has the flags that it honours, and no others.
#[derive(Args)]
struct CategoriesOf {
    /// Only this category; * is any text
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Args)]
struct YearsOf {
    #[command(flatten)]
    place: Place,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Args)]
struct SetsOf {
    #[command(flatten)]
    place: Place,
    /// Only sets of this brand or name, or both; * is any text
    #[arg(long, value_name = "NAME")]
    set: Option<String>,
    /// Only with this grade: of sets and cards those that have a copy of it
    #[arg(long, value_name = "GRADE", value_parser = grade)]
    grade: Option<String>,
    #[command(flatten)]
    shown: Shown,
}

#[derive(Args)]
struct CardsOf {
    /// Only cards of this name, number or key; * is any text
    #[arg(long, value_name = "NAME")]
    card: Option<String>,
    #[command(flatten)]
    within: SetsOf,
}

#[derive(Args)]
struct Place {
    /// Only of this category
    #[arg(long, value_name = "NAME")]
    category: Option<String>,
    /// Only of this year
    #[arg(long, value_name = "YEAR")]
    year: Option<String>,
}

#[derive(Args)]
struct Shown {
    /// At most so many [default: 50 for a table, all otherwise]
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: CardFormat,
}

#[derive(Args)]
struct SearchFor {
    /// Words that must all occur
    #[arg(required = true)]
    words: Vec<String>,
    /// At most so many, a quarter of each kind
    #[arg(long, value_name = "N", default_value = "50", value_parser = clap::value_parser!(u16).range(1..=200))]
    limit: u16,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: CardFormat,
}

#[derive(Args)]
struct TotalsOf {
    #[command(flatten)]
    place: Place,
    /// Only what differs
    #[arg(long)]
    differences: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: CardFormat,
}

#[derive(Args)]
struct CertOf {
    /// The number of the certificate
    number: String,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: CardFormat,
}

/// How rows are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum CardFormat {
    /// For eyes
    Table,
    /// One JSON list
    Json,
    /// One JSON object a line
    Ndjson,
    /// Comma-separated values with a header
    Csv,
}

impl Tag {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        match self.question {
            Question::Categories(ask) => levels::categories(&store, &ask).await?,
            Question::Years(ask) => levels::years(&store, &ask).await?,
            Question::Sets(ask) => levels::sets(&store, &ask).await?,
            Question::Cards(ask) => levels::cards(&store, &ask).await?,
            Question::Grades(ask) => levels::grades(&store, &ask).await?,
            Question::Search(asked) => levels::search(&store, &asked).await?,
            Question::Trend(asked) => trends::trend(&store, &asked).await?,
            Question::Totals(asked) => trends::totals(&store, &asked).await?,
            Question::Cert(asked) => levels::certificate(&store, &asked).await?,
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl Place {
    /// What the store can choose by itself.
    async fn filter(&self, store: &Store) -> Result<Filter> {
        chosen::chosen(store, self.category.as_ref(), self.year.as_ref()).await
    }
}

impl Shown {
    fn most(&self) -> usize {
        self.limit.unwrap_or(if self.format == CardFormat::Table { 50 } else { usize::MAX })
    }
}

/// Whether `pattern`, in which `*` is any text, is one of the names, without regard to case.
fn is_one_of(pattern: &str, names: &[&str]) -> bool {
    names.iter().any(|name| is_like(pattern, name))
}

/// A grade as it is kept, from any of its spellings: `8.5 NM MT+` is 8.5.
fn grade(said: &str) -> Result<String, String> {
    let read = model::grade::grade_of(said).map(|(grade, _)| grade);
    read.ok_or_else(|| "grades are 1 to 10 in halves, 10P and VA".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_text() {
        let check =
            |pattern, name, expected| assert_eq!(is_one_of(pattern, &[name]), expected, "{pattern} {name}");
        check("donruss*", "Donruss Diamond Kings", true);
        check("*kings", "Donruss Diamond Kings", true);
        check("d*i*s", "Donruss Diamond Kings", true);
        check("donruss", "Donruss Diamond Kings", false);
        check("*", "", true);
    }
}

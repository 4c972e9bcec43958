//! Which rows were asked for: a category by its name in any case, a year.

use std::collections::BTreeSet;

use anyhow::Result;
use engine::cards::{self, Filter};
use model::{Kind, nearest};
use store::Store;

use crate::output::usage;

/// The rows of a category and a year, as the store can choose them.
pub async fn chosen(store: &Store, category: Option<&String>, year: Option<&String>) -> Result<Filter> {
    let category = match category {
        Some(asked) => Some(named(asked, &categories(store).await?)?),
        None => None,
    };
    let stated = [("category", category), ("year", year.cloned())];
    Ok(Filter(stated.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()))
}

async fn categories(store: &Store) -> Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    // Saved pages may be those of sets alone.
    for (kind, column) in [
        (Kind::CardCategory, "name"),
        (Kind::CardYear, "category"),
        (Kind::CardSet, "category"),
        (Kind::Card, "category"),
    ] {
        cards::each_row(store, kind, &Filter::default(), |row| {
            names.insert(row.text(column).to_owned());
        })
        .await?;
    }
    Ok(names)
}

/// The spelling that is kept. Where nothing is kept yet, that is not the fault of the name.
fn named(asked: &str, known: &BTreeSet<String>) -> Result<String> {
    let same = |name: &&String| name.to_lowercase() == asked.to_lowercase();
    match (known.iter().find(same), nearest(asked, known.iter().map(String::as_str))) {
        (Some(name), _) => Ok(name.clone()),
        (None, _) if known.is_empty() => Ok(asked.to_owned()),
        (None, Some(near)) => Err(usage(format!("no category is called {asked:?}; did you mean {near:?}?"))),
        (None, None) => Err(usage(format!(
            "no category is called {asked:?}; `callboard tag categories` tells what there is"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_category_is_found_in_any_case_and_guessed_at_when_misspelt() {
        let known = ["Baseball", "Marvel/DC", "Pokémon"].map(str::to_owned).into();
        let check = |asked: &str, expected: Result<&str, &str>| {
            let found = named(asked, &known).map_err(|error| error.to_string());
            match (&found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(told), Err(expected)) => assert!(told.contains(expected), "{told}"),
                _ => panic!("{asked}: {found:?}"),
            }
        };
        check("marvel/dc", Ok("Marvel/DC"));
        check("POKÉMON", Ok("Pokémon"));
        check("pokemon", Err("did you mean \"Pokémon\"?"));
        check("Curling on ice", Err("tag categories"));
        assert_eq!(named("x", &BTreeSet::new()).expect("nothing is known"), "x");
    }
}

//! What was asked for by name and is not there. A run that a misspelt filter leaves with nothing would look
//! like a good one otherwise.

use std::collections::BTreeSet;

use connect::value::text::is_like;
use connect::{ByName, Connector, Params};
use model::{Kind, nearest};
use serde_json::{Map, Value};

use super::finish::End;
use super::origin::Origin;
use crate::functions::{Call, Failure};

/// Names that are compared; beyond, nothing is said.
const NAMES_MAX: usize = 100_000;

/// Names that are told where none is near.
const TOLD: usize = 5;

/// Tells of each name that none of the rows has which the run saw. Where it saw no rows of the kind there is
/// nothing to tell: what leads to them did not fit either.
pub(super) async fn tell(call: &Call, origin: &Origin, end: &mut End) -> Result<(), Failure> {
    let Some(connector) = &origin.connector else { return Ok(()) };
    for asked in connector.by_name(&origin.params) {
        let mut names = BTreeSet::new();
        for column in asked.columns {
            let of = (call.run.id, origin.scope.as_str());
            names.extend(call.world.store.texts_stated(of, (asked.kind, column), NAMES_MAX).await?);
        }
        let fits = names.iter().any(|name| is_like(&asked.name, name));
        if !names.is_empty() && names.len() < NAMES_MAX && !fits {
            end.is_short(unmet(&asked, &names));
        }
    }
    Ok(())
}

/// What is asked for by name of one kind, and what the rows are called that were seen of it.
pub(super) struct Asked {
    wanted: Vec<ByName>,
    names: BTreeSet<String>,
}

impl Asked {
    pub(super) fn of(connector: &dyn Connector, params: &Params, kind: Kind) -> Asked {
        let wanted = connector.by_name(params).into_iter().filter(|asked| asked.kind == kind).collect();
        Asked { wanted, names: BTreeSet::new() }
    }

    /// Notes what a row is called.
    pub(super) fn see(&mut self, fields: &Map<String, Value>) {
        let columns = self.wanted.iter().flat_map(|asked| asked.columns);
        self.names.extend(columns.filter_map(|column| Some(fields.get(*column)?.as_str()?.to_owned())));
    }

    /// The first of which no row is called so, in words.
    pub(super) fn unmet(&self) -> Option<String> {
        let fits = |asked: &&ByName| !self.names.iter().any(|name| is_like(&asked.name, name));
        self.wanted
            .iter()
            .find(fits)
            .filter(|_| !self.names.is_empty())
            .map(|asked| unmet(asked, &self.names))
    }
}

fn unmet(asked: &ByName, names: &BTreeSet<String>) -> String {
    let help = match nearest(&asked.name, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean {near:?}?"),
        None => {
            let first: Vec<&str> = names.iter().take(TOLD).map(String::as_str).collect();
            let more = names.len() > first.len();
            let more = if more { format!(" and more: {} in all", names.len()) } else { String::new() };
            format!("there are {}{more}", first.join(", "))
        }
    };
    format!("{}: nothing is called {:?}; {help}", asked.parameter, asked.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_told_with_the_nearest_name_or_with_what_there_is() {
        let names = ["Bowman", "Donruss", "Fleer", "Score", "Topps", "Upper Deck"].map(str::to_owned).into();
        let check = |name: &str, expected: &str| {
            let (parameter, name) = ("set_filter", name.to_owned());
            let told = unmet(&ByName { parameter, name, kind: Kind::CardSet, columns: &["brand"] }, &names);
            assert!(told.starts_with("set_filter: ") && told.ends_with(expected), "{told}");
        };
        check("Donrus", "nothing is called \"Donrus\"; did you mean \"Donruss\"?");
        check("Zz*", "there are Bowman, Donruss, Fleer, Score, Topps and more: 6 in all");
    }
}

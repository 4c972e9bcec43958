//! Reads landed documents again with today's readers: what would change, and on request keeps it.
//! Nothing is fetched; a document counts once, in its newest form.

use std::collections::BTreeMap;
use std::sync::Arc;

use connect::{Connector, Params};
use model::{RunId, SourceName};
use store::{DocumentRow, Store, StoreError};

use crate::collect::{Named, Origin, Recogniser};

/// Which documents to read again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// Those of one run.
    Run(RunId),
    /// Those of one source.
    Source(SourceName),
    /// Those of every source.
    All,
}

/// Finds a connector by name.
pub type Finder<'a> = &'a dyn Fn(&str) -> Option<Arc<dyn Connector>>;

/// The landed documents of `which` as origins of a run, one for each connector and scope.
pub async fn origins(
    store: &Store,
    which: &Which,
    find: Finder<'_>,
    recognise: Recogniser,
) -> Result<Vec<Origin>, StoreError> {
    let mut groups: BTreeMap<(String, String, SourceName), Vec<DocumentRow>> = BTreeMap::new();
    for row in newest(documents(store, which).await?) {
        groups.entry((row.connector.clone(), row.scope.clone(), row.source.clone())).or_default().push(row);
    }
    let origins = groups.into_iter().map(|((connector, scope, source), landed)| Origin {
        label: scope.clone(),
        connector: find(&connector),
        params: params_of(&scope),
        named: if landed.iter().any(|row| row.outcome != "failed") {
            Named::Source(source)
        } else {
            Named::Otherwise(source)
        },
        scope,
        recognise: recognise.clone(),
        requests: Vec::new(),
        files: Vec::new(),
        landed,
        wanted: None,
    });
    Ok(origins.collect())
}

async fn documents(store: &Store, which: &Which) -> Result<Vec<DocumentRow>, StoreError> {
    match which {
        Which::Run(run) => store.documents_of_run(*run).await,
        Which::Source(source) => store.documents_of_source(source).await,
        Which::All => {
            let mut rows = Vec::new();
            for known in store.sources().await? {
                rows.extend(store.documents_of_source(&known.source).await?);
            }
            Ok(rows)
        }
    }
}

/// What steps of pipelines landed is read by these steps alone.
const OF_STEPS: [&str; 2] = ["shell", "http"];

/// Documents with a body, each in its newest form, oldest first.
fn newest(rows: Vec<DocumentRow>) -> Vec<DocumentRow> {
    let mut by_name: BTreeMap<(String, String, String), DocumentRow> = BTreeMap::new();
    for row in
        rows.into_iter().filter(|row| row.body.is_some() && !OF_STEPS.contains(&row.connector.as_str()))
    {
        let name = (row.connector.clone(), row.scope.clone(), row.name.clone());
        match by_name.get(&name) {
            Some(known) if known.number > row.number => {}
            _ => drop(by_name.insert(name, row)),
        }
    }
    let mut rows: Vec<DocumentRow> = by_name.into_values().collect();
    rows.sort_by_key(|row| row.number);
    rows
}

/// The scope of a connector's run: its name, and its plain parameters as JSON where it has some.
pub fn scope_of(connector: &str, params: &Params) -> String {
    if params.plain.is_empty() {
        return connector.to_owned();
    }
    let plain = serde_json::to_string(&params.plain).unwrap_or_default();
    format!("{connector} {plain}")
}

/// The plain parameters that a scope was made with.
fn params_of(scope: &str) -> Params {
    let json = scope.split_once(" {").map(|(_, rest)| format!("{{{rest}"));
    let plain = json.and_then(|json| serde_json::from_str(&json).ok()).unwrap_or_default();
    Params { plain, ..Params::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_remembers_its_plain_parameters() {
        let mut params = Params::default();
        assert_eq!(scope_of("tribe", &params), "tribe");
        params.plain.insert("url".to_owned(), "https://x.test/a b".into());
        params.secret.insert("token".to_owned(), "s3cret".to_owned().into());
        let scope = scope_of("tribe", &params);
        assert!(!scope.contains("s3cret"));
        assert_eq!(params_of(&scope).plain, params.plain);
    }
}

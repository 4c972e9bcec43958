//! Changes of the schema that are more than an addition. Each has the number of the version it leads to,
//! and is run once, by `callboard migrate --apply` alone: it may take long, or rewrite what is there.

use model::Kind;

use super::catalog::Catalog;
use super::declared;
use super::statement::{Part, Statement};
use crate::rows::{follow, following};
use crate::sql::{self, Dialect};

/// The version of this program's schema. A database with a higher one is refused.
pub(crate) const VERSION: i64 = 3;

/// One such change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbered {
    /// The version it leads to.
    pub(crate) version: i64,
    /// What it does, for people.
    pub(crate) title: &'static str,
    /// How, in a database that has this.
    pub(crate) statements: fn(Dialect, &Catalog) -> Vec<String>,
}

/// Every one of them, by version. Versions without one were additions.
pub(super) const ALL: &[Numbered] = &[Numbered {
    version: 3,
    title: "instants and days of times become columns that are written, where the database computed them",
    statements: write_what_follows,
}];

fn write_what_follows(dialect: Dialect, catalog: &Catalog) -> Vec<String> {
    let mut statements = Vec::new();
    for spec in Kind::ALL.iter().map(|kind| kind.spec()) {
        let mut there: Vec<_> = following(spec).iter().collect();
        there.retain(|column| catalog.has_column(spec.table, &column.name));
        if dialect == Dialect::Postgres {
            // What was computed stays as what is written.
            let drop = |name: &str| {
                format!("ALTER TABLE \"{}\" ALTER \"{name}\" DROP EXPRESSION IF EXISTS", spec.table)
            };
            statements.extend(there.iter().map(|column| drop(&column.name)));
            continue;
        }
        // What is missing afterwards is made as whatever is missing: so are the indexes.
        let of_these = |index: &Statement| there.iter().any(|column| index.text.contains(&column.name));
        for index in declared::indexes(spec).into_iter().filter(of_these) {
            if let Part::Index { name, .. } = index.makes {
                statements.push(format!("DROP INDEX IF EXISTS \"{name}\""));
            }
        }
        for column in &there {
            let declared = sql::declare(dialect, &column.declared());
            statements.push(format!("ALTER TABLE \"{}\" DROP COLUMN \"{}\"", spec.table, column.name));
            statements.push(format!("ALTER TABLE \"{}\" ADD COLUMN {declared}", spec.table));
        }
        statements.extend(follow(dialect, spec, there));
    }
    statements
}

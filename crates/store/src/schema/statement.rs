//! One statement of the schema, and what is there once it has been run.

use crate::sql::{Dialect, declare};

/// A part of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Table(String),
    Column { table: String, name: String },
    Index { table: String, name: String },
    Function(String),
}

/// A statement that makes one part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) makes: Part,
    pub(super) text: String,
}

impl Statement {
    /// The statements of a text, each ended by `;` at the end of a line.
    pub(super) fn several(dialect: Dialect, text: &str) -> Vec<Statement> {
        let texts = text.split(";\n").map(str::trim).filter(|text| !text.is_empty());
        texts.filter_map(|text| Statement::read(&declare(dialect, text))).collect()
    }

    /// Reads what a statement makes from how it begins.
    fn read(text: &str) -> Option<Statement> {
        let bare = text.replacen("IF NOT EXISTS ", "", 1);
        let words: Vec<&str> = bare.split([' ', '(', '\n']).filter(|word| !word.is_empty()).collect();
        let named = |at: usize| words.get(at).map(|word| word.trim_matches('"').to_owned());
        let makes = match words.as_slice() {
            ["CREATE", "TABLE", ..] => Part::Table(named(2)?),
            ["CREATE", "VIRTUAL", "TABLE", ..] => Part::Table(named(3)?),
            ["CREATE", "INDEX", ..] => Part::Index { name: named(2)?, table: named(4)? },
            ["CREATE", "UNIQUE", "INDEX", ..] => Part::Index { name: named(3)?, table: named(5)? },
            ["create", "or", "replace", "function", ..] => Part::Function(named(4)?),
            _ => return None,
        };
        Some(Statement { makes, text: bare })
    }

    pub(super) fn table(name: &str, text: String) -> Statement {
        Statement { makes: Part::Table(name.to_owned()), text }
    }

    pub(super) fn column(table: &str, name: &str, declared: String) -> Statement {
        let makes = Part::Column { table: table.to_owned(), name: name.to_owned() };
        Statement { makes, text: format!("ALTER TABLE \"{table}\" ADD COLUMN {declared}") }
    }

    pub(super) fn index(table: &str, name: &str, columns: &str) -> Statement {
        let name = format!("{table}_{name}");
        let text = format!("CREATE INDEX \"{name}\" ON \"{table}\" ({columns})");
        Statement { makes: Part::Index { table: table.to_owned(), name }, text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_statement_makes_is_read_from_it() {
        let check = |text: &str, expected: Part| {
            assert_eq!(Statement::read(text).map(|statement| statement.makes), Some(expected), "{text}");
        };
        check("CREATE TABLE IF NOT EXISTS runs (\n seq TEXT)", Part::Table("runs".into()));
        check("CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (a)", Part::Table("words".into()));
        let index = Part::Index { table: "items".into(), name: "items_once".into() };
        check("CREATE UNIQUE INDEX IF NOT EXISTS items_once ON items (parent)", index);
        check("create or replace function f(a text) returns text", Part::Function("f".into()));
        assert_eq!(Statement::read("DROP TABLE runs"), None);
    }
}

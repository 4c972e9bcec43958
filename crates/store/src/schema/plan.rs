//! What there is to do until a database has the schema, found by comparing with its catalog.

use super::catalog::Catalog;
use super::declared;
use super::statement::{Part, Statement};
use super::{Found, Numbered, PendingChange, SchemaStatus, VERSION};
use crate::sql::{self, Conn, Dialect, SqlResult};

/// What there is to do.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// The version the database is at.
    pub(super) version: i64,
    pub(super) numbered: Vec<Numbered>,
    /// To be run at once.
    pub(super) now: Vec<Statement>,
    /// Indexes to be built while others read and write.
    pub(super) apart: Vec<Statement>,
}

impl Plan {
    /// What the database lacks; or, where it is none for this program, what it is.
    pub(super) async fn of(conn: &mut Conn, numbered: &[Numbered]) -> SqlResult<Result<Plan, Found>> {
        let catalog = Catalog::read(conn).await?;
        let known = numbered.last().map_or(VERSION, |change| change.version.max(VERSION));
        let version = match version_in(conn, &catalog).await? {
            Some(version) if version > known => return Ok(Err(Found::Newer(version))),
            None if !catalog.is_empty() => return Ok(Err(Found::Foreign)),
            version => version.unwrap_or(VERSION),
        };
        let numbered = numbered.iter().filter(|change| change.version > version).copied().collect();
        let mut plan = Plan { version, numbered, ..Plan::default() };
        let mut made = Vec::new();
        for statement in declared::all(conn.dialect()) {
            let is_new = |table: &str| made.iter().any(|name| name == table);
            let there = match &statement.makes {
                // The table is made with all its columns where it is generated, and they follow where not.
                Part::Column { table, .. } if is_new(table) && is_record_table(table) => true,
                part => catalog.has(part),
            };
            if there {
                continue;
            }
            let apart = match &statement.makes {
                Part::Index { table, .. } => {
                    conn.dialect() == Dialect::Postgres
                        && catalog.has_table(table)
                        && has_rows(conn, table).await?
                }
                _ => false,
            };
            if let Part::Table(name) = &statement.makes {
                made.push(name.clone());
            }
            if apart { plan.apart.push(statement) } else { plan.now.push(statement) }
        }
        Ok(Ok(plan))
    }

    /// As users are told of it.
    pub(super) fn status(&self) -> SchemaStatus {
        let asked = self.numbered.iter().map(|numbered| PendingChange {
            change: numbered.title.to_owned(),
            version: Some(numbered.version),
            when_asked: true,
        });
        let statement = |statement: &Statement, when_asked| PendingChange {
            change: statement.text.clone(),
            version: None,
            when_asked,
        };
        let now = self.now.iter().map(|s| statement(s, false));
        let apart = self.apart.iter().map(|s| statement(s, true));
        SchemaStatus {
            version: self.version,
            known: VERSION,
            pending: asked.chain(now).chain(apart).collect(),
        }
    }
}

fn is_record_table(table: &str) -> bool {
    model::Kind::ALL.iter().any(|kind| kind.spec().table == table)
}

async fn has_rows(conn: &mut Conn, table: &str) -> SqlResult<bool> {
    sql::query_scalar(format!("SELECT EXISTS (SELECT 1 FROM \"{table}\")")).fetch_one(conn).await
}

async fn version_in(conn: &mut Conn, catalog: &Catalog) -> SqlResult<Option<i64>> {
    if !catalog.has_table("schema_version") {
        return Ok(None);
    }
    sql::query_scalar("SELECT max(version) FROM schema_version").fetch_one(conn).await
}

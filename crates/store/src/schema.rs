//! The schema of a store, and how a database catches up with it.
//!
//! What the schema is, is declared once (`declared.rs`): record tables from their specs, and the fixed
//! tables around them. What of it a database lacks is found by comparing with its catalog; that is
//! added when the store is opened, and recorded. An index on a table that has rows in PostgreSQL is
//! built apart, so that nobody waits for it; a change that is no addition has a number. For both,
//! `callboard migrate --apply` is asked for.
//!
//! All of it is hashed into one fingerprint, which the database keeps: one that has it already is not
//! touched when it is opened.

mod catalog;
mod declared;
mod numbered;
mod plan;
mod statement;

use std::time::Duration;

use crate::sql::{self, Cell, Conn, Dialect, Insert, SqlResult};
use crate::{Store, StoreError};
use catalog::Catalog;
use plan::Plan;
use statement::{Part, Statement};

pub(crate) use numbered::{Numbered, VERSION};

/// How a database stands to this program's schema.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct SchemaStatus {
    /// The version it is at.
    pub version: i64,
    /// The version of this program.
    pub known: i64,
    /// What it lacks, in the order in which that is made.
    pub pending: Vec<PendingChange>,
}

/// Something that the schema of a database lacks.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct PendingChange {
    /// The statement, or what a numbered change does.
    pub change: String,
    /// The version it leads to, when it is a numbered change.
    pub version: Option<i64>,
    /// It is made by `migrate --apply` alone; everything else is made when the store is opened.
    pub when_asked: bool,
}

/// What opening a database found.
#[derive(Debug)]
pub(crate) enum Found {
    /// It is as this program wants it.
    Ready,
    /// Something else is in it.
    Foreign,
    /// It is of a later version.
    Newer(i64),
    /// It must be changed in a way that is asked for.
    Behind(i64),
}

/// What the schema is for a database of this kind: one statement a part, tables before their columns.
pub(crate) fn statements(dialect: Dialect) -> Vec<String> {
    declared::all(dialect).into_iter().map(|statement| statement.text).collect()
}

/// Stands for the schema, the same whatever database keeps it.
pub(crate) fn fingerprint() -> String {
    declared::fingerprint(Dialect::Sqlite)
}

/// Whether the database is known to be as this program wants it, without looking any further.
pub(crate) async fn is_known(conn: &mut Conn) -> SqlResult<bool> {
    let wanted = declared::fingerprint(conn.dialect());
    let catalog = match conn.dialect() {
        Dialect::Sqlite => {
            "SELECT count(*) FROM pragma_table_xinfo('schema_version') WHERE name = 'fingerprint'"
        }
        Dialect::Postgres => {
            "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('schema_version') \
             AND attname = 'fingerprint'"
        }
    };
    if sql::query_scalar::<i64>(catalog).fetch_one(&mut *conn).await? == 0 {
        return Ok(false);
    }
    let sql = "SELECT count(*) FROM schema_version WHERE fingerprint = ?1 AND version = ?2 \
               AND version = (SELECT max(version) FROM schema_version)";
    let known: i64 = sql::query_scalar(sql).bind(wanted).bind(VERSION).fetch_one(conn).await?;
    Ok(known > 0)
}

/// Adds what may be added at once. To be called inside a write transaction, which is to be committed
/// only when it says [`Found::Ready`].
pub(crate) async fn catch_up(conn: &mut Conn) -> SqlResult<Found> {
    let plan = match Plan::of(conn, numbered::ALL).await? {
        Ok(plan) => plan,
        Err(found) => return Ok(found),
    };
    if !plan.numbered.is_empty() {
        return Ok(Found::Behind(plan.version));
    }
    run(conn, &plan.now).await?;
    if !plan.apart.is_empty() {
        tracing::warn!(
            "the store lacks an index and is slower for it: `callboard migrate --apply` builds it"
        );
    } else {
        settle(conn).await?;
    }
    Ok(Found::Ready)
}

/// Runs statements and records that.
async fn run(conn: &mut Conn, statements: &[Statement]) -> SqlResult<()> {
    for statement in statements {
        sql::query(statement.text.clone()).execute(&mut *conn).await?;
    }
    let rows = statements.iter().map(|statement| vec![Cell::Text(statement.text.clone())]).collect();
    Insert::into("schema_changes", &["statement"]).write(conn, rows).await
}

/// Keeps that nothing is missing.
async fn settle(conn: &mut Conn) -> SqlResult<()> {
    sql::query("INSERT INTO schema_version (version, fingerprint) VALUES (?, ?)")
        .bind(VERSION)
        .bind(declared::fingerprint(conn.dialect()))
        .execute(conn)
        .await?;
    Ok(())
}

impl Store {
    /// How the database stands to this program's schema. Changes nothing.
    pub(crate) async fn schema_status(&self) -> Result<SchemaStatus, StoreError> {
        let planned = async { Plan::of(&mut self.writer.acquire().await?, numbered::ALL).await };
        match planned.await.map_err(|error| self.fault("comparing the schema", error))? {
            Ok(plan) => Ok(plan.status()),
            Err(found) => self.accept(found).map(|()| SchemaStatus::default()),
        }
    }

    /// Makes everything that the schema lacks, and gives what that was. Two that do it at once are no
    /// harm: the second finds nothing to do.
    pub(crate) async fn migrate(&self) -> Result<SchemaStatus, StoreError> {
        match self.migrate_with(numbered::ALL).await.map_err(|error| self.fault("migrating", error))? {
            Ok(made) => Ok(made),
            Err(found) => self.accept(found).map(|()| SchemaStatus::default()),
        }
    }

    /// The same with these numbered changes.
    pub(crate) async fn migrate_with(&self, numbered: &[Numbered]) -> SqlResult<Result<SchemaStatus, Found>> {
        let mut transaction = self.begin().await?;
        self.make_room(&mut transaction).await?;
        let plan = match Plan::of(&mut transaction, numbered).await? {
            Ok(plan) => plan,
            Err(found) => return Ok(Err(found)),
        };
        for change in &plan.numbered {
            let catalog = Catalog::read(&mut transaction).await?;
            for statement in (change.statements)(transaction.dialect(), &catalog) {
                sql::run_all(&mut transaction, &statement).await?;
            }
            sql::query("INSERT INTO schema_version (version) VALUES (?)")
                .bind(change.version)
                .execute(&mut *transaction)
                .await?;
        }
        // What is there may be other than before.
        let rest = match Plan::of(&mut transaction, numbered).await? {
            Ok(rest) => rest,
            Err(found) => return Ok(Err(found)),
        };
        run(&mut transaction, &rest.now).await?;
        if rest.apart.is_empty() && !plan.status().pending.is_empty() {
            settle(&mut transaction).await?;
        }
        transaction.commit().await?;
        let apart = if rest.apart.is_empty() { Vec::new() } else { self.build_apart(rest.apart).await? };
        Ok(Ok(Plan { version: plan.version, numbered: plan.numbered, now: rest.now, apart }.status()))
    }

    /// Builds indexes while others read and write; gives those it built. One process at a time: the next one
    /// finds them.
    async fn build_apart(&self, indexes: Vec<Statement>) -> SqlResult<Vec<Statement>> {
        let mut conn = self.writer.acquire().await?;
        // Asked again and again instead of waited for: who waits within a statement has a view of the
        // database, and the building of an index waits for everybody who has.
        let turn = self.turns.number() ^ 1;
        while !sql::query_scalar::<bool>("SELECT pg_try_advisory_lock(?)")
            .bind(turn)
            .fetch_one(&mut conn)
            .await?
        {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let built = build_each(&mut conn, indexes).await;
        sql::query("SELECT pg_advisory_unlock(?)").bind(turn).execute(&mut conn).await?;
        let built = built?;
        settle(&mut conn).await?;
        Ok(built)
    }
}

async fn build_each(conn: &mut Conn, mut indexes: Vec<Statement>) -> SqlResult<Vec<Statement>> {
    sql::run_all(conn, "SET statement_timeout = 0").await?;
    let catalog = Catalog::read(conn).await?;
    indexes.retain(|statement| !catalog.has(&statement.makes));
    for statement in &indexes {
        if let Part::Index { name, .. } = &statement.makes {
            // What is left of one that was not built to its end.
            sql::run_all(conn, &format!("DROP INDEX IF EXISTS \"{name}\"")).await?;
        }
        sql::run_all(conn, &statement.text.replacen("INDEX ", "INDEX CONCURRENTLY ", 1)).await?;
        let row = vec![vec![Cell::Text(statement.text.clone())]];
        Insert::into("schema_changes", &["statement"]).write(conn, row).await?;
    }
    sql::run_all(conn, "RESET statement_timeout").await?;
    Ok(indexes)
}

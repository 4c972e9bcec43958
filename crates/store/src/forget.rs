//! Forgetting a person: out of rows, change log, quarantine, documents, landed bodies and the index, words to
//! search by, work items; and not collected again. Only a salted hash of who it was is kept.
//!
//! The order makes it safe to be killed at any instant and begun again: first the hash, so that nothing new
//! comes in, then everything there is, and what is to be removed from the landing is noted in the store
//! before it is.

mod bodies;
mod person;
mod rows;
mod texts;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::json;

use crate::personal::{person_hash, salt};
use crate::retention::Proof;
use crate::runs::stamp;
use crate::sql::{self, Dialect, SqlResult};
use crate::{AuditEntry, Store, StoreError, audit};

use person::Person;
pub(crate) use rows::blank_edits;

/// Whom to forget.
#[derive(Debug, Clone)]
pub struct Forget {
    /// An address of e-mail, a telephone number, a name, or the id of a row.
    pub person: String,
    /// Only this personal column.
    pub column: Option<String>,
    /// A name is taken out of columns that are not marked too, and of every body that mentions it.
    pub texts: bool,
    /// Tell, and change nothing.
    pub dry_run: bool,
    /// Now.
    pub now: DateTime<Utc>,
    /// Who asks for it, for the audit log.
    pub by: String,
}

/// A place that still holds the person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Left {
    /// A table or part of the landing.
    pub place: String,
    /// What of it: the row's number, the body, the file.
    pub what: String,
}

/// What was done, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Forgotten {
    /// What stands for the person from now on.
    pub hashes: Vec<String>,
    /// How many values, by where they were.
    pub places: BTreeMap<String, u64>,
    /// Bodies that were removed from the landing.
    pub bodies: u64,
    /// Bodies that could not be read, so that nobody knows whether they hold the person.
    pub unread: u64,
    /// Mentions of a name in columns that are not marked: they stay, unless they are asked for.
    pub mentions: u64,
    /// What the second look found.
    pub left: Vec<Left>,
    /// Number of the proof.
    pub proof: Option<i64>,
}

impl Store {
    /// Forgets a person and looks everywhere again.
    pub async fn forget(&self, forget: &Forget) -> Result<Forgotten, StoreError> {
        if self.personal.keyring.current().is_none() && !self.personal_keys().await?.is_empty() {
            return Err(StoreError::Question(
                "personal columns are sealed in this store: without CALLBOARD_PERSONAL_KEY nobody can be found in them"
                    .to_owned(),
            ));
        }
        let mut person = Person::named(self, forget).await?;
        self.marks_beside(&mut person).await?;
        let mut done = Forgotten::default();
        let mut proof = None;
        if !forget.dry_run {
            let (hashes, begun) =
                self.begin_forgetting(&person, forget.now).await.map_err(|e| self.fault(DOING, e))?;
            done.hashes = hashes;
            proof = Some(begun);
        }
        self.forget_rows(&person, forget, &mut done, proof.as_mut()).await?;
        self.forget_texts(&person, forget.dry_run, &mut done).await.map_err(|e| self.fault(DOING, e))?;
        self.find_bodies(&person, forget, &mut done).await?;
        if let Some(proof) = proof {
            done.bodies = self.remove_unwanted().await?;
            done.places.insert("lines of the landing's index".to_owned(), self.clean_index(&person).await?);
            done.left = self.places_left(&person).await?;
            if let Err(error) = self.write_file_anew().await {
                let what = format!("{error}: stop other processes and forget once more");
                done.left.push(Left { place: "free pages of the database".to_owned(), what });
            }
            done.proof = Some(proof.seq());
            self.end_forgetting(proof, forget, &done).await.map_err(|e| self.fault(DOING, e))?;
        }
        done.places.retain(|_, count| *count > 0);
        Ok(done)
    }

    /// Bars the person's way in, and begins the proof.
    async fn begin_forgetting(&self, person: &Person, now: DateTime<Utc>) -> SqlResult<(Vec<String>, Proof)> {
        let mut transaction = self.begin().await?;
        let salt = salt(&mut transaction).await?;
        let hashes: Vec<String> = person.keys().map(|key| person_hash(&salt, key)).collect();
        for hash in &hashes {
            let sql = "INSERT INTO forgotten (hash, at) VALUES (?, ?) ON CONFLICT DO NOTHING";
            sql::query(sql).bind(hash).bind(stamp(now)).execute(&mut *transaction).await?;
        }
        let subject = hashes.first().map_or("", |hash| &hash[..12]);
        let proof = Proof::begin(&mut transaction, "forget", None, &format!("person {subject}"), now).await?;
        transaction.commit().await?;
        Ok((hashes, proof))
    }

    async fn end_forgetting(&self, mut proof: Proof, forget: &Forget, done: &Forgotten) -> SqlResult<()> {
        let mut transaction = self.begin().await?;
        let mut counts = json!({
            "bodies removed": done.bodies, "bodies unread": done.unread, "places left": done.left.len(),
        });
        for (place, count) in done.places.iter().filter(|(_, count)| **count > 0) {
            counts[place] = json!(count);
        }
        proof.end(&mut transaction, &counts, forget.now).await?;
        let outcome = if done.left.is_empty() { "completed" } else { "partial" };
        let subject = done.hashes.first().map_or("", |hash| &hash[..12]);
        let entry =
            AuditEntry::new(forget.now, &forget.by, "forget", outcome).about(format!("person {subject}"));
        audit::append(&mut transaction, &[entry.with(json!({"proof": proof.seq(), "counts": counts}))])
            .await?;
        transaction.commit().await
    }

    /// SQLite leaves what was deleted where it stood, in free pages, its log and parts of the index of words,
    /// until that is written over.
    async fn write_file_anew(&self) -> SqlResult<()> {
        if self.writer.dialect() != Dialect::Sqlite {
            return Ok(());
        }
        for sql in ["INSERT INTO event_search (event_search) VALUES ('optimize')", "VACUUM"] {
            sql::query(sql).execute(&self.writer).await?;
        }
        self.fold_log_in().await
    }

    /// Looks at every place once more.
    async fn places_left(&self, person: &Person) -> Result<Vec<Left>, StoreError> {
        let mut left = self.rows_left(person).await?;
        left.extend(self.texts_left(person).await.map_err(|error| self.fault(DOING, error))?);
        left.extend(self.bodies_left(person).await?);
        left.sort();
        left.dedup();
        Ok(left)
    }
}

const DOING: &str = "forgetting a person";

//! Landed bodies: every one is read and looked through. Those that hold the person are removed; a document
//! cannot be blackened in part without its hash being wrong.

use model::ContentHash;
use serde_json::{Value, json};

use super::person::Person;
use super::{DOING, Forget, Forgotten, Left};
use crate::landing::Amend;
use crate::runs::stamp;
use crate::sql::{self, Insert, SqlResult, keys, parse};
use crate::{Store, StoreError};

/// Bodies whose hashes are held, or that are removed, at a time.
const PAGE: u32 = 500;

impl Store {
    /// Notes the bodies that hold the person as unwanted, or counts them.
    pub(super) async fn find_bodies(
        &self,
        person: &Person,
        forget: &Forget,
        done: &mut Forgotten,
    ) -> Result<(), StoreError> {
        let mut after = String::new();
        let spellings = person.spellings();
        loop {
            let page = self.body_page(&after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.to_hex();
            let mut unwanted = Vec::new();
            for hash in page {
                match self.landing().get(hash).await {
                    Ok(body) if person.in_body(&spellings, &body) => unwanted.push(hash.to_hex()),
                    Ok(_) | Err(StoreError::NoBody { .. }) => {}
                    // What nobody can read any more may hold anything.
                    Err(StoreError::Damaged { .. }) => done.unread += 1,
                    Err(error) => return Err(error),
                }
            }
            *done.places.entry("landed bodies".to_owned()).or_default() += unwanted.len() as u64;
            if !forget.dry_run {
                let noted = self.note_bodies(unwanted, &stamp(forget.now)).await;
                noted.map_err(|error| self.fault(DOING, error))?;
            }
        }
    }

    pub(super) async fn bodies_left(&self, person: &Person) -> Result<Vec<Left>, StoreError> {
        let (mut left, mut after) = (Vec::new(), String::new());
        let spellings = person.spellings();
        loop {
            let page = self.body_page(&after).await?;
            let Some(last) = page.last() else { break };
            after = last.to_hex();
            for hash in page {
                if let Ok(body) = self.landing().get(hash).await
                    && person.in_body(&spellings, &body)
                {
                    left.push(Left { place: "landed bodies".to_owned(), what: hash.to_hex() });
                }
            }
        }
        for file in self.landing().index_files(None).await? {
            let mut holds = false;
            let look = |line: &Value| {
                holds |= person.masked(&line.to_string()).is_some();
                Amend::Keep
            };
            self.landing().amend(&file, look).await?;
            if holds {
                left.push(Left { place: "the landing's index".to_owned(), what: file });
            }
        }
        Ok(left)
    }

    async fn body_page(&self, after: &str) -> Result<Vec<ContentHash>, StoreError> {
        let sql = "SELECT DISTINCT body_hash FROM documents WHERE body_hash IS NOT NULL AND body_hash > ? \
                   ORDER BY body_hash LIMIT ?";
        let read = async {
            let found: Vec<String> =
                sql::query_scalar(sql).bind(after).bind(PAGE).fetch_all(&self.readers).await?;
            found.iter().map(|hex| parse(hex, ContentHash::from_hex)).collect::<SqlResult<Vec<_>>>()
        };
        read.await.map_err(|error| self.fault("listing landed bodies", error))
    }

    async fn note_bodies(&self, bodies: Vec<String>, at: &str) -> SqlResult<()> {
        let mut transaction = self.begin().await?;
        let rows = bodies.into_iter().map(|body| vec![body.into(), at.into()]).collect();
        let insert = Insert::into("unwanted", &["body", "at"]).with("ON CONFLICT DO NOTHING");
        insert.write(&mut transaction, rows).await?;
        transaction.commit().await
    }

    /// Removes bodies that are noted as unwanted; gives how many were there. Killed in between, the next time
    /// goes on with the same ones.
    pub async fn remove_unwanted(&self) -> Result<u64, StoreError> {
        let mut removed = 0;
        loop {
            let sql = "SELECT body FROM unwanted ORDER BY body LIMIT ?";
            let page: Result<Vec<String>, _> =
                sql::query_scalar(sql).bind(PAGE).fetch_all(&self.writer).await;
            let page = page.map_err(|error| self.fault(DOING, error))?;
            if page.is_empty() {
                return Ok(removed);
            }
            let hashes: Vec<ContentHash> = page.iter().filter_map(|hex| ContentHash::from_hex(hex)).collect();
            removed += self.landing().remove(hashes.clone()).await?.bodies;
            self.say_removed(&page, "forgotten").await?;
            self.forget_bodies(&hashes).await?;
            let sql = "DELETE FROM unwanted WHERE body IN (SELECT value FROM json_each(?))";
            let gone = sql::query(sql).bind(keys(&page)).execute(&self.writer).await;
            gone.map_err(|error| self.fault(DOING, error))?;
        }
    }

    /// Lines of the index whose bodies were removed say why, and no longer which bytes they were.
    pub(crate) async fn say_removed(&self, bodies: &[String], why: &str) -> Result<(), StoreError> {
        let bodies: std::collections::HashSet<&str> = bodies.iter().map(String::as_str).collect();
        for file in self.landing().index_files(None).await? {
            let amend = |line: &Value| match line["body"].as_str() {
                Some(body) if bodies.contains(body) => {
                    let mut line = line.clone();
                    line["body"] = Value::Null;
                    line["lies_in"] = Value::Null;
                    line["removed"] = json!(why);
                    Amend::Become(line)
                }
                _ => Amend::Keep,
            };
            self.landing().amend(&file, amend).await?;
        }
        Ok(())
    }

    /// Takes the person out of names and addresses in the index; gives of how many lines.
    pub(super) async fn clean_index(&self, person: &Person) -> Result<u64, StoreError> {
        let mut cleaned = 0;
        for file in self.landing().index_files(None).await? {
            let amend = |line: &Value| {
                let masked = person.masked(&line.to_string());
                masked.and_then(|text| serde_json::from_str(&text).ok()).map_or(Amend::Keep, Amend::Become)
            };
            cleaned += self.landing().amend(&file, amend).await?;
        }
        Ok(cleaned)
    }
}

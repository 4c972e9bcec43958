//! The gate for personal data, inside each commit: what is of somebody who was forgotten is kept out, and
//! where columns are sealed a process without the key leaves them as they are.

use std::collections::HashSet;

use model::{ContentHash, Stated, mask};
use serde_json::{Value, json};

use super::{Keyring, identities, sealed};
use crate::Quarantined;
use crate::commit::{Entry, PreparedDocument, Stamp, Statement};
use crate::sql::{self, Conn, Insert, SqlResult};

/// Why a listing is kept out.
const REASON: &str = "forgotten";

/// What may not be kept.
#[derive(Debug, Default)]
pub(crate) struct Guard {
    salt: [u8; 32],
    forgotten: HashSet<String>,
    /// Columns are sealed, and there is no key here.
    withheld: bool,
}

/// The hash under which a person is remembered to be forgotten.
pub(crate) fn person_hash(salt: &[u8; 32], identity: &str) -> String {
    blake3::keyed_hash(salt, identity.as_bytes()).to_hex().to_string()
}

/// The salt of this store, made where there is none.
pub(crate) async fn salt(conn: &mut Conn) -> SqlResult<[u8; 32]> {
    let found: Option<String> =
        sql::query_scalar("SELECT salt FROM personal_salt").fetch_optional(&mut *conn).await?;
    if let Some(salt) = found.as_deref().and_then(ContentHash::from_hex) {
        return blake3::Hash::from_hex(salt.to_hex())
            .map(Into::into)
            .map_err(|error| sqlx::Error::Decode(Box::new(error)));
    }
    let salt = super::key::chance::<32>()?;
    let text = blake3::Hash::from_bytes(salt).to_hex().to_string();
    sql::query("INSERT INTO personal_salt (salt) VALUES (?)").bind(text).execute(conn).await?;
    Ok(salt)
}

impl Guard {
    pub(crate) async fn load(conn: &mut Conn, keyring: &Keyring) -> SqlResult<Guard> {
        let withheld = keyring.current().is_none() && sealed(conn).await?;
        let forgotten: Vec<String> =
            sql::query_scalar("SELECT hash FROM forgotten").fetch_all(&mut *conn).await?;
        let salt = if forgotten.is_empty() { [0; 32] } else { salt(conn).await? };
        Ok(Guard { salt, forgotten: forgotten.into_iter().collect(), withheld })
    }

    /// Takes out of documents what may not be kept; the bodies of those that hold it are to be removed.
    pub(crate) async fn pass(
        &self,
        conn: &mut Conn,
        documents: &mut [PreparedDocument],
        stamp: &Stamp,
    ) -> SqlResult<()> {
        if !self.withheld && self.forgotten.is_empty() {
            return Ok(());
        }
        let mut bodies = Vec::new();
        for document in documents.iter_mut() {
            if self.clean(document) {
                bodies.extend(document.landed.body.map(ContentHash::to_hex));
            }
        }
        let rows = bodies.into_iter().map(|body| vec![body.into(), stamp.at.as_str().into()]).collect();
        Insert::into("unwanted", &["body", "at"]).with("ON CONFLICT DO NOTHING").write(conn, rows).await
    }

    /// Cleans what a document states; true when somebody was in it who was forgotten.
    fn clean(&self, document: &mut PreparedDocument) -> bool {
        let (mut found, mut kept_out) = (false, Vec::new());
        let source = document.landed.source.clone();
        document.statements.retain_mut(|statement| {
            let named = self.names_forgotten(statement);
            let masked = !self.forgotten.is_empty() && self.mask(&mut statement.stated);
            found |= named || masked;
            if named {
                kept_out.push(entry(source.as_str(), statement));
            }
            if named && statement.kind.spec().persons {
                return false;
            }
            if named || self.withheld {
                statement
                    .kind
                    .spec()
                    .personal()
                    .for_each(|(index, _)| statement.stated[index] = Stated::Unstated);
            }
            if named || masked || self.withheld {
                statement.read_anew();
            }
            true
        });
        for entry in &mut document.entries {
            mask::texts(&mut entry.quarantined.said, &|text| {
                let masked = self.masked(text);
                (masked != text).then_some(masked)
            });
        }
        document.entries.extend(kept_out);
        found
    }

    fn names_forgotten(&self, statement: &Statement) -> bool {
        let is_forgotten = |value: &Value| texts_of(value).into_iter().any(|text| self.is_forgotten(text));
        !self.forgotten.is_empty()
            && statement.kind.spec().personal().any(|(index, _)| match &statement.stated[index] {
                Stated::Value(value) => is_forgotten(value),
                _ => false,
            })
    }

    fn is_forgotten(&self, text: &str) -> bool {
        identities(text).iter().any(|identity| self.forgotten.contains(&person_hash(&self.salt, identity)))
    }

    /// Takes the addresses of who was forgotten out of columns that are not marked.
    fn mask(&self, stated: &mut [Stated<Value>]) -> bool {
        let mut any = false;
        for value in stated.iter_mut() {
            let Stated::Value(value) = value else { continue };
            let before = value.clone();
            mask::texts(value, &|text| {
                let masked = self.masked(text);
                (masked != text).then_some(masked)
            });
            any |= before != *value;
        }
        any
    }

    fn masked(&self, text: &str) -> String {
        mask::addresses(text, |address| self.is_forgotten(address)).into_owned()
    }
}

/// The texts in a value.
fn texts_of(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts_of).collect(),
        Value::Object(fields) => fields.values().flat_map(texts_of).collect(),
        _ => Vec::new(),
    }
}

/// What the quarantine says: neither who it is nor what was said.
fn entry(source: &str, statement: &Statement) -> Entry {
    let (kind, person) = (statement.kind, statement.kind.spec().persons);
    let said = [source, kind.name(), &statement.key, REASON].join("\0");
    Entry {
        quarantined: Quarantined {
            kind: Some(kind),
            key: (!person).then(|| statement.key.clone()),
            reason: REASON.to_owned(),
            detail: match person {
                true => "it is a person who was forgotten".to_owned(),
                false => "its contact is a person who was forgotten; the rest of it was kept".to_owned(),
            },
            said: json!({}),
        },
        fingerprint: ContentHash::of(said.as_bytes()).short(),
        keyed: false,
    }
}

//! A person, and how they are found in values, texts and bodies.

use std::collections::BTreeSet;

use model::{Kind, mask};
use serde_json::Value;

use super::Forget;
use crate::personal::{fold, identities, is_phone, is_same_phone, personal_columns, quoted, without_phones};
use crate::rows::value;
use crate::{Store, StoreError, sql};

/// A name shorter than this is in too many texts to be looked for there.
const SHORTEST: usize = 3;

/// Digits at the end of a telephone number that stand together in most ways to write it.
const PHONE_END: usize = 2;

/// Whom to forget, in every spelling.
#[derive(Debug)]
pub(super) struct Person {
    /// In the one spelling that personal values are compared in.
    keys: BTreeSet<String>,
    /// What is looked for in texts, in lower case; a name only where that is asked for.
    literals: BTreeSet<String>,
    /// Telephone numbers that are looked for in texts, however they are written.
    phones: BTreeSet<String>,
    /// Names that are in texts at most.
    names: BTreeSet<String>,
    /// Only in this column.
    pub(super) column: Option<String>,
    /// The row that was asked for.
    pub(super) row: Option<(Kind, i64)>,
}

impl Person {
    /// The person that is asked for: by what tells them, or by the id of a row.
    pub(super) async fn named(store: &Store, forget: &Forget) -> Result<Person, StoreError> {
        let column = forget.column.clone();
        if let Some(column) = &column
            && !Kind::ALL.iter().any(|kind| kind.spec().personal().any(|(_, known)| known.name == *column))
        {
            return Err(StoreError::Question(format!("no column {column:?} is marked as personal data")));
        }
        let mut person = Person {
            keys: BTreeSet::new(),
            literals: BTreeSet::new(),
            phones: BTreeSet::new(),
            names: BTreeSet::new(),
            column,
            row: None,
        };
        match row_of(store, forget.person.trim()).await? {
            Some((kind, rid)) => {
                for said in personal_values(store, kind, rid, person.column.as_deref()).await? {
                    person.add(&said, forget.texts);
                }
                person.row = Some((kind, rid));
            }
            None => person.add(&forget.person, forget.texts),
        }
        if person.keys.is_empty() {
            return Err(StoreError::Question(format!("nothing personal is known of {:?}", forget.person)));
        }
        Ok(person)
    }

    /// Looks for what else their row says of them in texts and bodies: addresses and telephone numbers. It does
    /// not tell them in other rows, as many may share it; nor do names, which are of many.
    pub(super) fn add_beside(&mut self, said: &str) {
        if is_phone(said.trim()) {
            self.phones.insert(fold(said));
        }
        mask::addresses(said, |address| {
            self.literals.insert(address.to_lowercase());
            false
        });
    }

    fn add(&mut self, said: &str, texts: bool) {
        if is_phone(said.trim()) {
            self.phones.insert(fold(said));
        }
        self.keys.extend(identities(said));
        let (plain, before) = (said.trim().to_lowercase(), self.literals.len());
        mask::addresses(said, |address| {
            self.literals.insert(address.to_lowercase());
            false
        });
        let is_name = self.literals.len() == before && !is_phone(said.trim());
        if plain.chars().count() < SHORTEST || self.literals.len() > before {
            return;
        }
        match is_name && !texts {
            true => self.names.insert(fold(said)),
            false => self.literals.insert(plain),
        };
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.iter().map(String::as_str)
    }

    /// What a text must hold to be worth a look, for the database: the longest plain part of each.
    pub(super) fn hints(&self) -> Option<Vec<String>> {
        // Numbers are written in groups of two digits and more.
        let end = |phone: &String| phone.get(phone.len().saturating_sub(PHONE_END)..).map(str::to_owned);
        let hint = |literal: &String| {
            let parts = literal.split(|c: char| !c.is_ascii_alphanumeric());
            parts.max_by_key(|part| part.len()).filter(|part| part.len() > 1).map(str::to_owned)
        };
        let plain = self.literals.iter().chain(&self.names).map(hint);
        plain.chain(self.phones.iter().map(end)).collect()
    }

    /// Whether a personal value is theirs.
    pub(super) fn owns(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => identities(text).iter().any(|identity| {
                let same = |key: &String| is_same_phone(key, identity);
                self.keys.contains(identity) || self.keys.iter().any(same)
            }),
            Value::Array(items) => items.iter().any(|item| self.owns(item)),
            Value::Object(fields) => fields.values().any(|value| self.owns(value)),
            Value::Number(number) => self.keys.contains(&number.to_string()),
            _ => false,
        }
    }

    /// The text without them; `None` where they are not in it.
    pub(super) fn masked(&self, text: &str) -> Option<String> {
        let mut masked = mask::addresses(text, |address| self.keys.contains(&fold(address))).into_owned();
        for literal in &self.literals {
            masked = without(&masked, literal);
        }
        if !self.phones.is_empty() {
            masked = without_phones(&masked, &self.numbers(), mask::MASK);
        }
        (masked != text).then_some(masked)
    }

    fn numbers(&self) -> Vec<&str> {
        self.phones.iter().map(String::as_str).collect()
    }

    /// Whether a text mentions their name, where that is left alone.
    pub(super) fn mentioned_in(&self, text: &str) -> bool {
        self.names.iter().any(|name| without(text, name) != *text)
    }

    /// Whether a body holds them, in any of the ways in which documents write such things.
    pub(super) fn in_body(&self, spellings: &[String], body: &[u8]) -> bool {
        let text = String::from_utf8_lossy(body).to_lowercase();
        spellings.iter().any(|spelling| text.contains(spelling.as_str()))
            || (!self.phones.is_empty() && without_phones(&text, &self.numbers(), "") != text)
    }

    /// Those ways.
    pub(super) fn spellings(&self) -> Vec<String> {
        let at = ["@", "%40", "&#64;", "&#x40;", "\\u0040", "&commat;", "=40"];
        let blank = [" ", "+", "%20", "&nbsp;", "\u{a0}"];
        let mut spellings = Vec::new();
        for literal in &self.literals {
            let others = at.iter().map(|sign| literal.replace('@', sign));
            spellings.extend(others.chain(blank.iter().map(|sign| literal.replace(' ', sign))));
            spellings.push(escaped(literal));
            spellings.push(
                url::form_urlencoded::byte_serialize(literal.as_bytes()).collect::<String>().to_lowercase(),
            );
        }
        spellings.sort();
        spellings.dedup();
        spellings
    }
}

/// As JSON writes it where all that is not ASCII is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c.is_ascii() {
            true => out.push(c),
            false => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
        }
    }
    out
}

/// `text` with a mask in place of `literal` (in lower case), where that stands by itself.
fn without(text: &str, literal: &str) -> String {
    if !text.to_lowercase().contains(literal) {
        return text.to_owned();
    }
    let length = literal.chars().count();
    let places: Vec<(usize, char)> = text.char_indices().collect();
    let is_word = |at: Option<&(usize, char)>| at.is_some_and(|(_, c)| c.is_alphanumeric());
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    while at < places.len() {
        let here = places.get(at..at + length).filter(|here| {
            here.iter().flat_map(|(_, c)| c.to_lowercase()).eq(literal.chars())
                && !(at > 0 && is_word(places.get(at - 1)))
                && !is_word(places.get(at + length))
        });
        match here {
            Some(_) => {
                out.push_str(mask::MASK);
                at += length;
            }
            None => {
                out.push(places[at].1);
                at += 1;
            }
        }
    }
    out
}

/// The row of this id, if it is one.
async fn row_of(store: &Store, id: &str) -> Result<Option<(Kind, i64)>, StoreError> {
    let Some(kind) = Kind::ALL.iter().find(|kind| id.starts_with(&format!("{}_", kind.prefix()))) else {
        return Ok(None);
    };
    let sql = format!("SELECT rid FROM \"{}\" WHERE id = ?", kind.spec().table);
    let found: Result<Option<i64>, _> = sql::query_scalar(sql).bind(id).fetch_optional(&store.readers).await;
    let found = found.map_err(|error| store.fault(super::DOING, error))?;
    match found {
        Some(rid) => Ok(Some((*kind, rid))),
        None => Err(StoreError::Question(format!("there is no row {id}; `callboard export` lists ids"))),
    }
}

/// What the personal columns of a row say.
pub(super) async fn personal_values(
    store: &Store,
    kind: Kind,
    rid: i64,
    only: Option<&str>,
) -> Result<Vec<String>, StoreError> {
    let mut columns = personal_columns(kind);
    columns.retain(|column| only.is_none_or(|only| only == column.name));
    if columns.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT {} FROM \"{}\" WHERE rid = ?", quoted(&columns), kind.spec().table);
    let read = async {
        let row = sql::query(sql).bind(rid).fetch_one(&store.readers).await?;
        let mut said = Vec::new();
        for (index, column) in columns.iter().enumerate() {
            let opened = store.opened(kind, column.name, &value(&row, index, column)?)?;
            said.extend(opened.as_str().map(str::to_owned));
        }
        Ok(said)
    };
    read.await.map_err(|error| store.fault(super::DOING, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(said: &str, texts: bool) -> Person {
        let (keys, literals, names) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let phones = BTreeSet::new();
        let mut person = Person { keys, literals, phones, names, column: None, row: None };
        person.add(said, texts);
        person
    }

    #[test]
    fn an_address_is_found_in_any_spelling_and_no_other_one() {
        let ada = person("Ada@Example.test", false);
        assert!(ada.owns(&"Ada <ADA@example.TEST>".into()) && !ada.owns(&"nada@example.test".into()));
        assert_eq!(ada.masked("to ada@example.test!").as_deref(), Some("to ***!"));
        assert_eq!(ada.masked("to nada@example.test"), None);
        for body in
            ["<a href='mailto:ada%40example.test'>", "ADA&#64;EXAMPLE.TEST", "\"ada\\u0040example.test\""]
        {
            assert!(ada.in_body(&ada.spellings(), body.as_bytes()), "{body}");
        }
        assert!(!ada.in_body(&ada.spellings(), b"ada at example"));
        assert_eq!(ada.hints().unwrap(), ["example"]);
    }

    #[test]
    fn a_name_is_left_alone_in_texts_unless_it_is_asked_for() {
        let plain = person("Ada Lovelace", false);
        assert!(plain.owns(&"ada  LOVELACE".into()));
        assert_eq!(plain.masked("An evening with Ada Lovelace"), None);
        assert!(plain.mentioned_in("An evening with Ada Lovelace"));
        let all = person("Ada Lovelace", true);
        assert_eq!(
            all.masked("With ADA LOVELACE; Ada Lovelaces").as_deref(),
            Some("With ***; Ada Lovelaces")
        );
        assert!(all.in_body(&all.spellings(), b"name=Ada+Lovelace"));
        assert!(person("Zo\u{eb} K", true).in_body(&person("Zo\u{eb} K", true).spellings(), b"Zo\\u00eb K"));
    }

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        let phone = person("+49 30 1234567", false);
        assert!(phone.owns(&"(0049-30) 1234567".into()) || phone.owns(&"49-30-1234567".into()));
        assert_eq!(phone.masked("call +49 30 1234567.").as_deref(), Some("call ***."));
    }
}

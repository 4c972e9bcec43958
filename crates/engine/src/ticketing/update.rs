//! Changing one answer of one ticket at the source. The API takes the whole map of answers and replaces
//! what it has, so the ticket is read afresh, one field of it is changed, and the whole is sent at once:
//! what somebody else has changed meanwhile stays, and where they changed this field nothing is sent.

use connect::fetch::{Auth, FetchError, Fetched, Policy};
use model::{Body, Method, Request};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use super::RegionConfig;
use crate::run::World;

/// One answer that is to be changed at the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldChange {
    /// The ticket's key at the source.
    pub ticket: String,
    /// Name of the answer.
    pub field: String,
    /// What it is to be; never blank.
    pub value: String,
    /// What it was when the change was decided on: where the source says something else by now, nothing
    /// is changed. `None` for one that was not answered.
    pub expected: Option<String>,
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// The source has it now.
    Done,
    /// The source had it already.
    Already,
    /// Nothing was sent: the source says something else by now.
    Moved,
    /// It would have been sent.
    Dry,
}

/// Tries of reading and sending together.
const TRIES: u32 = 3;

/// Changes one answer at the source; with `dry` it is only read. May be called again for the same change:
/// then it finds that it was made. An error says what went wrong and what to do.
pub async fn change_field(
    world: &World,
    region: &RegionConfig,
    change: &FieldChange,
    dry: bool,
) -> Result<Changed, String> {
    if change.value.trim().is_empty() {
        return Err(format!("ticket {}: {} is never made blank", change.ticket, change.field));
    }
    let asking = Asking::of(world, region, &change.ticket)?;
    let mut tries = 1;
    loop {
        match asking.change(change, dry).await {
            Err(Refused { again: true, .. }) if tries < TRIES => tries += 1,
            Err(refused) => return Err(refused.error),
            Ok(changed) => return Ok(changed),
        }
    }
}

struct Refused {
    error: String,
    again: bool,
}

impl From<FetchError> for Refused {
    fn from(error: FetchError) -> Refused {
        Refused { again: error.retry_later(), error: error.to_string() }
    }
}

struct Asking<'a> {
    fetcher: &'a connect::fetch::Fetcher,
    policy: Policy,
    url: Url,
}

impl<'a> Asking<'a> {
    fn of(world: &'a World, region: &RegionConfig, ticket: &str) -> Result<Asking<'a>, String> {
        let fetcher = world.fetcher.as_ref().ok_or("nothing is fetched here")?;
        let mut url = region.region.base_url.clone();
        url.path_segments_mut().map_err(|()| "the API has no address")?.extend(["tickets", ticket]);
        let token = region.secrets.token.clone();
        let policy =
            Policy { auth: Auth::Bearer(token), robots: false, attempts: Some(1), ..Policy::default() };
        Ok(Asking { fetcher, policy, url })
    }

    async fn change(&self, change: &FieldChange, dry: bool) -> Result<Changed, Refused> {
        let fresh = self.ticket().await?;
        let answers = fresh.get("extraFields").and_then(Value::as_object).cloned().unwrap_or_default();
        match verdict(&answers, change) {
            Some(changed) => return Ok(changed),
            None if dry => return Ok(Changed::Dry),
            None => {}
        }
        let text = json!({"extraFields": with_field(answers, change)}).to_string();
        let body = Body { media_type: "application/json".to_owned(), text };
        let request = Request { method: Method::Put, body: Some(body), ..Request::get(self.url.clone()) };
        self.fetcher.fetch(&request, &self.policy, None).await?;
        Ok(Changed::Done)
    }

    async fn ticket(&self) -> Result<Value, Refused> {
        let bad = |error: String| Refused { error: format!("{}: {error}", self.url), again: true };
        match self.fetcher.fetch(&Request::get(self.url.clone()), &self.policy, None).await? {
            Fetched::Document(document) => {
                let ticket: Value =
                    serde_json::from_slice(&document.body).map_err(|error| bad(error.to_string()))?;
                // Never replace answers that were not read.
                match ticket.get("_id").is_some() {
                    true => Ok(ticket),
                    false => Err(bad("the answer is no ticket".to_owned())),
                }
            }
            _ => Err(bad("there is no such ticket".to_owned())),
        }
    }
}

/// Why nothing is to be sent, if so.
fn verdict(answers: &Map<String, Value>, change: &FieldChange) -> Option<Changed> {
    let now = answers.get(&change.field).and_then(Value::as_str).filter(|text| !text.trim().is_empty());
    match now {
        Some(now) if now == change.value => Some(Changed::Already),
        now if now != change.expected.as_deref().filter(|text| !text.trim().is_empty()) => {
            Some(Changed::Moved)
        }
        _ => None,
    }
}

/// The whole map with one answer changed.
fn with_field(mut answers: Map<String, Value>, change: &FieldChange) -> Value {
    answers.insert(change.field.clone(), Value::String(change.value.clone()));
    Value::Object(answers)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(expected: Option<&str>) -> FieldChange {
        let text = |text: &str| text.to_owned();
        let expected = expected.map(text);
        FieldChange { ticket: text("t1"), field: text("gender"), value: text("Female"), expected }
    }

    #[test]
    fn fault_14_one_answer_is_changed_and_all_others_stay() {
        let answers = json!({"birth_date": "1990-01-01", "gender": "", "waiver": true});
        let answers = answers.as_object().cloned().unwrap_or_default();
        assert_eq!(
            with_field(answers, &change(None)),
            json!({"birth_date": "1990-01-01", "gender": "Female", "waiver": true})
        );
    }

    #[test]
    fn fault_14_what_was_changed_meanwhile_is_left_alone() {
        let check = |now: Value, expected: Option<&str>, outcome: Option<Changed>| {
            let answers = json!({"gender": now}).as_object().cloned().unwrap_or_default();
            assert_eq!(verdict(&answers, &change(expected)), outcome);
        };
        check(json!("Male"), Some("Male"), None);
        check(json!(""), None, None);
        check(json!(null), Some(""), None);
        check(json!("Female"), Some("Male"), Some(Changed::Already));
        check(json!("Female 여성"), Some("Male"), Some(Changed::Moved));
        check(json!("Male"), None, Some(Changed::Moved));
    }
}

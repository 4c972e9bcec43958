//! The way to Slack: a webhook address is enough; with a token, any channel by its name. Both are secrets,
//! taken from the environment at the moment of sending.

use connect::fetch::{Auth, Fetched, Fetcher, Policy};
use model::{Body, Method, Request};
use serde_json::{Value, json};
use url::Url;

use crate::functions::{Again, Failure};

/// Where the address of a webhook is looked for.
pub const WEBHOOK: [&str; 2] = ["SLACK_WEBHOOK_URL", "CALLBOARD_SLACK_WEBHOOK"];
/// Where a token is looked for.
pub const TOKEN: [&str; 3] = ["SLACK_API_TOKEN", "SLACK_BOT_TOKEN", "CALLBOARD_SLACK_TOKEN"];
/// What stands for the channel that a webhook was made for.
const OF_WEBHOOK: &str = "slack";
/// Where the API is, for tests.
const API: &str = "SLACK_API_URL";
const API_URL: &str = "https://slack.com/api";

/// Looks up a variable of the environment.
pub type Env = fn(&str) -> Option<String>;

/// A way into Slack.
pub enum Door {
    /// Into the channel that the webhook was made for.
    Webhook(Url),
    /// Into any channel that the token may write to.
    Token {
        /// Where messages are posted.
        url: Url,
        /// The token.
        token: secrecy::SecretString,
        /// The channel.
        channel: String,
    },
}

impl Door {
    /// The door that the environment opens: with a token into `channel`, else by the webhook, which has a
    /// channel of its own; `slack` is that one.
    pub fn find(env: Env, channel: &str) -> Result<Door, Failure> {
        let said = |name: &&str| env(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let first = |names: &[&str]| names.iter().find_map(said);
        let token = first(&TOKEN);
        if token.is_some() && channel == OF_WEBHOOK && first(&WEBHOOK).is_none() {
            return Err(Failure::input(format!(
                "`{OF_WEBHOOK}` is the channel of a webhook: set {} to its address, or name a channel like #sales",
                WEBHOOK[0]
            )));
        }
        if let Some(token) = token.filter(|_| channel != OF_WEBHOOK) {
            let base = env(API).unwrap_or_else(|| API_URL.to_owned());
            let url = format!("{}/chat.postMessage", base.trim_end_matches('/'));
            let url = Url::parse(&url).map_err(|error| Failure::input(format!("{API}: {error}")))?;
            return Ok(Door::Token { url, token: token.into(), channel: channel.to_owned() });
        }
        let webhook = first(&WEBHOOK).ok_or_else(|| {
            Failure::input(format!(
                "Slack is not set up: set {} to the address of an incoming webhook, or {} to a token",
                WEBHOOK[0], TOKEN[0]
            ))
        })?;
        let url =
            Url::parse(&webhook).map_err(|_| Failure::input(format!("{}: it is no address", WEBHOOK[0])))?;
        Ok(Door::Webhook(url))
    }

    /// Where it leads, for people.
    pub fn name(&self) -> &str {
        match self {
            Door::Webhook(_) => "the channel of the webhook",
            Door::Token { channel, .. } => channel,
        }
    }

    /// Sends one message.
    pub async fn send(&self, fetcher: &Fetcher, message: &Value) -> Result<(), Failure> {
        let (url, auth, body) = match self {
            Door::Webhook(url) => (url, Auth::None, message.clone()),
            Door::Token { url, token, channel } => {
                let mut body = message.clone();
                body["channel"] = json!(channel);
                (url, Auth::Bearer(token.clone()), body)
            }
        };
        let media_type = "application/json; charset=utf-8".to_owned();
        let body = Some(Body { media_type, text: body.to_string() });
        let request = Request { method: Method::Post, body, ..Request::get(url.clone()) };
        let policy = Policy { auth, robots: false, ..Policy::default() };
        match fetcher.fetch(&request, &policy, None).await {
            Ok(Fetched::Document(document)) => self.accepted(&document.body),
            Ok(_) => Ok(()),
            Err(error) => {
                let told = self.without_secret(&error.to_string());
                let again = if error.retry_later() { Again::Soon } else { Again::Never };
                Err(Failure { again, ..Failure::lasting(error.class(), format!("Slack: {told}")) })
            }
        }
    }

    /// The API says in its answer whether it took the message; a webhook by its status.
    fn accepted(&self, body: &[u8]) -> Result<(), Failure> {
        let Door::Token { channel, .. } = self else { return Ok(()) };
        let answer: Value = serde_json::from_slice(body).unwrap_or_default();
        if answer["ok"] == true {
            return Ok(());
        }
        let why = answer["error"].as_str().unwrap_or("it gave no reason");
        Err(Failure::lasting("slack", format!("Slack did not take the message for {channel}: {why}")))
    }

    /// The address of a webhook is all that one needs to write to it.
    fn without_secret(&self, text: &str) -> String {
        match self {
            Door::Webhook(url) => {
                let told = text.replace(url.as_str(), "the webhook");
                if url.path().len() > 1 { told.replace(url.path(), "/***") } else { told }
            }
            Door::Token { .. } => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_webhook_is_enough_and_its_address_is_told_nowhere() {
        let none = Door::find(|_| None, "#x").map(|_| ()).expect_err("nothing is set");
        assert!(none.fault.error.contains("SLACK_WEBHOOK_URL"), "{}", none.fault.error);
        let webhook: Env = |name| {
            (name == "SLACK_WEBHOOK_URL").then(|| "https://hooks.test/services/T1/B2/secret".to_owned())
        };
        let door = Door::find(webhook, "#x").expect("a door");
        let told = door.without_secret("POST https://hooks.test/services/T1/B2/secret answered 500");
        assert_eq!(told, "POST the webhook answered 500");
        let token: Env = |name| match name {
            "SLACK_BOT_TOKEN" => Some("xoxb".to_owned()),
            // What is set to nothing is not set.
            "SLACK_API_TOKEN" => Some(String::new()),
            _ => None,
        };
        let door = Door::find(token, "#sales").expect("a door");
        assert!(door.accepted(br#"{"ok": true}"#).is_ok());
        let refused = door.accepted(br#"{"ok": false, "error": "channel_not_found"}"#).expect_err("refused");
        assert!(refused.fault.error.contains("#sales: channel_not_found"), "{}", refused.fault.error);
    }

    #[test]
    fn a_webhook_is_for_its_own_channel_where_there_is_a_token_too() {
        let both: Env = |name| match name {
            "SLACK_WEBHOOK_URL" => Some("https://hooks.test/services/T1/B2/secret".to_owned()),
            "SLACK_API_TOKEN" => Some("xoxb".to_owned()),
            _ => None,
        };
        let name = |env, channel| Door::find(env, channel).map(|door| door.name().to_owned());
        assert_eq!(name(both, "slack").expect("a door"), "the channel of the webhook");
        assert_eq!(name(both, "#sales").expect("a door"), "#sales");
        let token: Env = |name| (name == "SLACK_API_TOKEN").then(|| "xoxb".to_owned());
        let nowhere = name(token, "slack").expect_err("no webhook");
        assert!(nowhere.fault.error.contains("name a channel"), "{}", nowhere.fault.error);
    }
}

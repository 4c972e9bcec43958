//! Connectors whose rules are more than a manifest can say: their manifest still declares parameters,
//! credentials, limits, terms and tests, so that listing, linting and trying know no difference; what is
//! asked and how answers are read is code.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::{Document, Kind, Reading, Request};
use serde_json::{Map, Value};

use crate::connector::{ByName, Next, ReadError, ReadOptions, SoFar};
use crate::fetch::Policy;

/// What such a connector asks and how it reads. Pure, as every connector is.
pub trait Code: Send + Sync {
    /// The first requests of a run. `params` are complete and typed as the manifest declares them, without
    /// secrets; `cursor` is what the last complete run left. An error says what is wrong with the parameters.
    fn start(
        &self,
        params: &BTreeMap<String, Value>,
        cursor: Option<&Value>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Request>, String>;

    /// What one document states, and what to fetch because of it. A bare document has an empty `step`.
    fn read(
        &self,
        document: &Document,
        params: &BTreeMap<String, Value>,
        options: &ReadOptions,
    ) -> Result<Reading, ReadError>;

    /// Kinds beside events whose rows have vanished when a crawl that was gone through whole no longer lists
    /// them.
    fn levels(&self) -> &'static [Kind] {
        &[]
    }

    /// The kind of rows whose pages a run begins with, as the store holds them, where the parameters ask for
    /// that instead of the first requests.
    fn begins_with(&self, _params: &BTreeMap<String, Value>) -> Result<Option<Kind>, String> {
        Ok(None)
    }

    /// The request for the page of such a row, by its fields; `None` where the run does not want it.
    fn page_of(&self, _fields: &Map<String, Value>, _params: &BTreeMap<String, Value>) -> Option<Request> {
        None
    }

    /// What the parameters ask for by name, as [`Connector::by_name`](crate::Connector::by_name) says.
    fn by_name(&self, _params: &BTreeMap<String, Value>) -> Vec<ByName> {
        Vec::new()
    }

    /// What the parameters change of how it is asked.
    fn policy(&self, policy: Policy, _params: &BTreeMap<String, Value>) -> Policy {
        policy
    }

    /// Changes when it reads differently, so that unchanged documents are read again.
    fn version(&self) -> u32;

    /// What its lists hold: what is counted, and can vanish.
    fn lists(&self, _params: &BTreeMap<String, Value>) -> Kind {
        Kind::Event
    }

    /// What to ask in place of a request that was too much for the source, as
    /// [`Connector::instead`](crate::Connector::instead) says.
    fn instead(&self, _request: &Request) -> Option<Request> {
        None
    }

    /// What to ask once a request has failed for good, as
    /// [`Connector::after_failure`](crate::Connector::after_failure) says.
    fn after_failure(&self, _request: &Request, _params: &BTreeMap<String, Value>) -> Vec<Request> {
        Vec::new()
    }

    /// What to do once everything asked for has come, as [`Connector::next`](crate::Connector::next) says.
    fn next(&self, _params: &BTreeMap<String, Value>, _so_far: &SoFar) -> Option<Next> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{load, load_with};
    use crate::{Connector, Params};
    use model::Window;
    use serde_json::json;
    use url::Url;

    /// Asks for what changed since its cursor, and reads nothing but how long the answer is.
    struct Since;

    impl Code for Since {
        fn start(
            &self,
            params: &BTreeMap<String, Value>,
            cursor: Option<&Value>,
            _now: DateTime<Utc>,
        ) -> Result<Vec<Request>, String> {
            let since = cursor.and_then(Value::as_u64).unwrap_or(0);
            let url = format!("https://x.test/{}?since={since}", params["top"]);
            Ok(vec![Request::get(Url::parse(&url).map_err(|error| error.to_string())?)])
        }

        fn read(
            &self,
            document: &Document,
            _params: &BTreeMap<String, Value>,
            _options: &ReadOptions,
        ) -> Result<Reading, ReadError> {
            Ok(Reading { cursor: Some(json!(document.body.len())), ..Reading::default() })
        }

        fn version(&self) -> u32 {
            7
        }
    }

    const YAML: &str = "name: since\nparams: {top: {type: integer, default: 5}}\n";

    #[test]
    fn code_stands_in_for_requests_and_knows_its_parameters_and_its_cursor() {
        let without = load("a.yaml", YAML).expect_err("a manifest without requests");
        assert!(without[0].to_string().contains("there are no requests"), "{without:?}");
        let since = load_with("a.yaml", YAML, Some(&Since)).expect("no requests are needed");
        let now = DateTime::UNIX_EPOCH;
        let first = since.start(&Params::default(), Some(&json!(3)), now).expect("requests");
        assert_eq!(first[0].url.as_str(), "https://x.test/5?since=3");
        let document = Document::from_bytes("a", first[0].url.clone(), "four");
        let options = ReadOptions { window: Window::around(now.date_naive(), 1, 1), timezone: None, now };
        let reading = since.read(&document, &Params::default(), &options).expect("a reading");
        assert_eq!(reading.cursor, Some(json!(4)));
    }
}

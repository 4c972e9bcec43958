//! One page of a browser: shows a document that was fetched, answers what its scripts ask for, waits until
//! the list is there, walks its pages, and gives what is shown.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;
use url::Url;

use super::super::Fetcher;
use super::super::client::{Answer, Failure};
use super::browser::Browser;
use super::pipe::Event;
use super::requests::{self, Asked, Reply};
use super::scripts::Scripts;
use super::{RenderPlan, failed};

/// What runs inside the page.
const WALK: &str = include_str!("walk.js");
const CALL: Duration = Duration::from_secs(15);

/// What is to be shown.
pub struct Errand<'a> {
    pub fetcher: &'a Fetcher,
    pub url: &'a Url,
    pub answer: &'a Answer,
    pub plan: &'a RenderPlan,
    pub robots: bool,
    pub limit: Duration,
    pub scripts: &'a Scripts,
}

#[derive(Debug)]
pub struct Page {
    browser: Arc<Browser>,
    target: String,
    session: String,
    events: Receiver<Event>,
    open: bool,
}

impl Page {
    pub async fn open(browser: Arc<Browser>) -> Result<Page, String> {
        let pipe = &browser.pipe;
        let made = pipe.call(None, "Target.createTarget", json!({"url": "about:blank"}), CALL).await?;
        let target = text(&made, "targetId")?;
        let attach = json!({"targetId": target, "flatten": true});
        let session = text(&pipe.call(None, "Target.attachToTarget", attach, CALL).await?, "sessionId")?;
        let events = pipe.events(&session);
        let page = Page { browser: browser.clone(), target, session, events, open: true };
        page.call("Fetch.enable", json!({"patterns": [{"urlPattern": "*"}]})).await?;
        page.call("Inspector.enable", json!({})).await?;
        Ok(page)
    }

    pub fn browser(&self) -> &Arc<Browser> {
        &self.browser
    }

    pub fn is_alive(&self) -> bool {
        self.browser.is_alive() && !self.events.is_closed()
    }

    pub async fn close(mut self) -> Result<(), String> {
        self.open = false;
        self.browser.pipe.forget(&self.session);
        let close = json!({"targetId": self.target});
        let limit = Duration::from_secs(5);
        self.browser.pipe.call(None, "Target.closeTarget", close, limit).await.map(drop)
    }

    /// Shows the document until its list is there, and gives the page as it is then.
    pub async fn show(&mut self, errand: &Errand<'_>) -> Result<Bytes, Failure> {
        while self.events.try_recv().is_ok() {}
        let (browser, session) = (self.browser.clone(), self.session.clone());
        let fault = |why: String| Failure::again(failed(errand.url, &why));
        let driven = async { drive(&browser, &session, errand).await.map_err(fault) };
        let served = serve(&self.browser, &self.session, &mut self.events, errand);
        let html = tokio::select! {
            html = driven => html?,
            failure = served => return Err(failure),
        };
        // Nothing of it goes on while the page waits for its next turn.
        let blank = json!({"url": "about:blank"});
        self.call("Page.navigate", blank).await.map_err(fault)?;
        Ok(html)
    }

    async fn call(&self, method: &str, params: Value) -> Result<Value, String> {
        self.browser.pipe.call(Some(&self.session), method, params, CALL).await
    }
}

impl Drop for Page {
    /// A page that is dropped in the middle of its work is closed all the same.
    fn drop(&mut self) {
        if !self.open || !self.browser.is_alive() {
            return;
        }
        let (browser, target, session) = (self.browser.clone(), self.target.clone(), self.session.clone());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                browser.pipe.forget(&session);
                let close = json!({"targetId": target});
                // A browser that does not close it is found out by whoever uses it next.
                let _ = browser.pipe.call(None, "Target.closeTarget", close, CALL).await;
            });
        }
    }
}

/// Leads the page to the document and waits for what the walk gives.
async fn drive(browser: &Browser, session: &str, errand: &Errand<'_>) -> Result<Bytes, String> {
    let pipe = &browser.pipe;
    let to = json!({"url": errand.url.as_str()});
    let went = pipe.call(Some(session), "Page.navigate", to, errand.limit).await?;
    if let Some(why) = went["errorText"].as_str().filter(|why| !why.is_empty()) {
        return Err(format!("the browser would not show it: {why}"));
    }
    let mut plan = serde_json::to_value(errand.plan).unwrap_or_default();
    plan["limitMs"] = u64::try_from(errand.limit.as_millis()).unwrap_or(u64::MAX).into();
    let walk = json!({
        "expression": format!("({WALK})({plan})"), "awaitPromise": true, "returnByValue": true,
    });
    let walked = pipe.call(Some(session), "Runtime.evaluate", walk, errand.limit + CALL).await?;
    if let Some(thrown) = walked.get("exceptionDetails") {
        let said = thrown["exception"]["description"].as_str().or(thrown["text"].as_str());
        let said = said.unwrap_or("its script failed").lines().next().unwrap_or_default();
        return Err(said.trim_start_matches("Error: ").to_owned());
    }
    match walked["result"]["value"].as_str() {
        Some(html) => Ok(Bytes::from(html.to_owned())),
        None => Err("the page gave nothing".to_owned()),
    }
}

/// Answers what the page asks for; ends only when that fails.
async fn serve(
    browser: &Browser,
    session: &str,
    events: &mut Receiver<Event>,
    errand: &Errand<'_>,
) -> Failure {
    let mut under_way = FuturesUnordered::new();
    loop {
        tokio::select! {
            event = events.recv() => match event {
                None => return Failure::again(failed(errand.url, "the browser has ended")),
                Some(event) if event.method == "Inspector.targetCrashed" => {
                    return Failure::again(failed(errand.url, "the page crashed"));
                }
                Some(event) if event.method == "Fetch.requestPaused" => {
                    if let Some(asked) = Asked::of(&event.params) {
                        under_way.push(reply(browser, session, asked, errand));
                    }
                }
                Some(_) => {}
            },
            Some(fault) = under_way.next() => {
                if let Some(fault) = fault {
                    return fault;
                }
            }
        }
    }
}

/// Answers one request of the page. A failure is one that the page cannot be whole without.
async fn reply(browser: &Browser, session: &str, asked: Asked, errand: &Errand<'_>) -> Option<Failure> {
    let (reply, fault) = requests::answer(&asked, errand).await;
    let (method, params) = match reply {
        Reply::Refuse(reason) => ("Fetch.failRequest", json!({"requestId": asked.id, "errorReason": reason})),
        Reply::Give(given) => ("Fetch.fulfillRequest", given),
    };
    // A page that went on does not wait for it any more.
    let _ = browser.pipe.call(Some(session), method, params, CALL).await;
    fault
}

fn text(answer: &Value, name: &str) -> Result<String, String> {
    answer[name].as_str().map(str::to_owned).ok_or_else(|| format!("the browser gave no {name}"))
}

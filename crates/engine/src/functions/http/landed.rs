//! Answers that are kept in the landing, and found there again by a run that fetches nothing.

use model::{ContentHash, Document, Found, Request, SourceName};
use store::{LandedDocument, Read, Remarks};

use super::{Params, output};
use crate::functions::{Answer, Call, Failure};

/// The reader's name in the store.
const CONNECTOR: &str = "http";

/// The answer of the step; with `save`, its body is kept.
pub(super) async fn answer(call: &Call, params: &Params, document: Document) -> Result<Answer, Failure> {
    let mut answer = Answer::done(output(params, &document)?);
    if params.save {
        let hash = call.world.store.landing().put(&document.body).await?;
        answer.documents = vec![kept(call, document, hash)];
    }
    Ok(answer)
}

/// What an earlier run kept.
pub(super) async fn known(call: &Call, params: &Params, request: &Request) -> Result<Answer, Failure> {
    let store = &call.world.store;
    let known = store.known_document(CONNECTOR, &scope(call), &name(call, request)).await?;
    let Some(known) = known else {
        let what = call.run.masker.mask(request.url.as_str());
        return Err(Failure::lasting(
            "nothing_landed",
            format!(
                "nothing is fetched in this run, and no answer of {what} was kept: run it once with save: true"
            ),
        ));
    };
    let body = store.landing().get(known.body).await?;
    Ok(Answer::done(output(params, &Document::from_bytes("", request.url.clone(), body))?))
}

fn scope(call: &Call) -> String {
    format!("{}/{}", call.run.plan.name, call.path)
}

/// The same request has the same name across runs; secrets and bodies are in it as a hash alone.
fn name(call: &Call, request: &Request) -> String {
    let hash = ContentHash::of(request.identity().as_bytes()).to_hex();
    format!("{} {}#{}", request.method.name(), call.run.masker.mask(request.url.as_str()), &hash[..12])
}

fn kept(call: &Call, document: Document, body: ContentHash) -> LandedDocument {
    let shown = |url: &url::Url| call.run.masker.mask(url.as_str()).parse().unwrap_or_else(|_| url.clone());
    let request = &document.request;
    LandedDocument {
        name: name(call, request),
        url: call.run.masker.mask(document.url.as_str()),
        // What was sent along is not needed to read the answer.
        request: Request {
            method: request.method,
            step: call.path.clone(),
            ..Request::get(shown(&request.url))
        },
        status: document.status,
        fetched_at: document.fetched_at,
        found: Found::Fetched,
        body: Some(body),
        size_bytes: document.body.len() as u64,
        source: SourceName::new(&call.path),
        connector: CONNECTOR.to_owned(),
        scope: scope(call),
        etag: None,
        last_modified: None,
        read: Read::Records {
            reading_key: env!("CARGO_PKG_VERSION").to_owned(),
            quarantined: Vec::new(),
            records: Vec::new(),
            cursor: None,
        },
        remarks: Remarks::default(),
        headers: document.headers,
    }
}

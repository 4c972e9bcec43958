//! `POST /webhooks/vivenu/REGION`: what a seller's account tells of its own accord. It is answered with
//! success only once it is committed, so that the sender sends again what was not.

use std::time::Duration;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use bytes::Bytes;
use engine::ticketing::{HookError, Hooked, RegionConfig, regions, take_webhook};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::refusal::Refusal;
use crate::{Shared, signature};

/// Longest body. A purchase of a hundred tickets with all answers is a tenth of it.
const BYTES_MAX: usize = 4 * 1024 * 1024;

/// Longest time that a body may take to come.
const BODY_TIME: Duration = Duration::from_secs(20);

pub(crate) async fn take(
    State(shared): State<Shared>,
    Path(region): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<Value>, Refusal> {
    let _place = shared.places.try_acquire().map_err(|_| Refusal::Busy)?;
    let region = configured(&shared, region)?;
    let body = whole(body).await?;
    check(&region, &headers, &body)?;
    match take_webhook(&shared.world, &region.region, body).await {
        Ok(Hooked::Taken { records }) => Ok(Json(json!({"taken": records}))),
        Ok(Hooked::Known) => Ok(Json(json!({"taken": 0, "known": true}))),
        Err(HookError::Malformed(why)) => Err(Refusal::Malformed(why)),
        Err(HookError::NotKept(why)) => Err(Refusal::NotKept(why)),
    }
}

fn configured(shared: &Shared, name: String) -> Result<RegionConfig, Refusal> {
    let known = regions(&shared.world, std::slice::from_ref(&name));
    let found = known.ok().and_then(|mut known| known.pop());
    found.ok_or_else(|| Refusal::Unknown("such region".to_owned()))
}

async fn whole(body: Body) -> Result<Bytes, Refusal> {
    let read = tokio::time::timeout(BODY_TIME, to_bytes(body, BYTES_MAX)).await;
    read.map_err(|_| Refusal::Unfinished)?.map_err(|_| Refusal::TooLong(BYTES_MAX))
}

fn check(region: &RegionConfig, headers: &HeaderMap, body: &[u8]) -> Result<(), Refusal> {
    let Some(secret) = &region.secrets.webhook_secret else {
        return Err(Refusal::Unsigned("no webhook_secret is configured for this region"));
    };
    let signature = headers.get("x-vivenu-signature").and_then(|value| value.to_str().ok());
    let signature = signature.ok_or(Refusal::Unsigned("x-vivenu-signature is missing"))?;
    match signature::fits(secret.expose_secret(), body, signature) {
        true => Ok(()),
        false => Err(Refusal::Unsigned("x-vivenu-signature does not fit the body")),
    }
}

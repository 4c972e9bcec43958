//! The server: the token says whose API it is; then the request is struck by a fault or answered.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Query as Pairs, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::watch;

use super::TicketingFaults;
use super::api::{self, Call, Envelopes};
use super::edits::mutate;
use super::faults::Strike;
use super::query::Query;
use super::seller::Seller;
use crate::server::{CutAt, broken_off, json, listen, lock};

const MOST_SENT: usize = 1024 * 1024;

#[derive(Debug)]
pub(crate) struct Shared {
    pub seed: u64,
    /// Never changed once it runs, so that who asks can be told without taking a lock.
    pub tokens: Vec<(String, &'static str)>,
    pub sellers: Vec<Mutex<Seller>>,
    pub faults: Mutex<TicketingFaults>,
    pub series_in_docs: bool,
    pub requests: AtomicU64,
    /// Edits made while pages were read, by region.
    pub moved: Vec<AtomicU64>,
}

pub(crate) async fn serve(shared: Arc<Shared>, stop: watch::Receiver<()>) -> io::Result<SocketAddr> {
    listen(Router::new().fallback(answer).with_state(shared), stop).await
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    if request.uri().path() == "/robots.txt" {
        return StatusCode::NOT_FOUND.into_response();
    }
    let number = shared.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let faults = lock(&shared.faults).clone();
    if !faults.latency.is_zero() {
        tokio::time::sleep(faults.latency).await;
    }
    let token = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
    let Some(at) = shared.tokens.iter().position(|(known, _)| known == token) else {
        return refused(401, "Missing or invalid API key");
    };
    let Some(call) = call(request).await else { return refused(400, "the call cannot be read") };
    let top = call.query.part().map_or(0, |(top, _)| top);
    let strike = faults.strike(shared.seed, number, shared.tokens[at].1, top);
    match strike {
        Some(Strike::Unavailable) => return refused(503, "the service is overloaded; try again"),
        Some(Strike::TooMany) => return too_many(&faults),
        _ => {}
    }
    let good = good_answer(&shared, at, &call, &faults);
    match strike {
        Some(Strike::Cut) => broken_off(good, CutAt::Middle).await,
        Some(Strike::Truncated) => truncated(good).await,
        _ => good,
    }
}

async fn call(request: Request) -> Option<Call> {
    let Pairs(pairs) = Pairs::<Vec<(String, String)>>::try_from_uri(request.uri()).ok()?;
    let put = match *request.method() {
        Method::GET => false,
        Method::PUT => true,
        _ => return None,
    };
    let path = request.uri().path().to_owned();
    let body = to_bytes(request.into_body(), MOST_SENT).await.ok()?;
    Some(Call { put, path, query: Query::new(pairs), body: body.to_vec() })
}

fn good_answer(shared: &Shared, at: usize, call: &Call, faults: &TicketingFaults) -> Response {
    let how = Envelopes { total_off: faults.total_off, series_in_docs: shared.series_in_docs };
    let mut seller = lock(&shared.sellers[at]);
    let body = match api::answer(&mut seller, call, how) {
        Ok(body) => body,
        Err((status, message)) => return refused(status, &message),
    };
    if call.path.trim_end_matches('/') == "/api/tickets" {
        move_on(&mut seller, &shared.moved[at], faults);
    }
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}

/// Life goes on while somebody pages through the tickets.
fn move_on(seller: &mut Seller, moved: &AtomicU64, faults: &TicketingFaults) {
    let left = faults.edits_at_most.saturating_sub(moved.load(Ordering::Relaxed) as usize);
    let edits = faults.edits_per_page.min(left);
    if edits > 0 {
        moved.fetch_add(edits as u64, Ordering::Relaxed);
        mutate(seller, edits);
    }
}

fn refused(status: u16, message: &str) -> Response {
    json(status, &api::error(status, message))
}

fn too_many(faults: &TicketingFaults) -> Response {
    let mut response = refused(429, "Too many requests");
    if let Some(secs) = faults.retry_after_secs {
        response.headers_mut().insert(header::RETRY_AFTER, secs.into());
    }
    response
}

/// Half of a body, sent as if it were all.
async fn truncated(good: Response) -> Response {
    let (mut parts, body) = good.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return refused(500, "the answer cannot be read") };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, body.slice(..body.len() / 2).into())
}

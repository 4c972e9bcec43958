//! The three servers: each request is counted, struck by a fault or answered.

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::watch;

use super::faults::Strike;
use super::listing::Listing;
use super::world::{Page, World};
use super::{API_TOKEN, Fault, Faults, Upstream, api, bomb, site};
use crate::server::{CutAt, broken_off, json, listen, lock};

/// What the three servers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub seed: u64,
    pub world: Mutex<World>,
    pub faults: Mutex<Faults>,
    pub requests: [AtomicU64; 3],
}

/// Serves one upstream on a free port until `stop` is dropped.
pub(crate) async fn serve(
    upstream: Upstream,
    shared: Arc<Shared>,
    stop: watch::Receiver<()>,
) -> io::Result<SocketAddr> {
    let router = Router::new().fallback(answer).with_state((upstream, shared));
    listen(router, stop).await
}

async fn answer(State((upstream, shared)): State<(Upstream, Arc<Shared>)>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if path == "/robots.txt" {
        return robots(upstream);
    }
    let number = shared.requests[upstream as usize].fetch_add(1, Ordering::Relaxed) + 1;
    let fault = lock(&shared.faults).of(upstream).clone();
    if !fault.latency.is_zero() {
        tokio::time::sleep(fault.latency).await;
    }
    let strike = fault.strike(shared.seed ^ upstream as u64, number);
    if let Some(response) = strike.and_then(|strike| struck(strike, &fault, &path)) {
        return response;
    }
    let good = good_answer(upstream, &shared, &path, &request);
    match strike {
        Some(Strike::Cut) => broken_off(good, CutAt::Middle).await,
        Some(Strike::WrongLength) => broken_off(good, CutAt::End).await,
        _ => good,
    }
}

fn robots(upstream: Upstream) -> Response {
    match upstream {
        Upstream::Site => ([(header::CONTENT_TYPE, "text/plain")], site::ROBOTS).into_response(),
        Upstream::Calendar | Upstream::Api => StatusCode::NOT_FOUND.into_response(),
    }
}

fn good_answer(upstream: Upstream, shared: &Shared, path: &str, request: &Request) -> Response {
    let world = lock(&shared.world);
    match (upstream, path) {
        (Upstream::Calendar, "/calendar.ics") => {
            page(&world.calendar(), "text/calendar; charset=utf-8", request.headers())
        }
        (Upstream::Site, path) => match world.page(path) {
            Some(found) => page(&found, "text/html; charset=utf-8", request.headers()),
            None => StatusCode::NOT_FOUND.into_response(),
        },
        (Upstream::Api, "/api/v1/events") => {
            let listings: Vec<&Listing> = world.of(Upstream::Api).collect();
            listing_page(&listings, request)
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn page(page: &Page, media_type: &'static str, asked: &HeaderMap) -> Response {
    let same = |name, value: &str| asked.get(name).and_then(|v| v.to_str().ok()) == Some(value);
    let validators = [(header::ETAG, page.etag.clone()), (header::LAST_MODIFIED, page.last_modified.clone())];
    // RFC 9110, 13.2.2: the date only counts where no tag is sent
    let unchanged = match asked.contains_key(header::IF_NONE_MATCH) {
        true => same(header::IF_NONE_MATCH, &page.etag),
        false => same(header::IF_MODIFIED_SINCE, &page.last_modified),
    };
    if unchanged {
        return (StatusCode::NOT_MODIFIED, validators).into_response();
    }
    (validators, [(header::CONTENT_TYPE, media_type)], page.body.clone()).into_response()
}

fn listing_page(listings: &[&Listing], request: &Request) -> Response {
    let token = request.headers().get(header::AUTHORIZATION).and_then(|v| v.to_str().ok());
    let allowed = token.and_then(|t| t.strip_prefix("Bearer ")) == Some(API_TOKEN);
    let (status, body) = match api::page(listings, request.uri().query().unwrap_or_default()) {
        _ if !allowed => (401, api::error("unauthorized", "send the token as Authorization: Bearer …")),
        Ok(page) => (200, page),
        Err(error) => error,
    };
    json(status, &body)
}

/// The answer of a fault that replaces the good one.
fn struck(strike: Strike, fault: &Fault, path: &str) -> Option<Response> {
    Some(match strike {
        Strike::Error(status) => {
            let body = api::error("unavailable", "something went wrong on our side; try again");
            json(status, &body)
        }
        Strike::TooMany => {
            let body = api::error("rate_limited", "too many requests per second");
            let after = fault.retry_after_secs.to_string();
            ([(header::RETRY_AFTER, after)], json(429, &body)).into_response()
        }
        Strike::Quota => json(429, &api::error("daily_quota", "the daily quota is used up")),
        Strike::SignIn => {
            let form = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in to continue</h1>\
                        <form method=\"post\" action=\"/login\"><input type=\"email\" name=\"email\">\
                        <input type=\"password\" name=\"password\"><button>Sign in</button></form></body></html>";
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], form).into_response()
        }
        Strike::Loop => {
            let next = if path == "/round" { "/and-round" } else { "/round" };
            (StatusCode::FOUND, [(header::LOCATION, next)]).into_response()
        }
        Strike::Private => {
            let target = "http://169.254.169.254/latest/meta-data/";
            (StatusCode::FOUND, [(header::LOCATION, target)]).into_response()
        }
        Strike::Bomb => {
            let headers = [(header::CONTENT_ENCODING, "gzip"), (header::CONTENT_TYPE, "text/html")];
            (headers, bomb::gzip()).into_response()
        }
        Strike::Cut | Strike::WrongLength => return None,
    })
}

//! The site's server: pages that a script builds, what the script asks for, and what goes wrong.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use tokio::sync::watch;

use super::pages::{self, Place, Shown};
use super::world::{PAGE_ROWS, World};
use super::{CardFaults, CardSiteOptions, ListFault};
use crate::dice::Dice;
use crate::server::{listen, lock};

const ROBOTS: &str = "User-agent: *\nDisallow: /account/\n";
const CLOSED: &str = "User-agent: *\nDisallow: /\n";
const SHELL: &str = "<!DOCTYPE html><html><head><title>Pop Report</title><link rel=\"stylesheet\" href=\"/static/site.css\">\
    </head><body><div id=\"root\"></div><script src=\"/static/app.js\"></script></body></html>";
const SCRIPT: &str = include_str!("app.js");

#[derive(Debug)]
pub struct Shared {
    seed: u64,
    rendered: bool,
    world: Mutex<World>,
    faults: Mutex<CardFaults>,
    arrivals: Mutex<Vec<Instant>>,
    agents: Mutex<BTreeSet<String>>,
    pub pages: AtomicU64,
    requests: AtomicU64,
}

impl Shared {
    pub fn new(options: CardSiteOptions) -> Shared {
        Shared {
            seed: options.seed,
            rendered: options.rendered,
            faults: Mutex::new(options.faults.clone()),
            world: Mutex::new(World::new(options)),
            arrivals: Mutex::default(),
            agents: Mutex::default(),
            pages: AtomicU64::new(0),
            requests: AtomicU64::new(0),
        }
    }

    pub fn world(&self) -> MutexGuard<'_, World> {
        lock(&self.world)
    }

    pub fn faults(&self) -> MutexGuard<'_, CardFaults> {
        lock(&self.faults)
    }

    pub fn arrivals(&self) -> MutexGuard<'_, Vec<Instant>> {
        lock(&self.arrivals)
    }

    pub fn agents(&self) -> MutexGuard<'_, BTreeSet<String>> {
        lock(&self.agents)
    }
}

pub async fn serve(shared: Arc<Shared>, stop: watch::Receiver<()>) -> io::Result<SocketAddr> {
    listen(Router::new().fallback(answer).with_state(shared), stop).await
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let uri = request.uri().clone();
    match uri.path() {
        "/robots.txt" => {
            let robots = if shared.faults().closed { CLOSED } else { ROBOTS };
            return ([(header::CONTENT_TYPE, "text/plain")], robots).into_response();
        }
        "/static/app.js" => return ([(header::CONTENT_TYPE, "text/javascript")], SCRIPT).into_response(),
        _ => {}
    }
    let for_script = uri.path().starts_with("/data/");
    if !for_script {
        shared.pages.fetch_add(1, Ordering::Relaxed);
        shared.arrivals().push(Instant::now());
        let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        shared.agents().insert(agent.unwrap_or_default().to_owned());
    }
    let number = shared.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let faults = shared.faults().clone();
    if !faults.latency.is_zero() {
        tokio::time::sleep(faults.latency).await;
    }
    if faults.list == ListFault::Fails && uri.path().ends_with("/pop-report") {
        return (StatusCode::SERVICE_UNAVAILABLE, "something went wrong").into_response();
    }
    let mut dice = Dice::new(shared.seed.wrapping_mul(31).wrapping_add(number));
    if faults.too_many_every > 0 && number.is_multiple_of(faults.too_many_every) {
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], "slow down").into_response();
    }
    if dice.chance(faults.fail_percent) {
        let status = if dice.chance(50) { 500 } else { 503 };
        return (StatusCode::from_u16(status).unwrap_or_default(), "something went wrong").into_response();
    }
    if for_script && dice.chance(faults.hang_percent) {
        std::future::pending::<()>().await;
    }
    if for_script || shared.rendered {
        return listed(&shared, &uri, &faults, &mut dice);
    }
    match shown(&shared, uri.path(), uri.query().unwrap_or_default()) {
        Some(_) => Html(SHELL).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// What a page shows; to a script a page of it as JSON, else all of it as markup.
fn listed(shared: &Shared, uri: &Uri, faults: &CardFaults, dice: &mut Dice) -> Response {
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    let for_script = path.strip_prefix("/data");
    let Some(mut shown) = shown(shared, for_script.unwrap_or(path), query) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match shown.tiles.is_empty() {
        true if shown.headers.is_empty() => {}
        true => spoil(&mut shown, faults, dice),
        false => spoil_list(&mut shown, faults.list),
    }
    if for_script.is_none() {
        return Html(pages::markup(&shown)).into_response();
    }
    let offset = value(query, "offset").parse().unwrap_or(0).min(shown.rows.len());
    shown.rows = shown.rows.split_off(offset);
    shown.rows.truncate(PAGE_ROWS);
    axum::Json(shown).into_response()
}

fn spoil_list(shown: &mut Shown, fault: ListFault) {
    match fault {
        ListFault::None | ListFault::Fails => {}
        ListFault::Empty => shown.tiles.clear(),
        ListFault::Cut => {
            shown.of = shown.tiles.len();
            shown.tiles.truncate(shown.of.div_ceil(2));
        }
    }
}

fn spoil(shown: &mut Shown, faults: &CardFaults, dice: &mut Dice) {
    if dice.chance(faults.empty_percent) {
        shown.rows.clear();
        (shown.totals, shown.of) = (None, 0);
    } else if dice.chance(faults.truncated_percent) {
        shown.rows.truncate(shown.rows.len() / 2);
    }
}

fn shown(shared: &Shared, path: &str, query: &str) -> Option<Shown> {
    if let Some(certificate) = path.strip_prefix("/card/") {
        let world = shared.world();
        let (card, copy) = world.certified(certificate)?;
        return Some(world.show(Place::Certificate(card, copy)));
    }
    let rest = path.strip_prefix("/pop-report")?;
    let segments: Vec<String> =
        rest.split('/').filter(|segment| !segment.is_empty()).map(|segment| plain(segment, false)).collect();
    let world = shared.world();
    let place = world.find(&segments, &value(query, "setName"), &value(query, "variation"))?;
    Some(world.show(place))
}

fn value(query: &str, name: &str) -> String {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.filter(|(known, _)| *known == name).map(|(_, value)| plain(value, true)).next();
    found.unwrap_or_default()
}

/// Percent escapes taken out; in a query a plus is a space.
fn plain(text: &str, in_query: bool) -> String {
    let text = if in_query { text.replace('+', " ") } else { text.to_owned() };
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                plain.push(byte);
                at += 3;
            }
            None => {
                plain.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

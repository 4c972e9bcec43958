//! The API of one seller: paths and filters in, rows in their envelopes out. Lists of tickets and orders
//! begin with what was edited last, so that edits move the rows of whoever pages through them.

use serde_json::{Map, Value, json};

use super::edits::replace_form;
use super::query::{Query, Refusal};
use super::render;
use super::rows::{Order, Ticket};
use super::seller::Seller;

/// A call, as far as answers depend on it.
#[derive(Debug)]
pub(crate) struct Call {
    pub put: bool,
    pub path: String,
    pub query: Query,
    pub body: Vec<u8>,
}

/// How lists are wrapped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Envelopes {
    /// Added to every total.
    pub total_off: i64,
    /// The list of series comes as the API's users have seen it, not as its owner's file says.
    pub series_in_docs: bool,
}

/// The body of the answer, JSON already.
pub(crate) fn answer(seller: &mut Seller, call: &Call, how: Envelopes) -> Result<String, Refusal> {
    let query = &call.query;
    let parts: Vec<&str> = call.path.trim_start_matches("/api/").trim_end_matches('/').split('/').collect();
    match (call.put, parts.as_slice()) {
        (true, ["tickets", id]) => update(seller, id, &call.body),
        (true, _) => Err((404, format!("Cannot PUT {}", call.path))),
        (_, ["events"]) => events(seller, query, how),
        (_, ["events", id]) => {
            one(seller.events.iter().find(|event| event.id == *id).map(|event| render::event(seller, event)))
        }
        (_, ["tickets"]) => tickets(seller, query, how),
        (_, ["tickets", id]) => one(seller
            .tickets
            .iter()
            .find(|ticket| ticket.id == *id)
            .map(|ticket| render::ticket(seller, ticket))),
        (_, ["transactions"]) => transactions(seller, query, how),
        (_, ["transactions", id]) => one(seller
            .orders
            .iter()
            .find(|order| order.id == *id)
            .map(|order| render::transaction(seller, order))),
        (_, ["coupon", "rich"]) => coupons(seller, query, how),
        (_, ["coupon", "series"]) => series(seller, query, how),
        (_, ["scans"]) => scans(seller, query, how),
        _ => Err((404, format!("Cannot GET {}", call.path))),
    }
}

fn one(found: Option<Value>) -> Result<String, Refusal> {
    found.map(|row| row.to_string()).ok_or_else(|| (404, "Not found".to_owned()))
}

/// A part of a list in its envelope.
fn list(rows: &str, texts: &[String], total: usize, how: Envelopes) -> String {
    let total = (total as i64 + how.total_off).max(0);
    format!("{{\"{rows}\":[{}],\"total\":{total}}}", texts.join(","))
}

fn page<T>(rows: &[T], query: &Query, text: impl Fn(&T) -> String) -> Result<Vec<String>, Refusal> {
    let (top, skip) = query.part()?;
    Ok(rows.iter().skip(skip).take(top).map(text).collect())
}

fn events(seller: &Seller, query: &Query, how: Envelopes) -> Result<String, Refusal> {
    let (start, end) = (query.range("start")?, query.range("end")?);
    let (created, updated) = (query.range("createdAt")?, query.range("updatedAt")?);
    let fits = |event: &&super::rows::Event| {
        start.holds(event.start)
            && end.holds(event.end)
            && created.holds(event.created)
            && updated.holds(event.updated)
            && query.get("name").is_none_or(|name| event.name.contains(name))
    };
    let mut events: Vec<_> = seller.events.iter().filter(fits).collect();
    events.sort_by_key(|event| event.start);
    if query.get("sortDir") == Some("-1") {
        events.reverse();
    }
    let texts = page(&events, query, |event| render::event(seller, event).to_string())?;
    Ok(list("rows", &texts, events.len(), how))
}

fn tickets(seller: &Seller, query: &Query, how: Envelopes) -> Result<String, Refusal> {
    let (created, updated) = (query.created()?, query.range("updatedAt")?);
    let person = |ticket: &Ticket, asked: &str| {
        ticket
            .person
            .as_ref()
            .is_some_and(|person| format!("{} {}", person.first, person.last).contains(asked))
    };
    let fits = |ticket: &&Ticket| {
        let event = &seller.events[ticket.event];
        let customer = ticket.person.as_ref().map_or("", |person| person.customer.as_str());
        query.lists("event", &event.id)
            && query.lists("status", ticket.status.label())
            && query.is("type", "SINGLE")
            && query.is("barcode", &ticket.barcode)
            && query.is("customerId", customer)
            && query.is("batch", ticket.batch.as_deref().unwrap_or_default())
            && query.is("ticketTypeId", &event.types[ticket.offer].id)
            && query.is("underShopId", ticket.shop.map_or("", |shop| &event.shops[shop].id))
            && query.get("name").is_none_or(|asked| person(ticket, asked))
            && created.holds(ticket.created)
            && updated.holds(ticket.updated)
    };
    let mut tickets: Vec<&Ticket> = seller.tickets.iter().filter(fits).collect();
    tickets.sort_by(|one, other| other.updated.cmp(&one.updated).then_with(|| other.id.cmp(&one.id)));
    let text =
        |ticket: &&Ticket| ticket.text.get_or_init(|| render::ticket(seller, ticket).to_string()).clone();
    Ok(list("rows", &page(&tickets, query, text)?, tickets.len(), how))
}

fn transactions(seller: &Seller, query: &Query, how: Envelopes) -> Result<String, Refusal> {
    let (created, updated) = (query.created()?, query.range("updatedAt")?);
    let fits = |order: &&Order| {
        let row = || render::transaction(seller, order);
        let says = |asked: &str, field: &str| {
            query.get(asked).is_none() || row()[field].as_str().is_some_and(|is| query.lists(asked, is))
        };
        query.lists("event", &seller.events[order.event].id)
            && query.is("id", &order.id)
            && says("status", "status")
            && says("paymentStatus", "paymentStatus")
            && says("customer", "customerId")
            && query.is("coupon", order.coupon.map_or("", |at| &seller.coupons[at].code))
            && created.holds(order.created)
            && updated.holds(order.updated)
    };
    let mut orders: Vec<&Order> = seller.orders.iter().filter(fits).collect();
    orders.sort_by(|one, other| other.updated.cmp(&one.updated).then_with(|| other.id.cmp(&one.id)));
    let text =
        |order: &&Order| order.text.get_or_init(|| render::transaction(seller, order).to_string()).clone();
    Ok(list("docs", &page(&orders, query, text)?, orders.len(), how))
}

fn coupons(seller: &Seller, query: &Query, how: Envelopes) -> Result<String, Refusal> {
    let event = query.get("eventId").map(|id| seller.events.iter().position(|event| event.id == id));
    let fits = |coupon: &&super::rows::Coupon| {
        let series = coupon.series.map_or("", |at| &seller.series[at].id);
        let applies = match event {
            None => true,
            Some(event) => event.is_some_and(|event| seller.applies(coupon, event)),
        };
        applies
            && query.is("active", if seller.usable(coupon) { "true" } else { "false" })
            && query.is("couponSeriesId", series)
            && query.is("code", &coupon.code)
            && query.get("name").is_none_or(|name| coupon.name.contains(name))
    };
    let coupons: Vec<_> = seller.coupons.iter().filter(fits).collect();
    let texts = page(&coupons, query, |coupon| render::coupon(seller, coupon).to_string())?;
    Ok(list("rows", &texts, coupons.len(), how))
}

fn series(seller: &Seller, query: &Query, how: Envelopes) -> Result<String, Refusal> {
    let all = seller.series.iter().enumerate();
    let series: Vec<_> =
        all.filter(|(_, series)| query.get("name").is_none_or(|name| series.name.contains(name))).collect();
    let texts = page(&series, query, |(at, series)| render::series(seller, *at, series).to_string())?;
    match how.series_in_docs {
        true => Ok(list("docs", &texts, series.len(), how)),
        false => Ok(format!("[{}]", texts.join(","))),
    }
}

/// Newest first.
fn scans(seller: &Seller, query: &Query, how: Envelopes) -> Result<String, Refusal> {
    let of = |scan: &&super::rows::Scan| {
        let event = seller.tickets[scan.ticket].event;
        query.lists("eventId", &seller.events[event].id)
    };
    let mut scans: Vec<_> = seller.scans.iter().filter(of).collect();
    scans.sort_by(|one, other| other.time.cmp(&one.time).then_with(|| other.id.cmp(&one.id)));
    let texts = page(&scans, query, |scan| render::scan(seller, scan).to_string())?;
    Ok(list("docs", &texts, scans.len(), how))
}

/// Barcode, extra fields and meta can be set; the map of extra fields is replaced as a whole.
fn update(seller: &mut Seller, id: &str, body: &[u8]) -> Result<String, Refusal> {
    let at = seller.tickets.iter().position(|ticket| ticket.id == id);
    let at = at.ok_or_else(|| (404, "Not found".to_owned()))?;
    let body: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| (400, format!("the body is no JSON object: {error}")))?;
    match body.get("extraFields") {
        Some(Value::Object(form)) => replace_form(seller, at, form.clone()),
        Some(_) => return Err((400, "extraFields must be an object".to_owned())),
        None => {}
    }
    match body.get("barcode") {
        Some(Value::String(code)) if code.len() >= 6 => {
            seller.touch(at, "ticket.updated").barcode.clone_from(code);
        }
        None | Some(Value::Null) => {}
        Some(_) => return Err((400, "barcode must have 6 characters".to_owned())),
    }
    Ok(render::ticket(seller, &seller.tickets[at]).to_string())
}

/// The body of an error.
pub(crate) fn error(status: u16, message: &str) -> Value {
    let name = match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        404 => "Not Found",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
    json!({"statusCode": status, "error": name, "message": message})
}

//! The listing API's answers; their shape is told at [`Sandbox::api_url`](crate::Sandbox::api_url),
//! where the users of the sandbox look for it.

use chrono::{SecondsFormat, TimeDelta};
use serde_json::{Value, json};

use super::listing::{Listing, Time};
use super::site::decimal;

const MAX_PER_PAGE: usize = 100;

/// One page of `listings`, from 1, or status and body of an error.
pub(crate) fn page(listings: &[&Listing], query: &str) -> Result<Value, (u16, Value)> {
    let page = parameter(query, "page", 1)?.max(1);
    let per_page = parameter(query, "per_page", 50)?.clamp(1, MAX_PER_PAGE);
    let pages = listings.len().div_ceil(per_page).max(1);
    if page > pages {
        return Err((400, error("page_out_of_range", &format!("there are {pages} pages"))));
    }
    let events: Vec<Value> =
        listings.iter().skip((page - 1) * per_page).take(per_page).map(|l| event(l)).collect();
    Ok(json!({
        "events": events,
        "meta": {"page": page, "pages": pages, "per_page": per_page, "total": listings.len()},
    }))
}

/// An error body.
pub(crate) fn error(code: &str, message: &str) -> Value {
    json!({"error": {"code": code, "message": message}})
}

fn parameter(query: &str, name: &str, default: usize) -> Result<usize, (u16, Value)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, value)) = pairs.into_iter().find(|(key, _)| *key == name) else { return Ok(default) };
    value.parse().map_err(|_| (400, error("bad_parameter", &format!("{name} is not a number"))))
}

fn event(listing: &Listing) -> Value {
    let (lat, lon) = listing.position();
    let (starts_at, ends_at, end_date) = match listing.time {
        Time::Clock { start, minutes } => {
            let end = start + TimeDelta::minutes(minutes);
            let utc = |local| listing.instant(local).to_rfc3339_opts(SecondsFormat::Secs, true);
            (json!(utc(start)), json!(utc(end)), end.date())
        }
        Time::Days { first, days } => {
            (Value::Null, Value::Null, first + chrono::Days::new(days.saturating_sub(1)))
        }
    };
    let price = listing.price.as_ref().map(|price| {
        let amount = |minor| decimal(minor, listing.city.minor);
        json!({"min": amount(price.min_minor), "max": amount(price.max_minor), "currency": price.currency})
    });
    json!({
        "id": listing.id,
        "name": listing.title,
        "category": listing.category.label(),
        "url": format!("https://listings.example/e/{}", listing.id),
        "starts_at": starts_at,
        "ends_at": ends_at,
        "start_date": listing.first_day(),
        "end_date": end_date,
        "all_day": starts_at.is_null(),
        "timezone": listing.city.zone.name(),
        "venue": {
            "name": listing.venue_name(), "street": listing.street(), "city": listing.city.name,
            "country": listing.city.country, "latitude": lat, "longitude": lon,
        },
        "price": price,
        "status": listing.status,
        "performers": listing.performers,
    })
}

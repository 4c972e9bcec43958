//! The venue site as pages: one that lists all events, one for each event with schema.org JSON-LD,
//! every eighth with microdata instead.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, TimeDelta, TimeZone};
use serde_json::{Value, json};

use super::listing::{Listing, Time};
use super::{Price, Status};

/// What robots may read.
pub(crate) const ROBOTS: &str = "User-agent: *\nDisallow: /private/\nAllow: /\n";

/// The page that links to all others.
pub(crate) fn index<'a>(listings: impl Iterator<Item = &'a Listing>) -> String {
    let mut body = String::from("<h1>What's on</h1>\n<ul class=\"events\">\n");
    for listing in listings {
        body.push_str(&format!(
            "<li class=\"event\"><a href=\"{}\">{}</a> <span class=\"date\">{}</span> <span class=\"venue\">{}, {}</span></li>\n",
            listing.id,
            escape(&listing.title),
            listing.first_day().format("%a %-d %b %Y"),
            escape(listing.venue_name()),
            escape(listing.city.name),
        ));
    }
    body.push_str("</ul>\n");
    page("What's on", "", &body)
}

/// The page of one event; `number` decides how it is marked up.
pub(crate) fn event(listing: &Listing, number: usize) -> String {
    if number % 8 == 7 {
        return page(&listing.title, "", &microdata(listing));
    }
    let json = serde_json::to_string_pretty(&json_ld(listing)).unwrap_or_default().replace("</", "<\\/");
    let head = format!("<script type=\"application/ld+json\">\n{json}\n</script>\n");
    page(&listing.title, &head, &prose(listing))
}

fn page(title: &str, head: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{title} | The Playbill</title>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <link rel=\"stylesheet\" href=\"/assets/site.css\">\n{head}</head>\n<body>\n\
         <header><a class=\"logo\" href=\"/\">The Playbill</a>\n<nav><a href=\"/events\">What's on</a> \
         <a href=\"/visit\">Visit</a> <a href=\"/about\">About</a> <a href=\"/private/members\">Members</a></nav></header>\n\
         <main>\n{body}</main>\n<footer><p>The Playbill lists what happens on stages near you. Times are local \
         to the venue; doors open half an hour before.</p>\n<p><a href=\"/newsletter\">Newsletter</a> \
         <a href=\"/imprint\">Imprint</a></p></footer>\n</body>\n</html>\n"
    )
}

fn prose(listing: &Listing) -> String {
    let with = match listing.performers.as_slice() {
        [] => String::new(),
        names => format!("<p class=\"with\">With {}</p>\n", escape(&names.join(", "))),
    };
    format!(
        "<article>\n<h1>{}</h1>\n<p class=\"when\">{}</p>\n<p class=\"where\">{}, {}, {}</p>\n{with}<p>{}</p>\n</article>\n",
        escape(&listing.title),
        listing.first_day().format("%A, %B %-d, %Y"),
        escape(listing.venue_name()),
        escape(listing.street()),
        escape(listing.city.name),
        escape(&description(listing)),
    )
}

fn description(listing: &Listing) -> String {
    format!(
        "{} at {} in {}. Seats are not numbered; come early for the good ones. The bar is open before and after, \
         and the hall can be reached without steps.",
        listing.category.label(),
        listing.venue_name(),
        listing.city.name
    )
}

fn json_ld(listing: &Listing) -> Value {
    let (lat, lon) = listing.position();
    let (start, end) = times(listing);
    let performer: Vec<Value> =
        listing.performers.iter().map(|name| json!({"@type": "PerformingGroup", "name": name})).collect();
    let mut event = json!({
        "@context": "https://schema.org",
        "@type": listing.category.schema_type(),
        "name": listing.title,
        "description": description(listing),
        "url": listing.id,
        "startDate": start,
        "endDate": end,
        "eventStatus": event_status(listing.status),
        "eventAttendanceMode": "https://schema.org/OfflineEventAttendanceMode",
        "location": {
            "@type": "Place",
            "name": listing.venue_name(),
            "address": {
                "@type": "PostalAddress",
                "streetAddress": listing.street(),
                "addressLocality": listing.city.name,
                "addressCountry": listing.city.country,
            },
            "geo": {"@type": "GeoCoordinates", "latitude": lat, "longitude": lon},
        },
        "organizer": {"@type": "Organization", "name": "The Playbill"},
    });
    if !performer.is_empty() {
        event["performer"] = Value::Array(performer);
    }
    if let Some(price) = &listing.price {
        event["offers"] = offers(price, listing);
    }
    event
}

fn offers(price: &Price, listing: &Listing) -> Value {
    let availability = availability(listing.status);
    let decimal = |minor| decimal(minor, listing.city.minor);
    if price.min_minor == price.max_minor {
        return json!([{
            "@type": "Offer", "price": decimal(price.min_minor), "priceCurrency": price.currency,
            "availability": availability, "url": format!("{}/tickets", listing.id),
        }]);
    }
    json!({
        "@type": "AggregateOffer", "lowPrice": decimal(price.min_minor), "highPrice": decimal(price.max_minor),
        "priceCurrency": price.currency, "availability": availability,
        "url": format!("{}/tickets", listing.id),
    })
}

fn microdata(listing: &Listing) -> String {
    let (lat, lon) = listing.position();
    let (start, end) = times(listing);
    let kind = listing.category.schema_type();
    let mut html = format!("<article itemscope itemtype=\"https://schema.org/{kind}\">\n");
    html.push_str(&format!("<h1 itemprop=\"name\">{}</h1>\n", escape(&listing.title)));
    html.push_str(&format!("<time itemprop=\"startDate\" datetime=\"{start}\">{start}</time>\n"));
    html.push_str(&format!("<meta itemprop=\"endDate\" content=\"{end}\">\n"));
    html.push_str(&format!("<link itemprop=\"eventStatus\" href=\"{}\">\n", event_status(listing.status)));
    html.push_str(&format!("<link itemprop=\"url\" href=\"{}\">\n", listing.id));
    html.push_str(&format!(
        "<div itemprop=\"location\" itemscope itemtype=\"https://schema.org/Place\">\n<span itemprop=\"name\">{}</span>\n\
         <div itemprop=\"address\" itemscope itemtype=\"https://schema.org/PostalAddress\"><span itemprop=\"streetAddress\">{}</span>, \
         <span itemprop=\"addressLocality\">{}</span><meta itemprop=\"addressCountry\" content=\"{}\"></div>\n\
         <div itemprop=\"geo\" itemscope itemtype=\"https://schema.org/GeoCoordinates\"><meta itemprop=\"latitude\" content=\"{lat}\">\
         <meta itemprop=\"longitude\" content=\"{lon}\"></div>\n</div>\n",
        escape(listing.venue_name()), escape(listing.street()), escape(listing.city.name), listing.city.country
    ));
    for name in &listing.performers {
        html.push_str(&format!(
            "<p itemprop=\"performer\" itemscope itemtype=\"https://schema.org/PerformingGroup\"><span itemprop=\"name\">{}</span></p>\n",
            escape(name)
        ));
    }
    if let Some(price) = &listing.price {
        html.push_str(&microdata_offers(price, listing));
    }
    html.push_str(&format!(
        "<p itemprop=\"description\">{}</p>\n</article>\n",
        escape(&description(listing))
    ));
    html
}

fn microdata_offers(price: &Price, listing: &Listing) -> String {
    let decimal = |minor| decimal(minor, listing.city.minor);
    let (kind, amounts) = if price.min_minor == price.max_minor {
        ("Offer", format!("<span itemprop=\"price\">{}</span>", decimal(price.min_minor)))
    } else {
        let (low, high) = (decimal(price.min_minor), decimal(price.max_minor));
        let amounts =
            format!("<span itemprop=\"lowPrice\">{low}</span> to <span itemprop=\"highPrice\">{high}</span>");
        ("AggregateOffer", amounts)
    };
    format!(
        "<p itemprop=\"offers\" itemscope itemtype=\"https://schema.org/{kind}\">{amounts} \
         <span itemprop=\"priceCurrency\">{}</span><link itemprop=\"availability\" href=\"{}\"></p>\n",
        price.currency,
        availability(listing.status)
    )
}

/// Start and end as the pages write them: with the venue's offset, or as days.
fn times(listing: &Listing) -> (String, String) {
    match listing.time {
        Time::Clock { start, minutes } => {
            let end = start + TimeDelta::minutes(minutes);
            (with_offset(listing, start), with_offset(listing, end))
        }
        // unlike a calendar's, the last day is part of it
        Time::Days { first, days } => {
            let last = first + chrono::Days::new(days.saturating_sub(1));
            (first.to_string(), last.to_string())
        }
    }
}

fn with_offset(listing: &Listing, local: NaiveDateTime) -> String {
    let instant: DateTime<_> = listing.instant(local);
    let zoned = listing.city.zone.from_utc_datetime(&instant.naive_utc());
    zoned.to_rfc3339_opts(SecondsFormat::Secs, false)
}

fn event_status(status: Status) -> &'static str {
    match status {
        Status::Cancelled => "https://schema.org/EventCancelled",
        Status::Scheduled | Status::SoldOut => "https://schema.org/EventScheduled",
    }
}

fn availability(status: Status) -> &'static str {
    match status {
        Status::SoldOut => "https://schema.org/SoldOut",
        Status::Scheduled | Status::Cancelled => "https://schema.org/InStock",
    }
}

/// `1250` as `12.50`.
pub(crate) fn decimal(minor: i64, per_major: i64) -> String {
    match per_major {
        1 => minor.to_string(),
        _ => format!("{}.{:02}", minor / per_major, minor % per_major),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

//! RSS 2.0 with the event module (`ev:`), the place as `geo:`, and the status as xCal: what our own reader
//! and feed programs take an event from. A time without a clock is its day; one without a day is left
//! away. What a feed has no word for (zone, "time to be announced") stands in a namespace of ours.

use chrono::DateTime;
use model::{Clock, When};
use store::{EventView, KeptRow, VenueView};

use super::xml::{attribute, element};
use super::{Encoder, ExportError, FormatSpec, GONE};
use crate::present::{instant, local, place};

pub(super) static SPEC: FormatSpec = FormatSpec {
    name: "rss",
    summary: "an RSS 2.0 feed of events, with the event module",
    events_only: true,
    tells_gone: false,
    binary: false,
    make: |_| Box::new(Rss),
};

struct Rss;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<rss version=\"2.0\" xmlns:ev=\"http://purl.org/rss/1.0/modules/event/\" \
xmlns:geo=\"http://www.w3.org/2003/01/geo/wgs84_pos#\" xmlns:xcal=\"urn:ietf:params:xml:ns:xcal\" \
xmlns:media=\"http://search.yahoo.com/mrss/\" xmlns:callboard=\"urn:callboard:export\">
<channel>
<title>callboard</title>
<link>urn:callboard:events</link>
<description>Events gathered by callboard</description>
";

impl Encoder for Rss {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.extend(HEAD.bytes());
        Ok(())
    }

    fn row(&mut self, row: KeptRow, out: &mut Vec<u8>) -> Result<Option<&'static str>, ExportError> {
        if row.gone_at.is_some() {
            return Ok(Some(GONE));
        }
        if let Some(event) = &row.event {
            item(event, out);
        }
        Ok(None)
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.extend(b"</channel>\n</rss>\n");
        Ok(())
    }
}

fn item(event: &EventView, out: &mut Vec<u8>) {
    out.extend(b"<item>\n");
    element(out, "guid isPermaLink=\"false\"", event.id.as_str());
    element(out, "title", event.title.as_deref().unwrap_or("(untitled)"));
    let mut put = |name: &str, text: Option<&str>| text.into_iter().for_each(|text| element(out, name, text));
    put("link", event.url.as_deref());
    put("description", event.description.as_deref());
    event.categories.iter().for_each(|category| put("category", Some(category)));
    let seen = DateTime::parse_from_rfc3339(&event.first_seen).ok().map(|seen| seen.to_rfc2822());
    put("pubDate", seen.as_deref());
    put("ev:startdate", event.start.as_ref().and_then(moment).as_deref());
    put("ev:enddate", event.end.as_ref().and_then(moment).as_deref());
    put("ev:location", event.venue.as_ref().and_then(place).as_deref());
    put("ev:organizer", event.organizer.as_deref());
    put("xcal:status", event.status.as_deref());
    let (lat, lon) = point(event.venue.as_ref()).unzip();
    put("geo:lat", lat.as_deref());
    put("geo:long", lon.as_deref());
    put("callboard:timezone", event.timezone.as_deref());
    put("callboard:time", event.start.as_ref().and_then(|when| unknown(when.clock)));
    if let Some(image) = &event.image_url {
        out.extend(format!("<media:thumbnail url=\"{}\"/>\n", attribute(image)).bytes());
    }
    out.extend(b"</item>\n");
}

/// With offset where the instant is known, local where the zone is not, else the day.
fn moment(when: &When) -> Option<String> {
    instant(when).or_else(|| local(when)).or_else(|| when.date.map(|day| day.to_string()))
}

/// What a day alone does not tell.
fn unknown(clock: Clock) -> Option<&'static str> {
    match clock {
        Clock::Stated => None,
        Clock::AllDay => Some("all_day"),
        Clock::ToBeAnnounced => Some("to_be_announced"),
        Clock::Unstated => Some("unstated"),
    }
}

fn point(venue: Option<&VenueView>) -> Option<(String, String)> {
    let venue = venue?;
    Some((venue.lat?.to_string(), venue.lon?.to_string()))
}

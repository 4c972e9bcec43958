//! Landed documents as WARC 1.1 (ISO 28500), which web archives and their tools read: each as a request,
//! the response to it and a record of what the store knows beside; each record compressed by itself.
//!
//! Bodies are kept decompressed, so headers that speak of how a body travelled are kept under the name
//! that archives give such ones. Headers and parameters that hold credentials or are about persons are not
//! written. The same document always gives the same bytes.

use std::fmt::Write as _;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use model::{ContentHash, mask};

use super::index::shown;
use crate::DocumentRow;

/// Writes WARC records.
pub struct WarcWriter<W: Write> {
    out: W,
    /// Records written.
    pub records: u64,
}

/// One record before it is written.
struct Record<'a> {
    kind: &'a str,
    id: &'a str,
    date: &'a str,
    target: Option<&'a str>,
    belongs_to: Option<&'a str>,
    content_type: &'a str,
    block: &'a [&'a [u8]],
}

impl<'a> Record<'a> {
    fn new(kind: &'a str, id: &'a str, row: &'a DocumentRow, content_type: &'a str) -> Record<'a> {
        Record { kind, id, date: &row.fetched_at, target: None, belongs_to: None, content_type, block: &[] }
    }

    fn of(self, target: &'a str) -> Record<'a> {
        Record { target: Some(target), ..self }
    }

    fn with<'b>(self, block: &'b [&'b [u8]]) -> Record<'b>
    where
        'a: 'b,
    {
        Record { block, ..self }
    }
}

impl<W: Write> WarcWriter<W> {
    /// Begins a file: the first record says who wrote it, at the time `now` (RFC 3339 UTC).
    pub fn new(out: W, now: &str) -> io::Result<WarcWriter<W>> {
        let mut writer = WarcWriter { out, records: 0 };
        let software = concat!("callboard/", env!("CARGO_PKG_VERSION"));
        let about = format!("software: {software}\r\nformat: WARC File Format 1.1\r\n");
        let record = Record {
            kind: "warcinfo",
            id: &id(&[now, "warcinfo"]),
            date: now,
            target: None,
            belongs_to: None,
            content_type: "application/warc-fields",
            block: &[about.as_bytes()],
        };
        writer.write(&record)?;
        Ok(writer)
    }

    /// Writes a document with its body.
    pub fn document(&mut self, row: &DocumentRow, body: &[u8]) -> io::Result<()> {
        let (target, main) = (address(&row.url), id_of(row, "response"));
        let about = about(row);
        if row.found == "file" {
            let header = row.headers.iter().find(|(name, _)| name == "content-type");
            let media = header.map_or("application/octet-stream".to_owned(), |(_, value)| one_line(value));
            self.write(&Record::new("resource", &main, row, &media).of(&target).with(&[body]))?;
        } else {
            let head = response_head(row, body.len());
            let record = Record::new("response", &main, row, "application/http; msgtype=response");
            self.write(&record.of(&target).with(&[head.as_bytes(), body]))?;
            let (asked, request_id) = (address(row.request.url.as_str()), id_of(row, "request"));
            let (head, sent) = request(row);
            let record = Record::new("request", &request_id, row, "application/http; msgtype=request");
            let record = Record { belongs_to: Some(&main), ..record.of(&asked) };
            self.write(&record.with(&[head.as_bytes(), sent.as_bytes()]))?;
        }
        let about_id = id_of(row, "metadata");
        let record = Record::new("metadata", &about_id, row, "application/warc-fields").of(&target);
        self.write(&Record { belongs_to: Some(&main), ..record }.with(&[about.as_bytes()]))
    }

    /// Ends the file, and gives back what it was written to.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn write(&mut self, record: &Record<'_>) -> io::Result<()> {
        let Record { kind, id, date, target, belongs_to, content_type, block } = record;
        let length: usize = block.iter().map(|part| part.len()).sum();
        let mut head =
            format!("WARC/1.1\r\nWARC-Type: {kind}\r\nWARC-Record-ID: {id}\r\nWARC-Date: {date}\r\n");
        for (name, value) in [("WARC-Target-URI", target), ("WARC-Concurrent-To", belongs_to)] {
            if let Some(value) = value {
                let _ = write!(head, "{name}: {value}\r\n");
            }
        }
        let _ = write!(head, "Content-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n");
        let mut packed = GzEncoder::new(&mut self.out, Compression::default());
        packed.write_all(head.as_bytes())?;
        block.iter().try_for_each(|part| packed.write_all(part))?;
        packed.write_all(b"\r\n\r\n")?;
        packed.finish()?;
        self.records += 1;
        Ok(())
    }
}

/// The request as it was made, without what was added at the moment of sending; and what it sent along.
fn request(row: &DocumentRow) -> (String, &str) {
    let url = &row.request.url;
    let asked = address(&url[url::Position::BeforePath..url::Position::AfterQuery]);
    let asked = if asked.is_empty() { "/" } else { &asked };
    let mut text = format!("{} {asked} HTTP/1.1\r\n", row.request.method.name());
    if let Some(host) = url.host_str() {
        let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let _ = write!(text, "Host: {host}{port}\r\n");
    }
    write_headers(&mut text, &row.request.headers);
    let sent = row.request.body.as_ref();
    if let Some(body) = sent {
        let media = one_line(&body.media_type);
        let _ = write!(text, "Content-Type: {media}\r\nContent-Length: {}\r\n", body.text.len());
    }
    text.push_str("\r\n");
    (text, sent.map_or("", |body| &body.text))
}

/// Headers that speak of how a body travelled.
const OF_TRAVEL: [&str; 3] = ["content-encoding", "content-length", "transfer-encoding"];

fn response_head(row: &DocumentRow, length: usize) -> String {
    let mut text = format!("HTTP/1.1 {} {}\r\n", row.status, reason(row.status));
    let (travel, own): (Vec<_>, Vec<_>) =
        row.headers.iter().cloned().partition(|(name, _)| OF_TRAVEL.contains(&name.as_str()));
    write_headers(&mut text, &own);
    for (name, value) in travel {
        let _ = write!(text, "x-archive-orig-{name}: {}\r\n", one_line(&value));
    }
    let _ = write!(text, "content-length: {length}\r\n\r\n");
    text
}

fn write_headers(text: &mut String, headers: &[(String, String)]) {
    for (name, value) in shown(headers) {
        let _ = write!(text, "{}: {}\r\n", one_line(name), one_line(&value));
    }
}

/// What the store knows of a document beside what was sent and came back.
fn about(row: &DocumentRow) -> String {
    let mut text = String::new();
    let body = row.body.map(|hash| format!("blake3:{}", hash.to_hex())).unwrap_or_default();
    for (name, value) in [
        ("source", row.source.as_str()),
        ("connector", &row.connector),
        ("document", &mask::text(&row.name)),
        ("run", &row.run.to_string()),
        ("outcome", &row.outcome),
        ("records", &row.records.to_string()),
        ("body", &body),
        ("error", &mask::text(row.error.as_deref().unwrap_or_default())),
    ] {
        if !value.is_empty() {
            let _ = write!(text, "{name}: {}\r\n", one_line(value));
        }
    }
    text
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        203 => "Non-Authoritative Information",
        206 => "Partial Content",
        404 => "Not Found",
        410 => "Gone",
        _ => "",
    }
}

/// An address as WARC wants it: without credentials, spaces and what would end the line.
fn address(url: &str) -> String {
    let url = mask::text(url);
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !matches!(c, '<' | '>');
    url.chars().map(|c| if plain(c) { c.to_string() } else { format!("%{:02X}", u32::from(c)) }).collect()
}

fn one_line(value: &str) -> String {
    value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn id_of(row: &DocumentRow, kind: &str) -> String {
    id(&[&row.run.to_string(), &row.number.to_string(), kind])
}

/// A name for a record that follows from what it is of.
fn id(parts: &[&str]) -> String {
    let hex = ContentHash::of(parts.join("\n").as_bytes()).to_hex();
    // A UUID of version 8: made by a rule of our own.
    format!("<urn:uuid:{}-{}-8{}-a{}-{}>", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

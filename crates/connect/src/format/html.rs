//! The outside of a page, read in one pass over its bytes without building a tree: charset, the
//! facts of its head, and its JSON-LD blocks. Building the tree costs many times this pass, and most
//! pages that hold events say so in JSON-LD.

mod fragment;
mod scan;
mod tags;

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use model::{Document, Found};
use url::Url;

pub use fragment::fragments;
pub use scan::{says_more_than, scan};

/// What a page says about itself outside its visible text.
#[derive(Debug, Default, PartialEq)]
pub struct Page<'a> {
    /// The text of each `<script type="application/ld+json">`, in order.
    pub json_ld: Vec<&'a str>,
    /// Its title, as written.
    pub title: &'a str,
    /// `<base href>`.
    pub base_href: Option<Cow<'a, str>>,
    /// `<link rel="canonical">`.
    pub canonical: Option<Cow<'a, str>>,
    /// `<meta property="og:url">`.
    pub og_url: Option<Cow<'a, str>>,
    /// Where `<meta http-equiv="refresh">` leads, at once or after a pause.
    pub refresh: Option<Cow<'a, str>>,
    /// True when it holds a password field.
    pub asks_password: bool,
    /// How deep its elements nest, roughly: the cost of building its tree grows with it.
    pub deepest: usize,
}

/// The tree of a page that nests deeper is not built: the cost grows with the square of the depth, and
/// no browser shows such a page either.
pub const MAX_DEPTH: usize = 2_000;

/// Whether building the tree of this page would take too long. To be asked before any tree is built of
/// what somebody else wrote.
pub fn nests_too_deeply(html: &str) -> bool {
    // Each element begins with a sign of its own: most pages need no closer look.
    let signs = html.bytes().filter(|byte| *byte == b'<').count();
    signs > MAX_DEPTH && scan(html).deepest > MAX_DEPTH
}

impl Page<'_> {
    /// The page's own address as it states it: canonical link, else `og:url`.
    pub fn own_url(&self, document: &Document) -> Option<Url> {
        let stated = [&self.canonical, &self.og_url];
        let mut urls = stated.into_iter().flatten().filter_map(|href| document.url.join(href.trim()).ok());
        urls.find(|url| matches!(url.scheme(), "http" | "https"))
    }

    /// What relative links are read against: `<base href>`, for a saved file its own address, else
    /// the address it came from.
    pub fn base_url(&self, document: &Document) -> Url {
        let own = (document.found == Found::File).then(|| self.own_url(document)).flatten();
        let outer = own.unwrap_or_else(|| document.url.clone());
        self.base_href.as_deref().and_then(|href| outer.join(href.trim()).ok()).unwrap_or(outer)
    }
}

/// The text of a page: by byte-order mark, header, `<meta charset>`, else UTF-8, else windows-1252.
/// Bytes that do not fit become U+FFFD.
pub fn decode(document: &Document) -> Cow<'_, str> {
    let body = &document.body[..];
    if let Some((encoding, mark)) = Encoding::for_bom(body) {
        return encoding.decode_without_bom_handling(&body[mark..]).0;
    }
    let stated = document.header("content-type").and_then(charset_label).or_else(|| meta_charset(body));
    let encoding = stated.and_then(|label| Encoding::for_label(label.as_bytes()));
    match (encoding, str::from_utf8(body)) {
        // Text that is valid UTF-8 by chance is rare; a wrong label is not.
        (None, Ok(text)) => Cow::Borrowed(text),
        (Some(encoding), Ok(text)) if encoding == UTF_8 || text.is_ascii() => Cow::Borrowed(text),
        (Some(encoding), _) => encoding.decode_without_bom_handling(body).0,
        (None, Err(_)) if mostly_utf8(body) => String::from_utf8_lossy(body),
        (None, Err(_)) => WINDOWS_1252.decode_without_bom_handling(body).0,
    }
}

/// The `charset` parameter of a media type.
pub(crate) fn charset_label(media_type: &str) -> Option<&str> {
    let lower = media_type.to_ascii_lowercase();
    let at = lower.find("charset=")? + "charset=".len();
    let label = media_type[at..].trim_start_matches(['"', '\'']);
    let end = label.find(['"', '\'', ';', ' ', '>', '/']).unwrap_or(label.len());
    Some(&label[..end]).filter(|label| !label.is_empty())
}

/// The charset a page states in its first kilobyte, as browsers look for it.
fn meta_charset(body: &[u8]) -> Option<&str> {
    let head = &body[..body.len().min(2048)];
    let end = match str::from_utf8(head) {
        Ok(_) => head.len(),
        Err(fault) => fault.valid_up_to(),
    };
    str::from_utf8(&head[..end]).ok().and_then(charset_label)
}

/// A cut or flipped byte does not make a page windows-1252: it is UTF-8 when what fits outweighs
/// what does not.
fn mostly_utf8(body: &[u8]) -> bool {
    let (mut multibyte, mut broken) = (0_usize, 0_usize);
    for chunk in body.utf8_chunks() {
        multibyte += chunk.valid().chars().filter(|c| !c.is_ascii()).count();
        broken += usize::from(!chunk.invalid().is_empty());
    }
    multibyte > broken
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &[u8], content_type: Option<&str>) -> Document {
        let url = Url::parse("https://x.test/a/b").expect("url");
        let mut document = Document::from_bytes("x", url, body.to_vec());
        document.headers.extend(content_type.map(|value| ("content-type".to_owned(), value.to_owned())));
        document
    }

    #[test]
    fn charset_by_mark_header_meta_and_content() {
        let check = |body: &[u8], header: Option<&str>, expected: &str| {
            assert_eq!(decode(&page(body, header)), expected, "{body:?}");
        };
        check(b"\xEF\xBB\xBFcaf\xc3\xa9", Some("text/html; charset=latin1"), "caf\u{e9}");
        check(b"caf\xe9", Some("text/html; charset=ISO-8859-1"), "caf\u{e9}");
        check(b"<meta charset='iso-8859-15'>\xa4", None, "<meta charset='iso-8859-15'>\u{20ac}");
        check(b"caf\xc3\xa9", None, "caf\u{e9}");
        check(b"caf\xe9", None, "caf\u{e9}");
        check(b"\xc3\xa9\xc3\xa9\xc3\xa9 \xc3", None, "\u{e9}\u{e9}\u{e9} \u{fffd}");
        check(b"caf\xe9", Some("text/html; charset=no-such"), "caf\u{e9}");
    }

    #[test]
    fn links_are_read_against_base_then_own_address() {
        let document = page(b"", None);
        let check = |html: &str, expected: &str| {
            assert_eq!(scan(html).base_url(&document).as_str(), expected, "{html}");
        };
        check("<p>", "https://x.test/a/b");
        check("<link rel=canonical href='https://own.test/e/1'>", "https://own.test/e/1");
        check(
            "<base href='/root/'><link href='https://own.test/e' rel='x canonical'>",
            "https://own.test/root/",
        );
        check("<meta content='https://og.test/?a=1&amp;b=2' property='og:url'>", "https://og.test/?a=1&b=2");
    }
}

//! A page's tags, one after another, without building its tree. Comments are stepped over, and so is
//! the inside of scripts and styles, so that markup quoted there is never taken for markup.

use memchr::{memchr, memchr_iter, memchr3, memmem};

/// One start or end tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tag<'a> {
    /// Offset of its `<`.
    pub(super) start: usize,
    /// Offset behind its `>`.
    pub(super) end: usize,
    pub(super) name: &'a str,
    pub(super) kind: TagKind<'a>,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum TagKind<'a> {
    /// With what stands between name and `>`.
    Start(&'a str),
    End,
}

impl Tag<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Scripts and styles: what they hold is neither markup nor text of the page.
    pub(super) fn holds_code(&self) -> bool {
        matches!(self.kind, TagKind::Start(_)) && (self.is("script") || self.is("style"))
    }

    /// Whether the element adds to the depth of the page: it has an end tag, and one that is not
    /// commonly left out.
    pub(super) fn nests(&self) -> bool {
        let mut lower = [0; LONGEST_NOT_NESTING];
        let Some(lower) = lower.get_mut(..self.name.len()) else { return true };
        lower.copy_from_slice(self.name.as_bytes());
        lower.make_ascii_lowercase();
        !matches!(
            &*lower,
            b"area" | b"base" | b"br" | b"col" | b"embed" | b"hr" | b"img" | b"input" | b"link" | b"meta"
                | b"source" | b"track" | b"wbr"
                // From here on: the end tag may be left out, or the element holds no others.
                | b"p" | b"li" | b"td" | b"th" | b"tr" | b"dt" | b"dd" | b"option" | b"tbody" | b"thead"
                | b"html" | b"head" | b"body" | b"script" | b"style" | b"title"
        )
    }
}

const LONGEST_NOT_NESTING: usize = 6;

/// The tags of `html`, in order.
pub(super) fn tags(html: &str) -> Tags<'_> {
    Tags { html, at: 0 }
}

pub(super) struct Tags<'a> {
    html: &'a str,
    at: usize,
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let bytes = self.html.as_bytes();
        while let Some(offset) = memchr(b'<', bytes.get(self.at..)?) {
            self.at += offset;
            match bytes.get(self.at + 1) {
                Some(b'!') => self.at += declaration_length(&self.html[self.at..]),
                Some(b'/') if bytes.get(self.at + 2).is_some_and(u8::is_ascii_alphabetic) => {
                    return Some(self.end_tag());
                }
                Some(letter) if letter.is_ascii_alphabetic() => return Some(self.start_tag()),
                _ => self.at += 1,
            }
        }
        None
    }
}

impl<'a> Tags<'a> {
    fn end_tag(&mut self) -> Tag<'a> {
        let start = self.at;
        let name = name(&self.html[start + 2..]);
        let behind = start + 2 + name.len();
        self.at = memchr(b'>', &self.html.as_bytes()[behind..]).map_or(self.html.len(), |at| behind + at + 1);
        Tag { start, end: self.at, name, kind: TagKind::End }
    }

    fn start_tag(&mut self) -> Tag<'a> {
        let start = self.at;
        let name = name(&self.html[start + 1..]);
        let close = start + tag_end(&self.html[start..]);
        let attributes = &self.html[start + 1 + name.len()..close];
        let tag =
            Tag { start, end: (close + 1).min(self.html.len()), name, kind: TagKind::Start(attributes) };
        let hidden = if tag.holds_code() { raw_text(self.html, &tag).len() } else { 0 };
        self.at = tag.end + hidden;
        tag
    }
}

fn name(text: &str) -> &str {
    &text[..text.bytes().take_while(u8::is_ascii_alphanumeric).count()]
}

/// Length of the comment or declaration at the start of `html`.
fn declaration_length(html: &str) -> usize {
    if !html.starts_with("<!--") {
        return 2;
    }
    if html.starts_with("<!-->") || html.starts_with("<!--->") {
        return 5;
    }
    memmem::find(html.as_bytes(), b"-->").map_or(html.len(), |end| end + 3)
}

/// Where the tag that starts here ends: its `>`, outside quoted values. A quote opens a value only
/// behind `=`, so that `<p title=it's>` is read as browsers read it.
fn tag_end(html: &str) -> usize {
    let bytes = html.as_bytes();
    let mut at = 1;
    while let Some(offset) = memchr3(b'>', b'"', b'\'', &bytes[at..]) {
        at += offset;
        if bytes[at] == b'>' {
            return at;
        }
        let opens = bytes[..at].trim_ascii_end().ends_with(b"=");
        at += 1;
        if opens {
            match memchr(bytes[at - 1], &bytes[at..]) {
                Some(length) => at += length + 1,
                None => return bytes.len(),
            }
        }
    }
    bytes.len()
}

/// The text between the start tag and its end tag, or the end of the page.
pub(super) fn raw_text<'a>(html: &'a str, tag: &Tag<'_>) -> &'a str {
    let text = &html[tag.end..];
    let closes = |at: &usize| {
        let behind = text.as_bytes()[at + 1..].strip_prefix(b"/");
        let name = behind.and_then(|behind| behind.get(..tag.name.len()));
        name.is_some_and(|name| name.eq_ignore_ascii_case(tag.name.as_bytes()))
    };
    memchr_iter(b'<', text.as_bytes()).find(closes).map_or(text, |at| &text[..at])
}

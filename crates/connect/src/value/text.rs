//! Text out of markup: entities, tags, white space.
//!
//! Promise: what comes out is what a reader of the page would see, as plain text. Text without
//! markup passes unchanged but for its white space.

mod entity;

/// Plain text of an HTML fragment: tags out, entities decoded (twice where a source encoded twice),
/// blocks and `<br>` as line breaks, white space folded. Line breaks of the source count only when
/// the text holds no tags: then they are all the structure it has.
pub fn from_html(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return fold_lines(html);
    }
    let text = decode_entities(&strip_tags(html));
    if has_tags(&text) {
        return fold_lines(&decode_entities(&strip_tags(&text)));
    }
    fold_lines(&text)
}

/// The same, on one line: for titles and names.
pub fn line_from_html(html: &str) -> String {
    if !html.contains(['<', '&']) {
        return fold(html);
    }
    fold(&from_html(html))
}

/// Character references decoded, and once more when the source encoded twice (`&amp;#8217;`).
/// Unknown ones stay as they are.
pub fn decode_entities(text: &str) -> String {
    let once = entity::decode(text);
    if once.contains('&') { entity::decode(&once) } else { once }
}

/// All runs of white space as one space, none at the ends. Zero-width characters go.
pub fn fold(text: &str) -> String {
    if is_folded(text) {
        return text.to_owned();
    }
    let mut folded = String::with_capacity(text.len());
    fold_into(&mut folded, text);
    folded
}

/// Folds each line; at most one empty line between two others.
fn fold_lines(text: &str) -> String {
    if is_folded(text) {
        return text.to_owned();
    }
    let mut folded = String::with_capacity(text.len());
    let mut blank = 0;
    for line in text.split(['\n', '\r']) {
        let before = folded.len();
        if before > 0 {
            folded.push_str(if blank > 0 { "\n\n" } else { "\n" });
        }
        let start = folded.len();
        fold_into(&mut folded, line);
        if folded.len() == start {
            folded.truncate(before);
            blank += 1;
        } else {
            blank = 0;
        }
    }
    folded
}

/// Adds the words of `text` with one space between them.
fn fold_into(folded: &mut String, text: &str) {
    let start = folded.len();
    for word in text.split(|c: char| c.is_whitespace() || is_invisible(c)).filter(|word| !word.is_empty()) {
        if folded.len() > start {
            folded.push(' ');
        }
        folded.push_str(word);
    }
}

/// True for most short texts: ASCII, with single spaces inside and no other white space.
fn is_folded(text: &str) -> bool {
    let mut spaced = true;
    for byte in text.bytes() {
        if !(b' '..0x7F).contains(&byte) || spaced && byte == b' ' {
            return false;
        }
        spaced = byte == b' ';
    }
    text.is_empty() || !spaced
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}')
}

/// Replaces each tag by what it does to the flow of text: a line break or nothing. Comments and the
/// insides of scripts and styles go.
fn strip_tags(html: &str) -> String {
    let Some(last_end) = html.rfind('>') else { return html.to_owned() };
    if !has_tags(html) {
        return html.to_owned();
    }
    let mut text = String::with_capacity(html.len());
    let mut at = 0;
    while let Some(offset) = html[at..].find('<') {
        push_flow(&mut text, &html[at..at + offset]);
        at += offset;
        let name = if at < last_end { tag_name(&html[at..]) } else { None };
        match name {
            None => {
                text.push('<');
                at += 1;
            }
            Some(name) => {
                text.push_str(flow_effect(name));
                at = html.len() - after_tag(&html[at..], name).len();
            }
        }
    }
    push_flow(&mut text, &html[at..]);
    text
}

/// Inside markup a line break is white space like any other.
fn push_flow(text: &mut String, part: &str) {
    for (index, line) in part.split(['\n', '\r']).enumerate() {
        if index > 0 {
            text.push(' ');
        }
        text.push_str(line);
    }
}

fn has_tags(text: &str) -> bool {
    let Some(last_end) = text.rfind('>') else { return false };
    text[..last_end].match_indices('<').any(|(at, _)| tag_name(&text[at..]).is_some())
}

/// The name of the tag that starts here, with its slash: `p`, `/p`, `!`. `None` when this is only a
/// less-than sign. The caller knows that a `>` follows.
fn tag_name(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('<')?;
    if inside.starts_with(['!', '?']) {
        return Some("!");
    }
    let slash = usize::from(inside.starts_with('/'));
    let length = inside[slash..].bytes().take_while(u8::is_ascii_alphanumeric).count();
    let letter_first = inside[slash..].starts_with(|c: char| c.is_ascii_alphabetic());
    letter_first.then_some(&inside[..slash + length])
}

fn flow_effect(name: &str) -> &'static str {
    const PARAGRAPHS: &[&str] =
        &["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "table", "blockquote", "pre", "hr"];
    const LINES: &[&str] = &["br", "div", "li", "tr", "section", "article", "dt", "dd", "header", "footer"];
    let bare = name.trim_start_matches('/').to_ascii_lowercase();
    match bare.as_str() {
        bare if PARAGRAPHS.contains(&bare) => "\n\n",
        bare if LINES.contains(&bare) => "\n",
        "td" | "th" => " ",
        _ => "",
    }
}

/// What follows the tag that starts here; for scripts, styles and comments, what follows their end.
/// One that never ends hides the rest, as it does in a browser.
fn after_tag<'a>(text: &'a str, name: &str) -> &'a str {
    let end = match name.to_ascii_lowercase().as_str() {
        "!" if text.starts_with("<!--") => "-->",
        "script" => "</script>",
        "style" => "</style>",
        _ => ">",
    };
    text.find(end).map(|at| &text[at + end.len()..]).unwrap_or_default()
}

/// Whether a name is what `pattern` says, without regard to case; `*` stands for any text.
pub fn is_like(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (pattern.to_lowercase(), name.to_lowercase());
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| name.strip_prefix(first)) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expected: &str) {
        assert_eq!(from_html(html), expected, "{html}");
    }

    #[test]
    fn markup_becomes_the_text_one_sees() {
        check("<p>One <b>bold</b> word</p><p>Two</p>", "One bold word\n\nTwo");
        check("a<br>b<br/>c", "a\nb\nc");
        check("<ul><li>x</li><li>y</li></ul>", "x\n\ny");
        check("before<!-- <p>no</p> -->after", "beforeafter");
        check("a<script>if (a < b) {}</script>b<style>p{}</style>", "ab");
        check("<p>line\nbroken</p>", "line broken");
        check("<a href=\"x\">Gala</a> &amp; more", "Gala & more");
    }

    #[test]
    fn text_without_markup_keeps_its_lines() {
        check("one\r\ntwo\n\n\n\nthree", "one\n\ntwo\n\nthree");
        check("  a \u{a0} b\u{200b} ", "a b");
        check("5 < 6 and 7 > 6", "5 < 6 and 7 > 6");
        check("I <3 you", "I <3 you");
        check("", "");
    }

    #[test]
    fn what_was_encoded_twice_is_decoded_twice() {
        check("it&amp;#8217;s", "it\u{2019}s");
        check("&lt;p&gt;One&lt;/p&gt;&lt;p&gt;R&amp;amp;B&lt;/p&gt;", "One\n\nR&B");
        assert_eq!(decode_entities("Fish &amp;amp; chips"), "Fish & chips");
        assert_eq!(decode_entities("R&B & co"), "R&B & co");
    }

    /// Markup that never ends must cost no more than markup that does.
    #[test]
    fn unfinished_markup_takes_linear_time() {
        for part in ["<a", "<script>", "<!--", "<", "&", "<a>", "<script>x</script"] {
            from_html(&part.repeat(200_000));
        }
        check("a<script>b", "a");
        check("a <b", "a <b");
    }

    #[test]
    fn one_line_for_titles() {
        assert_eq!(line_from_html("<h1>The\n  <i>Gala</i></h1>\n"), "The Gala");
    }
}

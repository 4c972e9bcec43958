//! Text as XML holds it.

/// Adds `<name>text</name>`, indented as a child of an item.
pub(super) fn element(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend(format!("<{name}>").bytes());
    out.extend(escaped(text).bytes());
    // An element ends with its name, without attributes.
    let end = name.split_whitespace().next().unwrap_or(name);
    out.extend(format!("</{end}>\n").bytes());
}

/// Without what would end an element, and without characters that XML has no way to write.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' => escaped.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => {}
            c => escaped.push(c),
        }
    }
    escaped
}

/// The value of an attribute.
pub(super) fn attribute(text: &str) -> String {
    escaped(text).replace(['\t', '\n'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_markup() {
        let check = |text: &str, expected: &str| {
            let mut out = Vec::new();
            element(&mut out, "a b=\"c\"", text);
            assert_eq!(String::from_utf8(out).unwrap(), format!("<a b=\"c\">{expected}</a>\n"));
        };
        check("Rock & <Roll> ]]>", "Rock &amp; &lt;Roll&gt; ]]&gt;");
        check("bell\u{7} and\u{0}nul", "bell andnul");
        check("é 中 🎷", "é 中 🎷");
    }
}

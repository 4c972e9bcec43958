//! Character references of HTML: decimal, hexadecimal, and the named ones of HTML 4, which is what
//! text in the wild uses.

/// Names of U+00A0 to U+00FF, in order.
const LATIN_1: &str = "nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr \
    deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest \
    Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml \
    ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute THORN szlig \
    agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave iacute icirc iuml \
    eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute thorn yuml";

const OTHERS: &[(&str, char)] = &[
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("lsquo", '\u{2018}'),
    ("rsquo", '\u{2019}'),
    ("sbquo", '\u{201A}'),
    ("ldquo", '\u{201C}'),
    ("rdquo", '\u{201D}'),
    ("bdquo", '\u{201E}'),
    ("lsaquo", '\u{2039}'),
    ("rsaquo", '\u{203A}'),
    ("ndash", '\u{2013}'),
    ("mdash", '\u{2014}'),
    ("hellip", '\u{2026}'),
    ("bull", '\u{2022}'),
    ("dagger", '\u{2020}'),
    ("Dagger", '\u{2021}'),
    ("permil", '\u{2030}'),
    ("prime", '\u{2032}'),
    ("Prime", '\u{2033}'),
    ("euro", '\u{20AC}'),
    ("trade", '\u{2122}'),
    ("ensp", '\u{2002}'),
    ("emsp", '\u{2003}'),
    ("thinsp", '\u{2009}'),
    ("zwnj", '\u{200C}'),
    ("zwj", '\u{200D}'),
    ("lrm", '\u{200E}'),
    ("rlm", '\u{200F}'),
    ("larr", '\u{2190}'),
    ("uarr", '\u{2191}'),
    ("rarr", '\u{2192}'),
    ("darr", '\u{2193}'),
    ("harr", '\u{2194}'),
    ("minus", '\u{2212}'),
    ("infin", '\u{221E}'),
    ("ne", '\u{2260}'),
    ("le", '\u{2264}'),
    ("ge", '\u{2265}'),
    ("asymp", '\u{2248}'),
    ("hearts", '\u{2665}'),
    ("spades", '\u{2660}'),
    ("clubs", '\u{2663}'),
    ("diams", '\u{2666}'),
    ("loz", '\u{25CA}'),
    ("OElig", '\u{152}'),
    ("oelig", '\u{153}'),
    ("Scaron", '\u{160}'),
    ("scaron", '\u{161}'),
    ("Yuml", '\u{178}'),
    ("fnof", '\u{192}'),
    ("circ", '\u{2C6}'),
    ("tilde", '\u{2DC}'),
    ("alpha", '\u{3B1}'),
    ("beta", '\u{3B2}'),
    ("gamma", '\u{3B3}'),
    ("delta", '\u{3B4}'),
    ("Delta", '\u{394}'),
    ("Omega", '\u{3A9}'),
    ("omega", '\u{3C9}'),
    ("pi", '\u{3C0}'),
    ("num", '#'),
    ("comma", ','),
    ("colon", ':'),
    ("semi", ';'),
    ("period", '.'),
    ("excl", '!'),
    ("quest", '?'),
    ("lpar", '('),
    ("rpar", ')'),
    ("sol", '/'),
    ("commat", '@'),
    ("NewLine", '\n'),
    ("Tab", '\t'),
];

/// What bytes 0x80 to 0x9F mean to the authors who wrote `&#146;`: windows-1252.
const WINDOWS_1252: [char; 32] = [
    '\u{20AC}', '\u{81}', '\u{201A}', '\u{192}', '\u{201E}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2C6}',
    '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8D}', '\u{17D}', '\u{8F}', '\u{90}', '\u{2018}',
    '\u{2019}', '\u{201C}', '\u{201D}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2DC}', '\u{2122}', '\u{161}',
    '\u{203A}', '\u{153}', '\u{9D}', '\u{17E}', '\u{178}',
];

/// Longest reference looked for, without `&` and `;`.
const LONGEST: usize = 12;

/// Decodes once; what is no known reference stays as it is.
pub(super) fn decode(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        decoded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match reference(rest) {
            Some((c, length)) => {
                decoded.push(c);
                rest = &rest[length..];
            }
            None => decoded.push('&'),
        }
    }
    decoded.push_str(rest);
    decoded
}

/// The character meant by the reference at the start of `text` (behind its `&`), and its length.
fn reference(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(LONGEST + 1).position(|byte| byte == b';')?;
    let name = &text[..end];
    let c = match name.strip_prefix('#') {
        Some(number) => numbered(number)?,
        None => named(name)?,
    };
    Some((c, end + 1))
}

fn numbered(number: &str) -> Option<char> {
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    match code {
        0 => None,
        0x80..=0x9F => Some(WINDOWS_1252[code as usize - 0x80]),
        _ => char::from_u32(code),
    }
}

/// The character a named reference means.
fn named(name: &str) -> Option<char> {
    if let Some((_, c)) = OTHERS.iter().find(|(known, _)| *known == name) {
        return Some(*c);
    }
    let index = LATIN_1.split_ascii_whitespace().position(|known| known == name)?;
    char::from_u32(0xA0 + index as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_names_and_numbers() {
        let check = |text: &str, expected: &str| assert_eq!(decode(text), expected, "{text}");
        check("caf&eacute; &yuml;&nbsp;&AElig;", "caf\u{e9} \u{ff}\u{a0}\u{c6}");
        check("&#8217;&#x2019;&#146;", "\u{2019}\u{2019}\u{2019}");
        check("&euro;5 &ndash; &hellip;", "\u{20ac}5 \u{2013} \u{2026}");
        check("&unknown; &; &# &#; &#xZZ; &#0; &#99999999;", "&unknown; &; &# &#; &#xZZ; &#0; &#99999999;");
        check("Q&A &amp", "Q&A &amp");
        check("&é;", "&é;");
    }
}

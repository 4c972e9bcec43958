//! Filters on addresses, and on texts that are documents themselves.

use minijinja::value::Value;
use url::Url;

use super::Argument::Any;
use super::{Call, Filter, Outcome};
use crate::expression::{Element, XmlElement, from_json};

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "absolute",
        takes: "",
        first: Any,
        run: absolute,
        doc: "An address made absolute against the document's own.",
        examples: &[("'docs/a b.pdf' | absolute", "\"https://example.org/docs/a%20b.pdf\"")],
    },
    Filter {
        name: "query",
        takes: "(name)",
        first: Any,
        run: query,
        doc: "One query parameter of an address.",
        examples: &[("'https://x.org/?id=7&a=b' | query('id')", "\"7\"")],
    },
    Filter {
        name: "strip_query",
        takes: "(names...)",
        first: Any,
        run: strip_query,
        doc: "The address without the named query parameters (`utm_*` names all that begin so); without names, without any.",
        examples: &[
            ("'https://x.org/a?id=7&utm_source=y' | strip_query('utm_*')", "\"https://x.org/a?id=7\""),
            ("'https://x.org/a?id=7' | strip_query", "\"https://x.org/a\""),
        ],
    },
    Filter {
        name: "url_part",
        takes: "(n)",
        first: Any,
        run: url_part,
        doc: "One part of an address's path, from 0; negative ones count from the end.",
        examples: &[("'https://x.org/events/42/' | url_part(-1)", "\"42\"")],
    },
    Filter {
        name: "encode",
        takes: "",
        first: Any,
        run: |call| Ok(encode(&call.text()?).into()),
        doc: "A text made fit for an address: everything but letters, digits and `-._~` as `%XX`.",
        examples: &[("'a b/ä' | encode", "\"a%20b%2F%C3%A4\"")],
    },
    Filter {
        name: "decode",
        takes: "",
        first: Any,
        run: |call| Ok(decode(&call.text()?).into()),
        doc: "The opposite: `%20` becomes a space. For what the file names of links say.",
        examples: &[("'a%20b%2F%C3%A4 100%' | decode", "\"a b/ä 100%\"")],
    },
    Filter {
        name: "html",
        takes: "",
        first: Any,
        run: html,
        doc: "A text that holds HTML, as an element to walk through.",
        examples: &[("'<p>a</p><p>b</p>' | html | css_all('p')", "[\"a\",\"b\"]")],
    },
    Filter {
        name: "json",
        takes: "",
        first: Any,
        run: json,
        doc: "A text that holds JSON, as a value.",
        examples: &[("('{\"a\": [1]}' | json).a[0]", "1")],
    },
    Filter {
        name: "xml",
        takes: "",
        first: Any,
        run: xml,
        doc: "A text that holds XML, as an element to address.",
        examples: &[("('<a><b>1</b></a>' | xml).b | string", "\"1\"")],
    },
];

fn base(call: &Call<'_>) -> Option<Url> {
    Url::parse(call.scope("url").as_str()?).ok()
}

fn absolute(call: &Call<'_>) -> Outcome {
    let text = call.text()?;
    let url = base(call).map_or_else(|| Url::parse(&text), |base| base.join(text.trim()));
    Ok(url.map(|url| Value::from(url.to_string())).unwrap_or_default())
}

fn parsed(call: &Call<'_>) -> Result<Option<Url>, minijinja::Error> {
    let text = call.text()?;
    Ok(base(call).map_or_else(|| Url::parse(&text), |base| base.join(text.trim())).ok())
}

fn query(call: &Call<'_>) -> Outcome {
    let name = call.needed(0, "name")?;
    let Some(url) = parsed(call)? else { return Ok(Value::UNDEFINED) };
    let found =
        url.query_pairs().find(|(own, _)| *own == name).map(|(_, value)| Value::from(value.into_owned()));
    Ok(found.unwrap_or_default())
}

fn strip_query(call: &Call<'_>) -> Outcome {
    let names = call.rest(0);
    let Some(mut url) = parsed(call)? else { return Ok(Value::UNDEFINED) };
    let is_named = |own: &str| {
        names.is_empty()
            || names.iter().any(|name| match name.strip_suffix('*') {
                Some(start) => own.starts_with(start),
                None => own == name,
            })
    };
    let kept: Vec<(String, String)> =
        url.query_pairs().into_owned().filter(|(own, _)| !is_named(own)).collect();
    url.set_query(None);
    if !kept.is_empty() {
        url.query_pairs_mut().extend_pairs(kept);
    }
    Ok(Value::from(url.to_string()))
}

fn url_part(call: &Call<'_>) -> Outcome {
    let at = call.arg_int(0, "n")?.unwrap_or(-1);
    let Some(url) = parsed(call)? else { return Ok(Value::UNDEFINED) };
    let parts: Vec<&str> =
        url.path_segments().into_iter().flatten().filter(|part| !part.is_empty()).collect();
    let length = i64::try_from(parts.len()).unwrap_or(i64::MAX);
    let at = usize::try_from(if at < 0 { length.saturating_add(at) } else { at }).ok();
    Ok(at.and_then(|at| parts.get(at)).map(|part| Value::from(*part)).unwrap_or_default())
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

/// Bytes written as `%XX`; what is no such byte stays.
fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).filter(|_| *first == b'%');
        let byte = pair.and_then(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn html(call: &Call<'_>) -> Outcome {
    let Some(base) = base(call).or_else(|| Url::parse("file:///").ok()) else { return Ok(Value::UNDEFINED) };
    let page = Element::parse(&call.text()?, &base);
    page.map(Value::from).ok_or_else(|| call.fault("the text nests its elements too deeply"))
}

fn json(call: &Call<'_>) -> Outcome {
    let text = call.text()?;
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(&text);
    parsed
        .map(|json| from_json(&json))
        .map_err(|error| call.fault(&format!("cannot read the text as JSON: {error}")))
}

fn xml(call: &Call<'_>) -> Outcome {
    let parsed = XmlElement::parse(&call.text()?);
    parsed.map(Value::from_dyn_object).map_err(|(line, column, message)| {
        call.fault(&format!("cannot read the text as XML: line {line}, column {column}: {message}"))
    })
}

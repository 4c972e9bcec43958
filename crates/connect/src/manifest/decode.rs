//! The bytes of an answer as the value its rules address.

use encoding_rs::Encoding;
use minijinja::value::Value;
use model::Document;
use url::Url;

use super::plan::RequestPlan;
use super::spec::DecodeSpec;
use crate::ReadError;
use crate::expression::{Element, XmlElement, from_json};
use crate::format::csv::{CsvOptions, rows};

/// The document as its request decodes it; `base` resolves its links.
pub fn decode(request: &RequestPlan, document: &Document, base: &Url) -> Result<Value, ReadError> {
    let text = text(document, request.encoding);
    if text.trim().is_empty() {
        return Err(ReadError::Empty);
    }
    match request.decode {
        DecodeSpec::Json => json(&text),
        DecodeSpec::Html => Ok(Value::from(Element::parse(&text, base))),
        DecodeSpec::Xml => xml(&text),
        DecodeSpec::Csv => csv(request, &text),
        DecodeSpec::Text => Ok(Value::from(text)),
    }
}

/// The body as text: by the encoding the manifest names, then a byte order mark, then the header, then
/// what the page declares, then UTF-8; bytes that are not UTF-8 are taken as Windows-1252.
fn text(document: &Document, named: Option<&'static Encoding>) -> String {
    let body = &document.body;
    let declared = named
        .or_else(|| Encoding::for_bom(body).map(|(encoding, _)| encoding))
        .or_else(|| charset(document.header("content-type")?))
        .or_else(|| charset(&String::from_utf8_lossy(&body[..body.len().min(2_048)])));
    if let Some(encoding) = declared {
        return encoding.decode(body).0.into_owned();
    }
    match std::str::from_utf8(body) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode(body).0.into_owned(),
    }
}

/// The encoding that follows `charset=`, in a header or the head of a page.
fn charset(text: &str) -> Option<&'static Encoding> {
    let lower = text.to_ascii_lowercase();
    let after = lower.split("charset=").nth(1)?.trim_start_matches(['"', '\'']);
    let label = after.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).next()?;
    Encoding::for_label(label.as_bytes())
}

/// JSON, also where it is wrapped: in a call (JSONP), behind a guard against inclusion.
fn json(text: &str) -> Result<Value, ReadError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let parsed = serde_json::from_str::<serde_json::Value>(text);
    let error = match parsed {
        Ok(json) => return Ok(from_json(&json)),
        Err(error) => error,
    };
    let inner = unwrap_call(text)
        .or_else(|| text.strip_prefix(")]}'").map(|rest| rest.trim_start_matches(',').trim()));
    if let Some(json) = inner.and_then(|inner| serde_json::from_str::<serde_json::Value>(inner).ok()) {
        return Ok(from_json(&json));
    }
    if text.starts_with('<') {
        return Err(ReadError::Unrecognised(format!("a page stands where JSON should be{}", titled(text))));
    }
    let (line, column) = (error.line(), error.column());
    let message = error.to_string().split(" at line ").next().unwrap_or_default().to_owned();
    Err(ReadError::Malformed { format: "JSON", line, column, message })
}

/// `name({…});` is `{…}`.
fn unwrap_call(text: &str) -> Option<&str> {
    let open = text.find('(')?;
    let name = text[..open].trim().trim_start_matches("/**/").trim();
    let is_name =
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '$'));
    let inner = text[open + 1..].trim_end().trim_end_matches(';').trim_end().strip_suffix(')')?;
    is_name.then(|| inner.trim())
}

fn titled(page: &str) -> String {
    let title = page.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next());
    title.map(|title| format!(", titled “{}”", title.trim())).unwrap_or_default()
}

fn xml(text: &str) -> Result<Value, ReadError> {
    let parsed = XmlElement::parse(text.trim_start_matches('\u{feff}'));
    parsed.map(Value::from_dyn_object).map_err(|(line, column, message)| ReadError::Malformed {
        format: "XML",
        line,
        column,
        message,
    })
}

fn csv(request: &RequestPlan, text: &str) -> Result<Value, ReadError> {
    let delimiter = request.csv.delimiter.and_then(|sign| u8::try_from(sign).ok());
    let options = CsvOptions { delimiter, columns: request.csv.columns.clone() };
    let rows = rows(text, &options).map_err(|fault| ReadError::Malformed {
        format: "CSV",
        line: fault.line,
        column: 1,
        message: fault.message,
    })?;
    Ok(Value::from(minijinja::value::Serde(rows)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_comes_out_of_its_wrappings() {
        for text in ["[1]", "\u{feff}[1]", "cb([1]);", "/**/a.b([1])", ")]}',\n[1]"] {
            assert_eq!(json(text).unwrap().to_string(), "[1]", "{text:?}");
        }
        assert!(
            matches!(json("<html><title>Sign in</title>"), Err(ReadError::Unrecognised(why)) if why.contains("Sign in"))
        );
        assert!(matches!(json("{\n 1}"), Err(ReadError::Malformed { line: 2, .. })));
    }

    #[test]
    fn text_is_decoded_as_declared() {
        let url: Url = "https://example.org/".parse().unwrap();
        let check = |body: &[u8], expected: &str| {
            let document = Document::from_bytes("x", url.clone(), body.to_vec());
            assert_eq!(text(&document, None), expected);
        };
        check("é".as_bytes(), "é");
        check(b"\xe9", "é");
        check(b"\xef\xbb\xbfx", "x");
        check(b"<meta charset=\"iso-8859-2\">\xb1", "<meta charset=\"iso-8859-2\">ą");
    }
}

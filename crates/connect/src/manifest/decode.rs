//! The bytes of an answer as the value its rules address.

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
    let text = text(request, document);
    if text.trim().is_empty() {
        return Err(ReadError::Empty);
    }
    match request.decode {
        DecodeSpec::Json => json(&text, request.error.is_none()),
        DecodeSpec::Html | DecodeSpec::Listing => {
            Element::parse(&text, base).map(Value::from).ok_or(ReadError::TooDeep)
        }
        DecodeSpec::Xml => xml(&text),
        DecodeSpec::Csv => csv(request, &text),
        DecodeSpec::Text => Ok(Value::from(text)),
    }
}

/// The body as text: by the encoding the manifest names, else as pages are decoded: byte order mark,
/// header, what the page declares, UTF-8, Windows-1252.
fn text(request: &RequestPlan, document: &Document) -> String {
    if let Some(encoding) = request.encoding {
        return encoding.decode(&document.body).0.into_owned();
    }
    if request.decode == DecodeSpec::Xml {
        return crate::format::xml::text(&document.body, document.header("content-type")).into_owned();
    }
    crate::format::html::decode(document).into_owned()
}

/// JSON, also where it is wrapped: in a call (JSONP), behind a guard against inclusion. One that is an
/// error of the source is reported as one, unless the manifest says itself what its errors look like.
fn json(text: &str, report_errors: bool) -> Result<Value, ReadError> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let parsed = serde_json::from_str::<serde_json::Value>(text);
    let error = match parsed {
        Ok(json) => {
            let said = crate::detect::json_error(&json).filter(|_| report_errors);
            return said.map_or_else(|| Ok(from_json(&json)), Err);
        }
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
            assert_eq!(json(text, true).unwrap().to_string(), "[1]", "{text:?}");
        }
        assert!(
            matches!(json("<html><title>Sign in</title>", true), Err(ReadError::Unrecognised(why)) if why.contains("Sign in"))
        );
        let error = json(r#"{"error": {"code": "BAD", "description": "no such place"}}"#, true);
        assert!(matches!(error, Err(ReadError::SourceError(said)) if said == "BAD: no such place"));
        assert!(matches!(json("{\n 1}", true), Err(ReadError::Malformed { line: 2, .. })));
    }
}

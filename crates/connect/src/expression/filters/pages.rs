//! Filters that walk through HTML.

use minijinja::Error;
use minijinja::value::Value;
use scraper::Selector;
use std::rc::Rc;

use super::Argument::{Any, Selector as Css};
use super::{Call, Filter, Outcome};
use crate::expression::{Element, XmlElement, cache, text_of};

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "css",
        takes: "(selector)",
        first: Css,
        run: css,
        doc: "The first element inside that the selector matches.",
        examples: &[("doc | css('h2')", "\"Meetings 2019\""), ("doc | css('.none')", "null")],
    },
    Filter {
        name: "css_all",
        takes: "(selector)",
        first: Css,
        run: css_all,
        doc: "Every element inside that the selector matches, in document order.",
        examples: &[("doc | css_all('tbody td:first-child')", "[\"Jan 9\",\"Feb 6\"]")],
    },
    Filter {
        name: "text",
        takes: "",
        first: Any,
        run: |call| Ok(Value::from(crate::value::text::fold(&call.text()?))),
        doc: "All text inside, in one line. A bare element prints the same.",
        examples: &[("doc | css('#place') | text", "\"City Hall 1 Main St Room 3\"")],
    },
    Filter {
        name: "own_text",
        takes: "",
        first: Any,
        run: |call| Ok(element(call)?.own_text().into()),
        doc: "The text that stands directly in the element, without that of the elements inside it.",
        examples: &[("doc | css('#place') | own_text", "\"1 Main St Room 3\"")],
    },
    Filter {
        name: "lines",
        takes: "",
        first: Any,
        run: lines,
        doc: "The text line by line, broken at `<br>` and blocks; blank lines left out. Also splits a plain text at its line ends.",
        examples: &[("doc | css('#place') | lines", "[\"City Hall\",\"1 Main St\",\"Room 3\"]")],
    },
    Filter {
        name: "markup",
        takes: "",
        first: Any,
        run: |call| Ok(element(call)?.markup().into()),
        doc: "The element's HTML.",
        examples: &[("doc | css('h2') | markup", "\"<h2>Meetings 2019</h2>\"")],
    },
    Filter {
        name: "attr",
        takes: "(name)",
        first: Any,
        run: attr,
        doc: "An attribute; `href` and `src` come out absolute. Of an object, the member called so.",
        examples: &[("doc | css('td a') | attr('href')", "\"https://example.org/docs/jan.pdf\"")],
    },
    Filter {
        name: "parent",
        takes: "(levels=1)",
        first: Any,
        run: parent,
        doc: "The element around it.",
        examples: &[("doc | css('#place b') | parent | attr('id')", "\"place\"")],
    },
    Filter {
        name: "closest",
        takes: "(selector)",
        first: Css,
        run: |call| Ok(maybe(element(call)?.closest(&*selector(call)?))),
        doc: "Itself or the nearest element around it that the selector matches.",
        examples: &[("doc | css('td a') | closest('tr') | attr('class')", "\"row\"")],
    },
    Filter {
        name: "children",
        takes: "(selector)",
        first: Css,
        run: |call| Ok(list(element(call)?.children(optional(call)?.as_deref()))),
        doc: "The elements directly inside; with a selector, those that match.",
        examples: &[("doc | css('tr.row') | children('td')", "[\"Jan 9\",\"Agenda\"]")],
    },
    Filter {
        name: "next",
        takes: "(selector)",
        first: Css,
        run: |call| Ok(maybe(element(call)?.next_all(optional(call)?.as_deref()).into_iter().next())),
        doc: "The element after it in the same parent; with a selector, the nearest that matches.",
        examples: &[("doc | css('h2') | next", "\"All at 7 pm.\"")],
    },
    Filter {
        name: "next_all",
        takes: "(selector)",
        first: Css,
        run: |call| Ok(list(element(call)?.next_all(optional(call)?.as_deref()))),
        doc: "All elements after it in the same parent; with a selector, those that match.",
        examples: &[("doc | css('h2') | next_all('p') | length", "2")],
    },
    Filter {
        name: "next_until",
        takes: "(selector)",
        first: Css,
        run: |call| Ok(list(element(call)?.next_until(&*selector(call)?))),
        doc: "The elements after it in the same parent, up to the first that matches: what stands under a heading.",
        examples: &[("doc | css('h2') | next_until('table')", "[\"All at 7 pm.\"]")],
    },
    Filter {
        name: "prev",
        takes: "(selector)",
        first: Css,
        run: |call| Ok(maybe(element(call)?.prev_all(optional(call)?.as_deref()).into_iter().next())),
        doc: "The element before it in the same parent; with a selector, the nearest that matches.",
        examples: &[("doc | css('table') | prev('h2')", "\"Meetings 2019\"")],
    },
    Filter {
        name: "preceding",
        takes: "(selector)",
        first: Css,
        run: |call| Ok(maybe(element(call)?.preceding(&*selector(call)?))),
        doc: "The nearest element before it anywhere in the page that the selector matches: the heading it stands under, however deep it is nested.",
        examples: &[("doc | css('td a') | preceding('h2')", "\"Meetings 2019\"")],
    },
    Filter {
        name: "following",
        takes: "(selector)",
        first: Css,
        run: |call| Ok(maybe(element(call)?.following(&*selector(call)?))),
        doc: "The nearest element after it anywhere in the page that the selector matches.",
        examples: &[("doc | css('h2') | following('td')", "\"Jan 9\"")],
    },
    Filter {
        name: "links",
        takes: "(selector)",
        first: Css,
        run: links,
        doc: "Every link inside, itself included, as `{title, url}` with absolute addresses; with a selector, of the elements that match. Fits the field `links` as it is. Also takes a list of elements.",
        examples: &[(
            "doc | css('tr.row') | links",
            "[{\"title\":\"Agenda\",\"url\":\"https://example.org/docs/jan.pdf\"}]",
        )],
    },
    Filter {
        name: "table",
        takes: "",
        first: Any,
        run: table,
        doc: "The rows of a table as objects, by the texts of its first row; the values are elements. Columns without a heading are called `1`, `2` and so on.",
        examples: &[
            ("(doc | css('table') | table)[0]['Date']", "\"Jan 9\""),
            ("doc | css('table') | table | map(attribute='Papers') | list", "[\"Agenda\",\"none\"]"),
        ],
    },
    Filter {
        name: "json_in",
        takes: "(marker)",
        first: Any,
        run: json_in,
        doc: "The JSON value that follows the marker text, as scripts assign it: `json_in('var events =')`. On an element, all its scripts are searched.",
        examples: &[
            ("doc | json_in('var meta =')", "{\"a\":[1,2]}"),
            ("'x = [1, 2]; y' | json_in('x =')", "[1,2]"),
        ],
    },
];

fn element(call: &Call<'_>) -> Result<Element, Error> {
    let element = call.value.downcast_object_ref::<Element>().cloned();
    element.ok_or_else(|| call.fault(&format!("takes an HTML element, not {}", shown(&call.value))))
}

fn shown(value: &Value) -> String {
    let mut text = format!("{value:?}");
    if text.len() > 60 {
        text.truncate(text.floor_char_boundary(57));
        text.push('…');
    }
    text
}

fn selector(call: &Call<'_>) -> Result<Rc<Selector>, Error> {
    optional(call)?.ok_or_else(|| call.fault("needs a selector"))
}

fn optional(call: &Call<'_>) -> Result<Option<Rc<Selector>>, Error> {
    let Some(text) = call.arg_text(0, "selector") else { return Ok(None) };
    let compiled = cache::checked_selector(&text);
    compiled.map(Some).map_err(|error| call.fault(&format!("cannot use `{text}`: {error}")))
}

fn maybe(element: Option<Element>) -> Value {
    element.map(Value::from).unwrap_or_default()
}

fn list(elements: Vec<Element>) -> Value {
    Value::from(elements.into_iter().map(Value::from).collect::<Vec<_>>())
}

fn css(call: &Call<'_>) -> Outcome {
    Ok(maybe(element(call)?.css(&*selector(call)?)))
}

fn css_all(call: &Call<'_>) -> Outcome {
    Ok(list(element(call)?.css_all(&*selector(call)?)))
}

fn lines(call: &Call<'_>) -> Outcome {
    let lines = match call.value.downcast_object_ref::<Element>() {
        Some(element) => element.lines(),
        None => {
            let text = call.text()?;
            text.lines().map(crate::value::text::fold).filter(|line| !line.is_empty()).collect()
        }
    };
    Ok(Value::from(lines))
}

fn attr(call: &Call<'_>) -> Outcome {
    let name = call.needed(0, "name")?;
    if let Some(element) = call.value.downcast_object_ref::<Element>() {
        return Ok(element.attr(&name).map(Value::from).unwrap_or_default());
    }
    if let Some(element) = call.value.downcast_object_ref::<XmlElement>() {
        return Ok(element.attribute(&name).map(Value::from).unwrap_or_default());
    }
    Ok(call.value.get_attr(&name).unwrap_or_default())
}

fn parent(call: &Call<'_>) -> Outcome {
    let levels = call.arg_int(0, "levels")?.unwrap_or(1).clamp(1, 100);
    let mut here = Some(element(call)?);
    for _ in 0..levels {
        here = here.and_then(|element| element.parent());
    }
    Ok(maybe(here))
}

fn links(call: &Call<'_>) -> Outcome {
    let inside = optional(call)?;
    let mut found: Vec<(String, String)> = Vec::new();
    for value in crate::expression::address::listed(call.value.clone()) {
        let Some(element) = value.downcast_object_ref::<Element>() else {
            return Err(call.fault(&format!("takes HTML elements, not {}", shown(&value))));
        };
        let places = match &inside {
            None => vec![element.clone()],
            Some(selector) => element.css_all(selector),
        };
        for link in places.iter().flat_map(Element::links) {
            if !found.contains(&link) {
                found.push(link);
            }
        }
    }
    let object = |(title, url): (String, String)| {
        Value::from_pairs([("title", Value::from(title)), ("url", Value::from(url))])
    };
    Ok(Value::from(found.into_iter().map(object).collect::<Vec<_>>()))
}

fn table(call: &Call<'_>) -> Outcome {
    let rows = element(call)?.table();
    let Some((head, body)) = rows.split_first() else { return Ok(Value::from(Vec::<Value>::new())) };
    let named = |(at, cell): (usize, &Element)| {
        let text = cell.text();
        if text.is_empty() { (at + 1).to_string() } else { text }
    };
    let names: Vec<String> = head.iter().enumerate().map(named).collect();
    let name = |at: usize| names.get(at).cloned().unwrap_or_else(|| (at + 1).to_string());
    let row = |cells: &Vec<Element>| {
        Value::from_pairs(cells.iter().enumerate().map(|(at, cell)| (name(at), Value::from(cell.clone()))))
    };
    Ok(Value::from(body.iter().map(row).collect::<Vec<_>>()))
}

fn json_in(call: &Call<'_>) -> Outcome {
    let marker = call.needed(0, "marker")?;
    let text = match call.value.downcast_object_ref::<Element>() {
        Some(element) => element.markup(),
        None => text_of(&call.value),
    };
    let Some(at) = text.find(&marker) else { return Ok(Value::UNDEFINED) };
    let rest =
        text[at + marker.len()..].trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '=' | ':'));
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<serde_json::Value>();
    match values.next() {
        Some(Ok(json)) => Ok(crate::expression::from_json(&json)),
        Some(Err(error)) => Err(call.fault(&format!("found `{marker}` but no JSON after it: {error}"))),
        None => Ok(Value::UNDEFINED),
    }
}

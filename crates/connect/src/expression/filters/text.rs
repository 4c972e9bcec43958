//! Filters on text.

use minijinja::value::Value;
use model::ContentHash;
use regex::{Captures, Regex};

use super::Argument::{Any, Pattern};
use super::{Call, Filter, Outcome};
use crate::expression::cache;
use crate::value::text;

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "fold",
        takes: "",
        first: Any,
        run: |call| Ok(text::fold(&call.text()?).into()),
        doc: "Every run of white space becomes one space; none at the ends.",
        examples: &[("'  a \\n b ' | fold", "\"a b\"")],
    },
    Filter {
        name: "html_text",
        takes: "(lines=true)",
        first: Any,
        run: html_text,
        doc: "Plain text of a text that holds HTML: tags out, entities decoded (also those encoded twice), blocks and `<br>` as line breaks. `lines=false` gives one line.",
        examples: &[("'<p>Fish &amp;amp; <b>chips</b></p>' | html_text", "\"Fish & chips\"")],
    },
    Filter {
        name: "regex",
        takes: "(pattern, group)",
        first: Pattern,
        run: regex,
        doc: "The first match of a regular expression; nothing when it does not match. Gives the group called or numbered `group`; without it the first group of the pattern, or the whole match when the pattern has none. `(?i)` ignores case.",
        examples: &[
            (r"'Room 12b' | regex('\d+')", "\"12\""),
            (r"'Room 12b' | regex('Room (\d+)(\w)', 2)", "\"b\""),
            ("'x' | regex('\\\\d')", "null"),
        ],
    },
    Filter {
        name: "regex_all",
        takes: "(pattern, group)",
        first: Pattern,
        run: regex_all,
        doc: "Every match, as `regex` gives it. A pattern with named groups gives an object a match.",
        examples: &[
            (r"'a1 b2' | regex_all('\w(\d)')", "[\"1\",\"2\"]"),
            ("'a1' | regex_all('(?<l>[a-z])(?<n>\\\\d)')", "[{\"l\":\"a\",\"n\":\"1\"}]"),
        ],
    },
    Filter {
        name: "regex_replace",
        takes: "(pattern, with)",
        first: Pattern,
        run: regex_replace,
        doc: "Every match replaced; `$1` and `${name}` stand for groups. `with` is empty unless given.",
        examples: &[
            ("'Board - CANCELLED' | regex_replace(' - .*')", "\"Board\""),
            ("'ab' | regex_replace('(a)(b)', '$2$1')", "\"ba\""),
        ],
    },
    Filter {
        name: "matches",
        takes: "(pattern)",
        first: Pattern,
        run: matches,
        doc: "True when the regular expression matches somewhere.",
        examples: &[("'Regular meeting' | matches('(?i)^regular')", "true")],
    },
    Filter {
        name: "contains",
        takes: "(text)",
        first: Any,
        run: contains,
        doc: "True when the text occurs, in whatever case. Of a list: true when one of its values is the text.",
        examples: &[("'Meeting CANCELED' | contains('cancel')", "true"), ("['a'] | contains('A')", "true")],
    },
    Filter {
        name: "before",
        takes: "(text)",
        first: Any,
        run: |call| cut(call, |text, mark| text.split_once(mark).map(|(before, _)| before)),
        doc: "What stands before the first occurrence; the whole text when there is none. Trimmed.",
        examples: &[("'Board - Special' | before(' - ')", "\"Board\"")],
    },
    Filter {
        name: "after",
        takes: "(text)",
        first: Any,
        run: |call| cut(call, |text, mark| Some(text.split_once(mark).map_or("", |(_, after)| after))),
        doc: "What stands after the first occurrence; nothing when there is none. Trimmed.",
        examples: &[
            ("'Where: Hall 1' | after('Where:')", "\"Hall 1\""),
            ("'Hall 1' | after('Where:')", "null"),
        ],
    },
    Filter {
        name: "between",
        takes: "(start, end)",
        first: Any,
        run: between,
        doc: "What stands between two texts; to the end when the second does not occur. Trimmed.",
        examples: &[("'Where: Hall 1 When: 7 pm' | between('Where:', 'When:')", "\"Hall 1\"")],
    },
    Filter {
        name: "titlecase",
        takes: "",
        first: Any,
        run: |call| Ok(titlecase(&call.text()?).into()),
        doc: "Words in capitals become capitalised; small words (of, the, and, de, und) stay small.",
        examples: &[("'BOARD OF SUPERVISORS' | titlecase", "\"Board of Supervisors\"")],
    },
    Filter {
        name: "slug",
        takes: "",
        first: Any,
        run: |call| Ok(slug(&call.text()?).into()),
        doc: "Letters and digits in lower case, everything else as single dashes: for keys.",
        examples: &[("'City Hall, Room 3' | slug", "\"city-hall-room-3\"")],
    },
    Filter {
        name: "hash",
        takes: "",
        first: Any,
        run: hash,
        doc: "A short, stable key of any value: 16 hexadecimal digits.",
        examples: &[("'a' | hash | length", "16")],
    },
    Filter {
        name: "nth_line",
        takes: "(n)",
        first: Any,
        run: nth_line,
        doc: "One line of a text or element, from 0; negative ones count from the end.",
        examples: &[("doc | css('#place') | nth_line(1)", "\"1 Main St\"")],
    },
];

fn html_text(call: &Call<'_>) -> Outcome {
    let html = call.text()?;
    let lines = call.arg_flag(0, "lines", true);
    Ok(Value::from(if lines { text::from_html(&html) } else { text::line_from_html(&html) }))
}

fn pattern(call: &Call<'_>) -> Result<std::rc::Rc<Regex>, minijinja::Error> {
    let pattern = call.needed(0, "pattern")?;
    cache::regex(&pattern).map_err(|error| call.fault(&format!("cannot use `{pattern}`: {error}")))
}

fn regex(call: &Call<'_>) -> Outcome {
    let regex = pattern(call)?;
    let text = call.text()?;
    let Some(found) = regex.captures(&text) else { return Ok(Value::UNDEFINED) };
    Ok(group(call, &regex, &found))
}

fn group(call: &Call<'_>, regex: &Regex, found: &Captures<'_>) -> Value {
    let group = match call.arg_text(1, "group") {
        Some(name) => name.parse().ok().map_or_else(|| found.name(&name), |at: usize| found.get(at)),
        None => found.get(usize::from(regex.captures_len() > 1)),
    };
    group.map(|text| Value::from(text.as_str())).unwrap_or_default()
}

fn regex_all(call: &Call<'_>) -> Outcome {
    let regex = pattern(call)?;
    let names: Vec<&str> = regex.capture_names().flatten().collect();
    let text = call.text()?;
    let named = |found: Captures<'_>| {
        let text_of = |name: &str| found.name(name).map(|m| Value::from(m.as_str())).unwrap_or_default();
        Value::from_pairs(names.iter().map(|name| (*name, text_of(name))))
    };
    let whole = !names.is_empty() && call.arg(1, "group").is_none();
    let each = |found: Captures<'_>| if whole { named(found) } else { group(call, &regex, &found) };
    Ok(Value::from(regex.captures_iter(&text).map(each).collect::<Vec<_>>()))
}

fn regex_replace(call: &Call<'_>) -> Outcome {
    let regex = pattern(call)?;
    let with = call.arg_text(1, "with").unwrap_or_default();
    let text = call.text()?;
    Ok(Value::from(regex.replace_all(&text, with.as_str()).trim()))
}

fn matches(call: &Call<'_>) -> Outcome {
    Ok(Value::from(pattern(call)?.is_match(&call.text()?)))
}

fn contains(call: &Call<'_>) -> Outcome {
    let wanted = call.needed(0, "text")?.to_lowercase();
    if call.value.kind() == minijinja::value::ValueKind::Seq {
        let mut values = crate::expression::address::listed(call.value.clone()).into_iter();
        return Ok(Value::from(
            values.any(|value| crate::expression::text_of(&value).to_lowercase() == wanted),
        ));
    }
    Ok(Value::from(call.text()?.to_lowercase().contains(&wanted)))
}

fn cut(call: &Call<'_>, part: for<'t> fn(&'t str, &str) -> Option<&'t str>) -> Outcome {
    let text = call.text()?;
    let mark = call.needed(0, "text")?;
    let found = part(&text, &mark).unwrap_or(&text).trim();
    Ok(if found.is_empty() { Value::UNDEFINED } else { Value::from(found) })
}

fn between(call: &Call<'_>) -> Outcome {
    let text = call.text()?;
    let (start, end) = (call.needed(0, "start")?, call.needed(1, "end")?);
    let Some((_, rest)) = text.split_once(&start) else { return Ok(Value::UNDEFINED) };
    let found = rest.split_once(&end).map_or(rest, |(found, _)| found);
    Ok(Value::from(found.trim()))
}

const SMALL_WORDS: &[&str] = &[
    "a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with", "de",
    "der", "die", "das", "und", "la", "le", "et", "y", "van", "von",
];

fn titlecase(text: &str) -> String {
    let word = |(at, word): (usize, &str)| {
        let lower = word.to_lowercase();
        if at > 0 && SMALL_WORDS.contains(&lower.as_str()) {
            return lower;
        }
        let mut capitalised = String::with_capacity(word.len());
        let mut first = true;
        for c in lower.chars() {
            if first {
                capitalised.extend(c.to_uppercase())
            } else {
                capitalised.push(c)
            }
            first = first && !c.is_alphanumeric() || matches!(c, '-' | '/');
        }
        capitalised
    };
    text.split_whitespace().enumerate().map(word).collect::<Vec<_>>().join(" ")
}

/// Letters and digits in lower case, the rest as single dashes.
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') && !matches!(c, '\'' | '’') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}

fn hash(call: &Call<'_>) -> Outcome {
    let json = crate::expression::to_json(&call.value).to_string();
    Ok(Value::from(&ContentHash::of(json.as_bytes()).to_hex()[..16]))
}

fn nth_line(call: &Call<'_>) -> Outcome {
    let at = call.arg_int(0, "n")?.unwrap_or(0);
    let lines = match call.value.downcast_object_ref::<crate::expression::Element>() {
        Some(element) => element.lines(),
        None => call.text()?.lines().map(text::fold).filter(|line| !line.is_empty()).collect(),
    };
    let length = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    let at = usize::try_from(if at < 0 { length + at } else { at }).ok();
    Ok(at.and_then(|at| lines.get(at)).map(|line| Value::from(line.as_str())).unwrap_or_default())
}

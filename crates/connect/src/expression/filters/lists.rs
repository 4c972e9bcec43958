//! Filters that choose and gather.

use minijinja::value::{Value, ValueKind};

use super::Argument::{Any, Pattern};
use super::{Call, Filter, Outcome};
use crate::expression::address::listed;
use crate::expression::{cache, is_nothing, text_of};

pub(super) const FILTERS: &[Filter] = &[
    Filter {
        name: "first",
        takes: "",
        first: Any,
        run: |call| Ok(listed(call.value.clone()).into_iter().next().unwrap_or_default()),
        doc: "The first element of a list; nothing of an empty or absent one.",
        examples: &[("['a','b'] | first", "\"a\""), ("doc | css('.none') | lines | first", "null")],
    },
    Filter {
        name: "last",
        takes: "",
        first: Any,
        run: |call| Ok(listed(call.value.clone()).pop().unwrap_or_default()),
        doc: "The last element of a list; nothing of an empty or absent one.",
        examples: &[("['a','b'] | last", "\"b\""), ("[] | last", "null")],
    },
    Filter {
        name: "nth",
        takes: "(n)",
        first: Any,
        run: nth,
        doc: "The element at a position, from 0; negative ones count from the end. Nothing beyond the ends.",
        examples: &[("['a','b','c'] | nth(-1)", "\"c\""), ("['a'] | nth(4)", "null")],
    },
    Filter {
        name: "having",
        takes: "(pattern)",
        first: Pattern,
        run: having,
        doc: "The elements of a list whose text matches the regular expression.",
        examples: &[("doc | css_all('td') | having('^Feb')", "[\"Feb 6\"]")],
    },
    Filter {
        name: "join",
        takes: "(separator)",
        first: Any,
        run: join,
        doc: "The texts of a list, joined; absent and blank ones are left out. Nothing when all are.",
        examples: &[
            ("['1 Main St', '', none, 'Akron'] | join(', ')", "\"1 Main St, Akron\""),
            ("[none] | join(', ')", "null"),
        ],
    },
    Filter {
        name: "flatten",
        takes: "",
        first: Any,
        run: flatten,
        doc: "Lists inside a list become one list; absent elements are left out.",
        examples: &[("[[1, 2], none, 3] | flatten", "[1,2,3]")],
    },
    Filter {
        name: "choose",
        takes: "(choices, default)",
        first: Any,
        run: choose,
        doc: "The value an object gives for a text, in whatever case; the default when it has none.",
        examples: &[
            ("'onsale' | choose({'onsale': 'available', 'offsale': 'ended'})", "\"available\""),
            ("'x' | choose({'a': 1}, default=0)", "0"),
        ],
    },
    Filter {
        name: "or_else",
        takes: "(value)",
        first: Any,
        run: or_else,
        doc: "The value; the other one when it is absent, null or blank. (Jinja's `default` only replaces what is absent, `or` also zero and false.)",
        examples: &[("'' | or_else('a')", "\"a\""), ("0 | or_else(1)", "0")],
    },
    Filter {
        name: "status",
        takes: "",
        first: Any,
        run: |call| Ok(status(&call.text()?).map(Value::from).unwrap_or_default()),
        doc: "The event status a text speaks of, in our words: `cancelled`, `postponed`, `rescheduled`, `moved_online`, `tentative` or `scheduled`; nothing when it speaks of none. Knows the spellings of the APIs and of notices in five languages.",
        examples: &[
            ("'MEETING CANCELED' | status", "\"cancelled\""),
            ("'EventPostponed' | status", "\"postponed\""),
            ("'Board meeting' | status", "null"),
        ],
    },
    Filter {
        name: "truth",
        takes: "",
        first: Any,
        run: |call| Ok(truth(&call.value).map(Value::from).unwrap_or_default()),
        doc: "True or false of a text (`true`, `yes`, `1`, `on`, `y` and their opposites); nothing for other texts.",
        examples: &[("'Yes' | truth", "true"), ("'0' | truth", "false"), ("'maybe' | truth", "null")],
    },
];

fn nth(call: &Call<'_>) -> Outcome {
    let list = listed(call.value.clone());
    let at = call.arg_int(0, "n")?.unwrap_or(0);
    let length = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let at = usize::try_from(if at < 0 { length.saturating_add(at) } else { at }).ok();
    Ok(at.and_then(|at| list.get(at).cloned()).unwrap_or_default())
}

fn having(call: &Call<'_>) -> Outcome {
    let pattern = call.needed(0, "pattern")?;
    let regex =
        cache::regex(&pattern).map_err(|error| call.fault(&format!("cannot use `{pattern}`: {error}")))?;
    let kept = listed(call.value.clone()).into_iter().filter(|value| regex.is_match(&text_of(value)));
    Ok(Value::from(kept.collect::<Vec<_>>()))
}

fn join(call: &Call<'_>) -> Outcome {
    let separator = call.arg_text(0, "separator").unwrap_or_default();
    let texts: Vec<String> = listed(call.value.clone())
        .iter()
        .filter(|value| !is_nothing(value))
        .map(|v| text_of(v).trim().to_owned())
        .collect();
    Ok(if texts.is_empty() { Value::UNDEFINED } else { Value::from(texts.join(&separator)) })
}

fn flatten(call: &Call<'_>) -> Outcome {
    let mut flat = Vec::new();
    for value in listed(call.value.clone()) {
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => flat.extend(listed(value)),
            _ if is_nothing(&value) => {}
            _ => flat.push(value),
        }
    }
    Ok(Value::from(flat))
}

fn choose(call: &Call<'_>) -> Outcome {
    let Some(choices) = call.arg(0, "choices").filter(|choices| choices.kind() == ValueKind::Map) else {
        return Err(call.fault("needs an object of choices: `choose({'a': 'b'})`"));
    };
    let wanted = text_of(&call.value).trim().to_lowercase();
    let keys = choices.try_iter()?;
    for key in keys {
        if key.to_string().to_lowercase() == wanted {
            return choices.get_item(&key);
        }
    }
    Ok(call.arg(1, "default").unwrap_or_default())
}

fn or_else(call: &Call<'_>) -> Outcome {
    if is_nothing(&call.value) {
        return Ok(call.arg(0, "value").unwrap_or_default());
    }
    Ok(call.value.clone())
}

/// Word stems and the status they speak of; the first that occurs decides.
const STATUSES: &[(&str, &[&str])] = &[
    ("moved_online", &["movedonline", "moved_online", "moved online"]),
    (
        "rescheduled",
        &["reschedul", "new date", "moved to", "verlegt", "reporté", "verplaatst", "reprogramad"],
    ),
    ("postponed", &["postpone", "verschoben", "uitgesteld", "aplazad", "ajourné"]),
    ("cancelled", &["cancel", "abgesagt", "annul", "afgelast", "geannuleerd", "entfällt", "suspendid"]),
    ("tentative", &["tentative", "to be confirmed", "draft", "provisional"]),
    (
        "scheduled",
        &[
            "scheduled",
            "confirmed",
            "active",
            "onsale",
            "on sale",
            "offsale",
            "live",
            "started",
            "ended",
            "completed",
            "published",
            "past",
        ],
    ),
];

/// The status that `text` speaks of.
pub(crate) fn status(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    let is_only_word = !text.trim().contains(' ');
    for (status, stems) in STATUSES {
        // The plain words ("live", "past") mean a status only when they stand alone.
        if *status == "scheduled" && !is_only_word {
            continue;
        }
        if stems.iter().any(|stem| text.contains(stem)) {
            return Some(status);
        }
    }
    None
}

/// What a value says of yes and no.
pub(super) fn truth(value: &Value) -> Option<bool> {
    if value.kind() == ValueKind::Bool {
        return Some(value.is_true());
    }
    match text_of(value).trim().to_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "on" => Some(true),
        "false" | "no" | "n" | "0" | "off" => Some(false),
        _ => None,
    }
}

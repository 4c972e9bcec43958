//! Where microformats keep a value: the value-title and value-class patterns, `abbr title`,
//! `time datetime`, link targets, else the visible text.

use scraper::ElementRef;

use crate::value::text as plain;

/// A value on one line.
pub(super) fn text(element: ElementRef<'_>) -> String {
    hidden(element).unwrap_or_else(|| plain::line_from_html(&element.inner_html()))
}

/// A value of several lines.
pub(super) fn prose(element: ElementRef<'_>) -> String {
    plain::from_html(&element.inner_html())
}

/// An address: what the element links to, else its text.
pub(super) fn link(element: ElementRef<'_>) -> String {
    let target = ["href", "src", "data"].iter().find_map(|name| element.attr(name));
    target.map_or_else(|| text(element), |target| target.trim().to_owned())
}

/// A time, machine-readable where the page gives it so. Date and clock in separate `value` parts
/// are joined.
pub(super) fn time(element: ElementRef<'_>) -> String {
    let parts: Vec<String> = marked(element, "value").into_iter().map(part).collect();
    match parts.as_slice() {
        [] => text(element),
        [one] => one.clone(),
        several => joined(several),
    }
}

/// The value an element keeps out of sight.
fn hidden(element: ElementRef<'_>) -> Option<String> {
    let titled = marked(element, "value-title").into_iter().find_map(|part| part.attr("title"));
    titled.or_else(|| attribute(element)).map(|value| value.trim().to_owned())
}

fn attribute(element: ElementRef<'_>) -> Option<&str> {
    match element.value().name() {
        "abbr" => element.attr("title"),
        "time" | "ins" | "del" => element.attr("datetime"),
        "data" | "input" => element.attr("value"),
        _ => None,
    }
}

fn part(element: ElementRef<'_>) -> String {
    attribute(element).map_or_else(|| plain::line_from_html(&element.inner_html()), |v| v.trim().to_owned())
}

fn marked<'a>(element: ElementRef<'a>, class: &str) -> Vec<ElementRef<'a>> {
    let below = element.descendent_elements().skip(1);
    below.filter(|part| part.value().classes().any(|c| c == class)).collect()
}

/// The part with dashes is the date, the other the clock; "7pm" gets its minutes.
fn joined(parts: &[String]) -> String {
    let is_date = |part: &&String| part.matches('-').count() == 2 && !part.contains(':');
    let date = parts.iter().find(is_date).map_or("", String::as_str);
    let clock: Vec<&str> = parts.iter().filter(|part| !is_date(part)).map(String::as_str).collect();
    let clock = clock.concat();
    let hour = clock.bytes().take_while(u8::is_ascii_digit).count();
    if !clock.contains(':') && (1..=2).contains(&hour) {
        let (hour, rest) = clock.split_at(hour);
        return format!("{date} {hour}:00{rest}");
    }
    format!("{date} {clock}")
}

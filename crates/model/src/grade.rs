//! Grades of graded cards: 1 to 10 in halves, `10P` (a pristine ten) and `VA` (authentic, not graded).
//! Labels stay text; what they are sorted by is exact.

use serde_json::{Map, Value};

/// The grade that a label begins with or holds: `10P`, `8.5`, `VA`; and what it is sorted by, in tenths.
///
/// Row labels add words ("8.5 NM MT+", "10 PRISTINE", "GEM MINT 10"), headers may hold the names of icons.
pub fn grade_of(label: &str) -> Option<(String, i64)> {
    let upper = label.to_uppercase();
    let words: Vec<&str> = upper.split_whitespace().collect();
    let pristine = words.iter().any(|word| word.starts_with("PRISTINE"));
    for word in &words {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '.');
        match word {
            "10P" => return Some(("10P".to_owned(), PRISTINE)),
            "10" if pristine => return Some(("10P".to_owned(), PRISTINE)),
            "VA" | "AUTHENTIC" | "AUTH" => return Some(("VA".to_owned(), 0)),
            _ => {}
        }
        if let Some(tenths) = tenths(word) {
            return Some((shown(tenths), tenths));
        }
    }
    None
}

/// A pristine ten stands above a ten.
const PRISTINE: i64 = 105;

/// The value of "8.5" or "10" in tenths; grades are 1 to 10 in halves.
fn tenths(word: &str) -> Option<i64> {
    let (whole, half) = match word.split_once('.') {
        None => (word, 0),
        Some((whole, "0")) => (whole, 0),
        Some((whole, "5")) => (whole, 5),
        Some(_) => return None,
    };
    if whole.is_empty() || whole.len() > 2 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let tenths = whole.parse::<i64>().ok()? * 10 + half;
    (10..=100).contains(&tenths).then_some(tenths)
}

fn shown(tenths: i64) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        half => format!("{}.{half}", tenths / 10),
    }
}

/// Counts by grade as they are kept: best grade first, without those that have none.
pub fn populations(counts: impl IntoIterator<Item = (String, i64)>) -> Value {
    let mut counts: Vec<(String, i64)> = counts.into_iter().filter(|(_, count)| *count != 0).collect();
    let rank = |label: &str| grade_of(label).map_or(-1, |(_, tenths)| tenths);
    counts.sort_by(|a, b| rank(&b.0).cmp(&rank(&a.0)).then_with(|| a.0.cmp(&b.0)));
    let object: Map<String, Value> =
        counts.into_iter().map(|(grade, count)| (grade, Value::from(count))).collect();
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_give_grade_and_order() {
        let check = |label: &str, expected: Option<(&str, i64)>| {
            let found = grade_of(label);
            assert_eq!(found.as_ref().map(|(label, tenths)| (label.as_str(), *tenths)), expected, "{label}");
        };
        check("8.5 NM MT+", Some(("8.5", 85)));
        check("8 NM MT", Some(("8", 80)));
        check("10P", Some(("10P", 105)));
        check("10 Pristine", Some(("10P", 105)));
        check("GEM MINT 10", Some(("10", 100)));
        check("unfold_more 1.5", Some(("1.5", 15)));
        check("VA", Some(("VA", 0)));
        check("Authentic", Some(("VA", 0)));
        check("11", None);
        check("8.7", None);
        check("Total", None);
        check("", None);
    }

    #[test]
    fn populations_hold_what_is_there_best_first() {
        let counts = [("8", 2), ("VA", 1), ("10P", 1), ("9", 0), ("10", 5)];
        let kept = populations(counts.map(|(grade, count)| (grade.to_owned(), count)));
        assert_eq!(kept.to_string(), r#"{"10P":1,"10":5,"8":2,"VA":1}"#);
    }
}

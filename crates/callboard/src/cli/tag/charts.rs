//! Charts of letters: bars for counts by grade, a line for a count over time. Readable without colour.

/// The longest bar.
const WIDTH: usize = 40;
const STEPS: [char; 8] =
    ['\u{2581}', '\u{2582}', '\u{2583}', '\u{2584}', '\u{2585}', '\u{2586}', '\u{2587}', '\u{2588}'];

/// One bar for each name, the longest as long as there is room.
pub fn bars(counts: &[(String, i64)]) -> String {
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let name = counts.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (label, count) in counts {
        let share = (*count).max(0) as f64 / most as f64;
        let length = ((share * WIDTH as f64).round() as usize).max(usize::from(*count > 0));
        text += &format!("  {label:>name$}  {} {count}\n", "\u{2588}".repeat(length));
    }
    text
}

/// The course of a count, one sign each.
pub fn line(values: &[i64]) -> String {
    let (Some(low), Some(high)) = (values.iter().min(), values.iter().max()) else { return String::new() };
    let step = |value: &i64| match high - low {
        0 => STEPS[0],
        span => STEPS[((value - low) * (STEPS.len() as i64 - 1) / span) as usize],
    };
    values.iter().map(step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_lines_keep_proportions() {
        let text = bars(&[("10".to_owned(), 40), ("8.5".to_owned(), 1), ("VA".to_owned(), 0)]);
        let lengths: Vec<usize> = text.lines().map(|line| line.matches('\u{2588}').count()).collect();
        assert_eq!(lengths, [40, 1, 0]);
        assert_eq!(line(&[0, 5, 10]), "\u{2581}\u{2584}\u{2588}");
        assert_eq!(line(&[3, 3]), "\u{2581}\u{2581}");
        assert_eq!(line(&[]), "");
    }
}

//! Numbers as people read them: durations, counts, sizes, rates.

use indicatif::HumanCount;

/// `0.3 s`, `12.0 s`, `2:05`, `1:02:03`.
pub fn span(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..60 => format!("{:.1} s", ms as f64 / 1_000.0),
        60..3_600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        _ => format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60),
    }
}

/// `1,204`.
pub fn count(number: u64) -> String {
    HumanCount(number).to_string()
}

/// `1 item`, `2 items`.
pub fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", count(number))
}

/// `812 B`, `1.2 MB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut value = bytes as f64 / 1_000.0;
    let mut unit = 0;
    while value >= 1_000.0 && unit + 1 < UNITS.len() {
        value /= 1_000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// `96/s`, `2.4/s`, `30/min`.
pub fn rate(per_second: f64) -> String {
    match per_second {
        fast if fast >= 10.0 => format!("{}/s", count(fast.round() as u64)),
        slow if slow >= 1.0 => format!("{slow:.1}/s"),
        slower => format!("{:.0}/min", slower * 60.0),
    }
}

/// At most `width` signs of a line.
pub fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let mut cut: String = line.chars().take(width.saturating_sub(1)).collect();
    cut.push('…');
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_read_well() {
        assert_eq!(
            [span(0), span(340), span(125_000), span(3_723_000)],
            ["0.0 s", "0.3 s", "2:05", "1:02:03"]
        );
        assert_eq!([bytes(812), bytes(1_234_567)], ["812 B", "1.2 MB"]);
        assert_eq!([rate(96.4), rate(2.44), rate(0.5)], ["96/s", "2.4/s", "30/min"]);
        assert_eq!([cut("abcdef", 4), cut("abc", 4)], ["abc…", "abc"]);
        assert_eq!([counted(1, "item"), counted(1_204, "item")], ["1 item", "1,204 items"]);
    }
}

//! A cron expression in words: short ones for the usual forms, the library's own for the rest.

use croner::Cron;

/// What `cron` says, without its zone.
pub(super) fn cron(cron: &Cron) -> String {
    let text = cron.pattern.to_string().to_lowercase();
    usual(&text).unwrap_or_else(|| lower_first(cron.describe().trim_end_matches('.')))
}

fn usual(text: &str) -> Option<String> {
    let text = match text {
        "@hourly" => "0 * * * *",
        "@daily" | "@midnight" => "0 0 * * *",
        "@weekly" => "0 0 * * 0",
        "@monthly" => "0 0 1 * *",
        "@yearly" | "@annually" => "0 0 1 1 *",
        text => text,
    };
    let mut fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() == 6 {
        if fields[0] != "0" {
            return None;
        }
        fields.remove(0);
    }
    let [minute, hour, day, month, weekday] = fields.try_into().ok()?;
    match (minute, hour, day, month, weekday) {
        ("*", "*", "*", "*", "*") => Some("every minute".to_owned()),
        (step, "*", "*", "*", "*") if step.starts_with("*/") => every(step, "minute", 60),
        ("0", "*", "*", "*", "*") => Some("every hour".to_owned()),
        (minute, "*", "*", "*", "*") => Some(format!("every hour at minute {}", number(minute)?)),
        ("0", step, "*", "*", "*") if step.starts_with("*/") => every(step, "hour", 24),
        (minute, hour, day, month, weekday) => {
            let time = format!("{:02}:{:02}", number(hour)?, number(minute)?);
            Some(format!("{} at {time}", days(day, month, weekday)?))
        }
    }
}

/// Steps begin anew with each hour or day: only those that divide it are as far apart as they say.
fn every(step: &str, unit: &str, whole: u8) -> Option<String> {
    match number(step.strip_prefix("*/")?)? {
        1 => Some(format!("every {unit}")),
        n if whole.is_multiple_of(n) => Some(format!("every {n} {unit}s")),
        _ => None,
    }
}

fn number(text: &str) -> Option<u8> {
    text.parse().ok()
}

fn days(day: &str, month: &str, weekday: &str) -> Option<String> {
    match (day, month, weekday) {
        ("*", "*", "*") => Some("every day".to_owned()),
        ("*", "*", "1-5" | "mon-fri") => Some("every weekday".to_owned()),
        ("*", "*", weekday) => Some(format!("every {}", weekday_name(weekday)?)),
        ("l", "*", "*") => Some("on the last day of every month".to_owned()),
        (day, "*", "*") => Some(format!("on day {} of every month", number(day)?)),
        (day, month, "*") => Some(format!("every {} {}", number(day)?, month_name(month)?)),
        _ => None,
    }
}

fn weekday_name(text: &str) -> Option<&'static str> {
    match text {
        "0" | "7" | "sun" => Some("Sunday"),
        "1" | "mon" => Some("Monday"),
        "2" | "tue" => Some("Tuesday"),
        "3" | "wed" => Some("Wednesday"),
        "4" | "thu" => Some("Thursday"),
        "5" | "fri" => Some("Friday"),
        "6" | "sat" => Some("Saturday"),
        _ => None,
    }
}

fn month_name(text: &str) -> Option<&'static str> {
    const NAMES: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let named = |name: &&&str| name.to_lowercase().starts_with(text) && text.len() == 3;
    let numbered = || NAMES.get(usize::from(number(text)?).checked_sub(1)?).copied();
    NAMES.iter().find(named).copied().or_else(numbered)
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

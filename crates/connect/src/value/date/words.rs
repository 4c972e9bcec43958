//! The words dates are written in: months and weekdays in five languages, noon, midnight, "to be
//! announced".

use chrono::Weekday;

/// Month stems, folded to lower-case ASCII. A word names the month when it is one of these, or begins
/// with one of them and is one of the longer forms.
const MONTHS: [&[&str]; 12] = [
    &["jan", "january", "januar", "janner", "janvier", "janv", "enero", "ene", "januari"],
    &["feb", "february", "februar", "fevrier", "fevr", "fev", "febrero", "februari", "febuary", "febraury"],
    &["mar", "march", "marz", "maerz", "mars", "marzo", "maart", "mrt", "mrz"],
    &["apr", "april", "avril", "avr", "abril", "abr"],
    &["may", "mai", "mayo", "mei"],
    &["jun", "june", "juni", "juin", "junio"],
    &["jul", "july", "juli", "juillet", "juil", "julio"],
    &["aug", "august", "aout", "agosto", "ago", "augustus", "agust", "augst"],
    &["sep", "sept", "september", "septembre", "septiembre", "setiembre", "spetember", "septemeber"],
    &["oct", "october", "okt", "oktober", "octobre", "octubre"],
    &["nov", "november", "novembre", "noviembre", "novemeber"],
    &["dec", "december", "dez", "dezember", "decembre", "diciembre", "dic", "decemeber"],
];

const WEEKDAYS: [(&[&str], Weekday); 7] = [
    (&["mon", "monday", "montag", "lundi", "lunes", "maandag"], Weekday::Mon),
    (&["tue", "tues", "tuesday", "dienstag", "mardi", "martes", "dinsdag"], Weekday::Tue),
    (&["wed", "weds", "wednesday", "mittwoch", "mercredi", "miercoles", "woensdag"], Weekday::Wed),
    (&["thu", "thur", "thurs", "thursday", "donnerstag", "jeudi", "jueves", "donderdag"], Weekday::Thu),
    (&["fri", "friday", "freitag", "vendredi", "viernes", "vrijdag"], Weekday::Fri),
    (&["sat", "saturday", "samstag", "sonnabend", "samedi", "sabado", "zaterdag"], Weekday::Sat),
    (&["sun", "sunday", "sonntag", "dimanche", "domingo", "zondag"], Weekday::Sun),
];

/// Lower case, without the accents the five languages use.
pub(super) fn fold(word: &str) -> String {
    let plain = |c: char| match c {
        'à' | 'á' | 'â' | 'ä' => 'a',
        'è' | 'é' | 'ê' | 'ë' => 'e',
        'ì' | 'í' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ô' | 'ö' => 'o',
        'ù' | 'ú' | 'û' | 'ü' => 'u',
        other => other,
    };
    word.chars().flat_map(char::to_lowercase).map(plain).collect()
}

/// The month (1 to 12) that a folded word names.
pub(super) fn month(word: &str) -> Option<u32> {
    let index = MONTHS.iter().position(|names| names.contains(&word))?;
    u32::try_from(index + 1).ok()
}

/// The weekday that a folded word names.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(names, _)| names.contains(&word)).map(|(_, day)| *day)
}

/// Words that join the ends of a range.
pub(super) fn joins_range(word: &str) -> bool {
    matches!(
        word,
        "-" | "–" | "—" | "to" | "until" | "till" | "through" | "thru" | "bis" | "tot" | "hasta" | "a"
    )
}

/// Words that may stand between a day and its month: "4th of July", "5 de marzo".
pub(super) fn fills_date(word: &str) -> bool {
    matches!(word, "of" | "de" | "del" | "the" | "," | "." | "den" | "le")
}

/// Noon and midnight, as hours.
pub(super) fn named_hour(word: &str) -> Option<u32> {
    match word {
        "noon" | "midday" | "mittag" | "midi" | "mediodia" => Some(12),
        "midnight" | "mitternacht" | "minuit" | "medianoche" => Some(0),
        _ => None,
    }
}

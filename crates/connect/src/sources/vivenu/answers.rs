//! What the holder of a ticket has answered: free and half-free texts, in the languages of the regions.
//! Every reader is told its text and gives what it means, or nothing.

use chrono::{Datelike, NaiveDate};

/// `Male` or `Female`, by the first word that says so: "Male 남성", "여성", "Women".
pub(super) fn gender(text: &str) -> Option<&'static str> {
    const MALE: &[&str] = &[
        "male",
        "men",
        "man",
        "m",
        "männlich",
        "mann",
        "herr",
        "homme",
        "masculin",
        "hombre",
        "masculino",
        "maschio",
        "uomo",
        "mannelijk",
        "mężczyzna",
        "男",
        "男性",
        "남성",
        "남자",
        "남",
        "ชาย",
        "nam",
        "laki-laki",
        "lelaki",
        "lalaki",
    ];
    const FEMALE: &[&str] = &[
        "female",
        "women",
        "woman",
        "f",
        "w",
        "weiblich",
        "frau",
        "femme",
        "féminin",
        "mujer",
        "femenino",
        "femmina",
        "donna",
        "vrouwelijk",
        "vrouw",
        "feminino",
        "kobieta",
        "女",
        "女性",
        "여성",
        "여자",
        "여",
        "หญิง",
        "nữ",
        "perempuan",
        "babae",
    ];
    words(text).find_map(|word| {
        let is_one_of = |list: &[&str]| list.contains(&&*word);
        match (is_one_of(MALE), is_one_of(FEMALE)) {
            (true, _) => Some("Male"),
            (_, true) => Some("Female"),
            _ => None,
        }
    })
}

/// Yes or no, by the first word.
pub(super) fn yes(text: &str) -> Option<bool> {
    const YES: &[&str] = &[
        "yes",
        "y",
        "ja",
        "oui",
        "si",
        "sí",
        "sim",
        "tak",
        "はい",
        "是",
        "예",
        "네",
        "ใช่",
        "ya",
        "có",
        "true",
    ];
    const NO: &[&str] = &[
        "no",
        "n",
        "nein",
        "non",
        "não",
        "nee",
        "nie",
        "いいえ",
        "否",
        "不是",
        "아니요",
        "아니오",
        "ไม่",
        "ไม่ใช่",
        "tidak",
        "không",
        "false",
    ];
    let first = words(text).next()?;
    match (YES.contains(&&*first), NO.contains(&&*first)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// What the holder says of training clubs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Membership {
    Member,
    Elsewhere,
    None,
}

impl Membership {
    pub(super) fn name(self) -> &'static str {
        match self {
            Membership::Member => "member",
            Membership::Elsewhere => "member_elsewhere",
            Membership::None => "none",
        }
    }
}

/// Told by the phrase in it, the most particular first.
pub(super) fn membership(text: &str) -> Option<Membership> {
    let text = text.replace(['\u{2019}', '\u{2018}', '`'], "'").to_lowercase();
    let said = |phrase: &str| text.contains(phrase);
    match () {
        () if said("i'm a member of another") || said("i am a member of another") => {
            Some(Membership::Elsewhere)
        }
        () if said("i'm a member") || said("i am a member") => Some(Membership::Member),
        () if said("i'm not a member") || said("i am not a member") => Some(Membership::None),
        () => None,
    }
}

/// The name of a gym in its own script: letters and digits, single spaces between. `None` for what is no
/// name ("n/a", "-").
pub(super) fn gym(text: &str) -> Option<String> {
    const NONE: &[&str] = &["na", "none", "no", "nil", "other"];
    let kept: String = text.chars().filter(|c| belongs_to_a_name(*c) || c.is_whitespace()).collect();
    let name = kept.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = name.to_lowercase();
    (name.chars().count() > 1 && !NONE.contains(&&*plain)).then_some(name)
}

/// Letters and digits of every script, and the marks above and below them, which are no letters in Unicode:
/// Thai cannot be written without.
fn belongs_to_a_name(c: char) -> bool {
    let punctuation = matches!(c, '\u{80}'..='\u{bf}' | '\u{2000}'..='\u{2bff}' | '\u{3000}'..='\u{3004}'
        | '\u{3008}'..='\u{3030}' | '\u{fe10}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff0f}' | '\u{ff1a}'..='\u{ff20}'
        | '\u{ff3b}'..='\u{ff40}' | '\u{ff5b}'..='\u{ff65}');
    c.is_alphanumeric() || (!c.is_ascii() && !c.is_whitespace() && !c.is_control() && !punctuation)
}

/// A birth date: `1990-05-17`, also at the head of an instant.
pub(super) fn birth_date(text: &str) -> Option<NaiveDate> {
    let day = text.trim().get(..10).unwrap_or(text.trim());
    let rest = text.trim().get(10..).unwrap_or_default();
    let date: NaiveDate = day.parse().ok()?;
    let plausible = (1900..=2100).contains(&date.year()) && day.len() == 10;
    (plausible && (rest.is_empty() || rest.starts_with('T'))).then_some(date)
}

fn words(text: &str) -> impl Iterator<Item = String> {
    let sign =
        |c: char| c.is_whitespace() || (c.is_ascii_punctuation() && c != '-') || "（）／、，。・".contains(c);
    text.split(sign).filter(|word| !word.is_empty()).map(str::to_lowercase).collect::<Vec<_>>().into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genders_are_read_in_every_language_of_a_region() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(gender(text), expected, "{text}");
        check("Male", Some("Male"));
        check("men", Some("Male"));
        check("Male 남성", Some("Male"));
        check("Female 女性", Some("Female"));
        check("여성 / Female", Some("Female"));
        check("ชาย", Some("Male"));
        check("หญิง (Female)", Some("Female"));
        check("女性", Some("Female"));
        check("WOMAN", Some("Female"));
        check("Prefer not to say", None);
        check("Germany", None);
        check("", None);
    }

    #[test]
    fn answers_of_yes_and_no() {
        let check = |text: &str, expected| assert_eq!(yes(text), expected, "{text}");
        check("Yes, I have", Some(true));
        check("No.", Some(false));
        check("Yes 예", Some(true));
        check("아니요", Some(false));
        check("Maybe", None);
    }

    #[test]
    fn clubs_are_told_by_their_phrase() {
        let check = |text: &str, expected| assert_eq!(membership(text), expected, "{text}");
        check("I'm a member of another HYROX Training Club", Some(Membership::Elsewhere));
        check("I\u{2019}m a member of a HYROX Training Club", Some(Membership::Member));
        check("I'm not a member of a club", Some(Membership::None));
        check("Club", None);
    }

    #[test]
    fn fault_21_gyms_keep_their_script() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(gym(text).as_deref(), expected, "{text}");
        check("  F45   Training - Ponsonby ", Some("F45 Training Ponsonby"));
        check("크로스핏 서울", Some("크로스핏 서울"));
        check("ฟิตเนส เฟิร์ส", Some("ฟิตเนส เฟิร์ส"));
        check("健身工廠（台北）", Some("健身工廠台北"));
        check("Café Körper", Some("Café Körper"));
        check("Gold's Gym", Some("Golds Gym"));
        check("n/a", None);
        check("N/A", None);
        check("None", None);
        check("-", None);
        check("x", None);
    }

    #[test]
    fn birth_dates_are_dates_or_nothing() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(birth_date(text).map(|date| date.to_string()).as_deref(), expected, "{text}");
        };
        check("1990-05-17", Some("1990-05-17"));
        check("1990-05-17T00:00:00.000Z", Some("1990-05-17"));
        check("17/05/1990", None);
        check("1990-02-30", None);
        check("0090-05-17", None);
        check("1990-05-171", None);
        check("ไม่ทราบ", None);
        check("", None);
    }
}

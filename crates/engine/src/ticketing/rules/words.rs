//! Text as words that can be compared: case, punctuation, apostrophes, wide letters and digits stuck to
//! letters make no difference. Scripts that write no spaces between words are looked for anywhere.

/// A text as its words.
#[derive(Debug, Clone)]
pub(super) struct Words {
    /// Letters and digits apart: `ATHLETE2` is two.
    words: Vec<String>,
    /// The same without anything in between.
    run: String,
}

/// What is looked for.
#[derive(Debug, Clone)]
pub(super) struct Phrase {
    words: Words,
    /// Its script writes words together.
    anywhere: bool,
}

impl Phrase {
    pub(super) fn new(text: &str) -> Phrase {
        let words = Words::of(text);
        let anywhere = words.run.chars().any(is_of_run_together_script);
        Phrase { words, anywhere }
    }
}

impl Words {
    pub(super) fn of(text: &str) -> Words {
        let mut words: Vec<String> = Vec::new();
        let mut last = Sort::Between;
        for sign in text.chars().map(narrow).filter(|sign| !matches!(sign, '\'' | '’' | '‘')) {
            let sort = Sort::of(sign);
            if sort != Sort::Between {
                if sort != last {
                    words.push(String::new());
                }
                if let Some(word) = words.last_mut() {
                    word.extend(sign.to_lowercase());
                }
            }
            last = sort;
        }
        let run = words.concat();
        Words { words, run }
    }

    /// Whether the phrase is in the text.
    pub(super) fn hold(&self, phrase: &Phrase) -> bool {
        let wanted = &phrase.words.words;
        if wanted.is_empty() {
            return false;
        }
        match phrase.anywhere {
            true => self.run.contains(&phrase.words.run),
            false => self.words.windows(wanted.len()).any(|window| window == wanted),
        }
    }

    /// The words one after the other.
    pub(super) fn list(&self) -> &[String] {
        &self.words
    }

    /// The number right before one of these phrases of a single word: `5 days`.
    pub(super) fn number_before(&self, phrases: Option<&Vec<Phrase>>) -> Option<u32> {
        let is_one = |word: &String| phrases.into_iter().flatten().any(|phrase| phrase.words.run == *word);
        self.words.windows(2).find_map(|pair| match pair {
            [number, unit] if is_one(unit) => number.parse().ok(),
            _ => None,
        })
    }
}

/// What a name is compared by as a whole.
pub(super) fn key(name: &str) -> String {
    Words::of(name).words.join(" ")
}

/// White space as people see it.
pub(super) fn tidy(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Sort {
    Letter,
    Digit,
    Between,
}

impl Sort {
    fn of(sign: char) -> Sort {
        match sign {
            _ if sign.is_numeric() => Sort::Digit,
            _ if sign.is_alphabetic() || is_thai_mark(sign) || is_combining(sign) => Sort::Letter,
            _ => Sort::Between,
        }
    }
}

/// Wide letters as the usual ones.
fn narrow(sign: char) -> char {
    match sign {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(sign) - 0xFEE0).unwrap_or(sign),
        '\u{3000}' => ' ',
        other => other,
    }
}

/// Tone marks and signs that belong to the letter before.
fn is_thai_mark(sign: char) -> bool {
    matches!(sign, '\u{0E47}'..='\u{0E4E}')
}

fn is_combining(sign: char) -> bool {
    matches!(sign, '\u{0300}'..='\u{036F}' | '\u{3099}' | '\u{309A}')
}

/// Thai, Chinese, Japanese; Korean writes spaces, but puts endings to words.
fn is_of_run_together_script(sign: char) -> bool {
    matches!(sign, '\u{0E00}'..='\u{0E7F}' | '\u{1100}'..='\u{11FF}' | '\u{3040}'..='\u{30FF}'
        | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_words_are_found_whatever_they_are_written_like() {
        let check = |text: &str, phrase: &str, expected: bool| {
            assert_eq!(Words::of(text).hold(&Phrase::new(phrase)), expected, "{phrase:?} in {text:?}");
        };
        check("HYROX ATHLETE2 | Friday", "athlete 2", true);
        check("HYROX - athlete   2", "Athlete 2", true);
        check("HYROX ATHLETE 22", "athlete 2", false);
        check("HYROX MEN'S RELAY", "mens", true);
        check("ＨＹＲＯＸ　ＭＥＮ", "men", true);
        check("HYROX Germany", "man", false);
        check("Manchester", "man", false);
        check("HYROX 남자부 토요일", "남자", true);
        check("บัตรผู้ชม วันเสาร์", "ผู้ชม", true);
        check("anything", "", false);
    }

    #[test]
    fn numbers_stand_before_their_unit() {
        let days = vec![Phrase::new("days"), Phrase::new("일권")];
        assert_eq!(Words::of("Spectators 5 days Pass").number_before(Some(&days)), Some(5));
        assert_eq!(Words::of("3-DAYS").number_before(Some(&days)), Some(3));
        assert_eq!(Words::of("관람 2일권").number_before(Some(&days)), Some(2));
        assert_eq!(Words::of("days").number_before(Some(&days)), None);
    }
}

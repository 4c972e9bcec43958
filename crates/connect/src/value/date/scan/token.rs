//! Text as words, numbers and signs.

use super::super::words::fold;

/// One word, number or sign.
#[derive(Debug, Clone)]
pub(super) struct Token {
    text: String,
    kind: Kind,
    glued: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Number,
    Sign,
}

impl Token {
    /// The word, folded; for signs and numbers as written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn word(&self) -> Option<&str> {
        (self.kind == Kind::Word).then_some(self.text.as_str())
    }

    pub(super) fn is(&self, text: &str) -> bool {
        self.text == text
    }

    /// True when no space stands before it.
    pub(super) fn glued(&self) -> bool {
        self.glued
    }

    /// The number, when it is one of `digits` digits.
    pub(super) fn number(&self, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
        (self.kind == Kind::Number && digits.contains(&self.text.len()))
            .then(|| self.text.parse().ok())
            .flatten()
    }
}

/// At most `most` tokens of `text`.
pub(super) fn tokens(text: &str, most: usize) -> Vec<Token> {
    let mut found: Vec<Token> = Vec::new();
    let mut chars = text.chars().peekable();
    let mut glued = false;
    while let Some(&first) = chars.peek() {
        if found.len() == most {
            break;
        }
        if first.is_whitespace() || first == '\u{200b}' {
            chars.next();
            glued = false;
            continue;
        }
        let kind = kind_of(first);
        let mut run = String::new();
        while let Some(&next) = chars.peek() {
            if kind_of(next) != kind || next.is_whitespace() || (kind == Kind::Sign && !run.is_empty()) {
                break;
            }
            run.push(next);
            chars.next();
        }
        let text = if kind == Kind::Word { fold(&run) } else { run };
        found.push(Token { text, kind, glued });
        glued = true;
    }
    found
}

fn kind_of(c: char) -> Kind {
    if c.is_ascii_digit() {
        Kind::Number
    } else if c.is_alphabetic() {
        Kind::Word
    } else {
        Kind::Sign
    }
}

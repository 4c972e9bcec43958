//! What lint, check and doctor report: where, what, and what to do about it.

use std::fmt;

use serde::Serialize;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing; works all the same.
    Warning,
    /// Will not work.
    Error,
}

/// One fault found in a file the user wrote, or in what a source sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The file or document, as the user named it.
    pub file: String,
    /// Line and column, both from 1; `None` when the fault has no single place.
    pub place: Option<(usize, usize)>,
    /// What is wrong.
    pub message: String,
    /// What to do, one sentence; may be the nearest valid name.
    pub help: Option<String>,
}

impl Finding {
    /// A fault that keeps the file from working.
    pub fn error(file: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding {
            severity: Severity::Error,
            file: file.into(),
            place: None,
            message: message.into(),
            help: None,
        }
    }

    /// A fault that does not.
    pub fn warning(file: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding { severity: Severity::Warning, ..Finding::error(file, message) }
    }

    /// At this line and column, both from 1.
    pub fn at(mut self, line: usize, column: usize) -> Finding {
        self.place = Some((line, column));
        self
    }

    /// With this advice.
    pub fn help(mut self, help: impl Into<String>) -> Finding {
        self.help = Some(help.into());
        self
    }
}

/// `file:line:column: error: message (help)`, one line, as editors and terminals link it.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, ": {severity}: {}", self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// The candidate a mistyped `name` most likely means, if one is near enough to suggest.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let score = |candidate: &str| strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase());
    candidates
        .into_iter()
        .map(|candidate| (score(candidate), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_only_near_names() {
        let names = ["paginate", "decode", "requests"];
        assert_eq!(nearest("pagination", names), Some("paginate"));
        assert_eq!(nearest("Decod", names), Some("decode"));
        assert_eq!(nearest("zzz", names), None);
    }

    #[test]
    fn prints_one_linkable_line() {
        let finding = Finding::error("a.yaml", "unknown key `titel`").at(4, 3).help("did you mean `title`?");
        assert_eq!(finding.to_string(), "a.yaml:4:3: error: unknown key `titel` (did you mean `title`?)");
    }
}

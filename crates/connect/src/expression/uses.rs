//! What follows a name in an expression: `steps.load.output` uses `steps`, then `load`, then `output`.
//! Found in the text, so that each use has its place and `steps['load'].output` is the same.

use super::scan;

/// One use of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Byte offset of the name in the expression.
    pub at: usize,
    /// What is named behind it, in order.
    pub path: Vec<String>,
    /// Whether a computed subscript comes next (`steps[item]`): what it names is known only when it runs.
    pub computed: bool,
}

/// Every use of the variable `root` in `source`.
pub(super) fn of(source: &str, root: &str) -> Vec<Use> {
    let blanked = scan::blank_literals(source);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut uses = Vec::new();
    for (at, _) in blanked.match_indices(root) {
        let end = at + root.len();
        let inside =
            blanked[..at].ends_with(|c| is_word(c) || c == '.') || blanked[end..].starts_with(is_word);
        let is_argument =
            blanked[end..].trim_start().starts_with('=') && !blanked[end..].trim_start().starts_with("==");
        // The blanked insides of literals are underscores, so a name is never found in one.
        if !inside && !is_argument {
            let (path, computed) = behind(source, &blanked, end);
            uses.push(Use { at, path, computed });
        }
    }
    uses
}

/// The members named from `at` on.
fn behind(source: &str, blanked: &str, mut at: usize) -> (Vec<String>, bool) {
    let mut path = Vec::new();
    loop {
        at += blanked[at..].len() - blanked[at..].trim_start().len();
        if let Some(rest) = blanked[at..].strip_prefix('.') {
            let name = scan::identifier(rest.trim_start());
            if name.is_empty() {
                return (path, false);
            }
            at = blanked.len() - rest.trim_start().len() + name.len();
            path.push(name.to_owned());
        } else if blanked[at..].starts_with('[') {
            let Some(close) = blanked[at..].find(']').map(|close| at + close) else { return (path, true) };
            match literal(source[at + 1..close].trim()) {
                Some(name) => path.push(name),
                None => return (path, true),
            }
            at = close + 1;
        } else {
            return (path, false);
        }
    }
}

/// The text of a literal without escapes, or the digits of an index.
fn literal(inside: &str) -> Option<String> {
    if !inside.is_empty() && inside.chars().all(|c| c.is_ascii_digit()) {
        return Some(inside.to_owned());
    }
    let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let text = inside[1..].strip_suffix(quote)?;
    (!text.contains(['\\', quote])).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_use_with_what_follows() {
        let shown = |source: &str, root: &str| {
            let one = |u: &Use| format!("{}:{}{}", u.at, u.path.join("/"), if u.computed { "[" } else { "" });
            of(source, root).iter().map(one).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(shown("steps.a.output.n + steps['b-c'].status", "steps"), "0:a/output/n 19:b-c/status");
        assert_eq!(shown("steps[item].output", "steps"), "0:[");
        assert_eq!(shown("item.steps.a ~ 'steps.b' ~ my_steps", "steps"), "");
        assert_eq!(shown("f(env=1) or env == 1 or env . HOME", "env"), "12: 24:HOME");
        assert_eq!(shown("steps.a.output[0].x | default(steps.b)", "steps"), "0:a/output/0/x 30:b");
        assert_eq!(shown("steps[\"é\"]", "steps"), "0:é");
    }
}

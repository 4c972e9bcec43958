//! Keeps secrets out of what is shown: their values become `***` in any text.

use serde_json::Value as Json;

const MASK: &str = "***";
/// A shorter value is masked where it stands as a word of its own only: otherwise a secret `a` would
/// make everything unreadable and show by its gaps what it is.
const SHORTEST_ANYWHERE: usize = 4;
/// A line of a longer secret (a private key) is masked alone as well from this length on.
const SHORTEST_LINE: usize = 12;

/// Replaces the values of secrets. Built from the values of secret parameters and of everything that
/// was read from the environment.
#[derive(Clone, Default)]
pub struct Masker {
    /// Longest first, so that a secret that holds another one is masked whole.
    values: Vec<String>,
}

/// Says how many secrets it knows, never which.
impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Masker({} values)", self.values.len())
    }
}

impl Masker {
    /// One for these values.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Masker {
        let mut values = Vec::new();
        for secret in secrets {
            let trimmed = secret.trim();
            let lines = trimmed.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
            for form in lines.chain([secret, trimmed]) {
                values.extend([form.to_owned(), escaped(form), percent_encoded(form)]);
            }
        }
        values.retain(|value| !value.is_empty());
        values.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        values.dedup();
        Masker { values }
    }

    /// One for the secret parameters and the environment of a run.
    pub fn for_run<'a>(
        plan: &crate::pipeline::Plan,
        params: &serde_json::Map<String, Json>,
        env: impl IntoIterator<Item = &'a str>,
    ) -> Masker {
        let mut secrets: Vec<String> = env.into_iter().map(str::to_owned).collect();
        plan.secrets.iter().filter_map(|name| params.get(name)).for_each(|value| leaves(value, &mut secrets));
        Masker::new(secrets.iter().map(String::as_str))
    }

    /// Whether it knows no secret.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The text without secrets.
    pub fn mask(&self, text: &str) -> String {
        let mut masked = text.to_owned();
        for value in &self.values {
            if masked.contains(value.as_str()) {
                masked = match value.chars().count() >= SHORTEST_ANYWHERE {
                    true => masked.replace(value.as_str(), MASK),
                    false => replace_word(&masked, value),
                };
            }
        }
        masked
    }

    /// The value without secrets, names of members included. A number that is a secret becomes text.
    pub fn mask_json(&self, value: &Json) -> Json {
        match value {
            Json::String(text) => Json::String(self.mask(text)),
            Json::Array(items) => Json::Array(items.iter().map(|item| self.mask_json(item)).collect()),
            Json::Object(members) => {
                let member = |(name, value): (&String, &Json)| (self.mask(name), self.mask_json(value));
                Json::Object(members.iter().map(member).collect())
            }
            Json::Number(number) if self.values.iter().any(|value| *value == number.to_string()) => {
                Json::String(MASK.to_owned())
            }
            other => other.clone(),
        }
    }
}

/// The texts and numbers in a value; true, false and null are no secrets.
fn leaves(value: &Json, into: &mut Vec<String>) {
    match value {
        Json::String(text) => into.push(text.clone()),
        Json::Number(number) => into.push(number.to_string()),
        Json::Array(items) => items.iter().for_each(|item| leaves(item, into)),
        Json::Object(members) => members.values().for_each(|item| leaves(item, into)),
        Json::Null | Json::Bool(_) => {}
    }
}

/// As it stands inside JSON.
fn escaped(text: &str) -> String {
    let quoted = Json::String(text.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As it stands inside an address.
fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}

fn replace_word(text: &str, word: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for (at, _) in text.match_indices(word) {
        let end = at + word.len();
        let joins =
            text[..at].ends_with(char::is_alphanumeric) || text[end..].starts_with(char::is_alphanumeric);
        if !joins {
            masked.push_str(&text[from..at]);
            masked.push_str(MASK);
            from = end;
        }
    }
    masked + &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn secrets_are_masked_however_they_are_written() {
        let masker = Masker::new(["s3cr \"et", "s3cr", "", "ab"]);
        let encoded = "?key=s3cr%20%22et&x";
        assert_eq!(masker.mask(encoded), "?key=***&x");
        assert_eq!(masker.mask(r#"{"key":"s3cr \"et"} s3crs"#), r#"{"key":"***"} ***s"#);
        assert_eq!(masker.mask("ab cab ab."), "*** cab ***.");
        let value = json!({"a s3cr": ["x", 7, "s3cr"]});
        assert_eq!(masker.mask_json(&value), json!({"a ***": ["x", 7, "***"]}));
        assert_eq!(Masker::new(["7771"]).mask_json(&json!(7771)), json!("***"));
        assert!(!format!("{masker:?}").contains("s3cr"));
    }

    #[test]
    fn each_line_of_a_key_is_a_secret() {
        let masker = Masker::new(["-----BEGIN-----\nMIIEvQIBADANBgk\n"]);
        assert_eq!(masker.mask("line: MIIEvQIBADANBgk"), "line: ***");
    }
}

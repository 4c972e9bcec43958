//! Scripts that pages share, kept for a while: a site's own are asked for once, not once a page.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use url::Url;

use super::super::client::Answer;
use super::super::host::lock;

/// How long one is kept. Sites name theirs anew with each build, so it may be long.
const KEPT: Duration = Duration::from_secs(600);
const MOST: usize = 128;
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The scripts that were fetched.
#[derive(Debug, Default)]
pub struct Scripts(Mutex<HashMap<Url, (Instant, Arc<Answer>)>>);

impl Scripts {
    /// The script at `url`, if it is at hand and not too old.
    pub fn get(&self, url: &Url) -> Option<Arc<Answer>> {
        let known = lock(&self.0);
        let (since, answer) = known.get(url)?;
        (since.elapsed() < KEPT).then(|| answer.clone())
    }

    /// Keeps one; where there would be too many, all others go.
    pub fn keep(&self, url: &Url, answer: &Arc<Answer>) {
        let mut known = lock(&self.0);
        let bytes: usize = known.values().map(|(_, answer)| answer.body.len()).sum();
        if known.len() >= MOST || bytes + answer.body.len() > MOST_BYTES {
            known.clear();
        }
        known.insert(url.clone(), (Instant::now(), answer.clone()));
    }
}

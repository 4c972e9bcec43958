//! Regular expressions and selectors, compiled once a thread. Their texts come from manifests, so there
//! are few; the bound guards against patterns built from content.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use regex::{Regex, RegexBuilder};
use scraper::Selector;

const MOST_KEPT: usize = 2_000;
const REGEX_SIZE_BYTES: usize = 1 << 20;

thread_local! {
    static REGEXES: RefCell<HashMap<String, Rc<Regex>>> = RefCell::default();
    static SELECTORS: RefCell<HashMap<String, Rc<Selector>>> = RefCell::default();
}

/// The compiled pattern; the error names the fault in one line.
pub fn regex(pattern: &str) -> Result<Rc<Regex>, String> {
    REGEXES.with_borrow_mut(|kept| {
        if let Some(regex) = kept.get(pattern) {
            return Ok(Rc::clone(regex));
        }
        let built = RegexBuilder::new(pattern).size_limit(REGEX_SIZE_BYTES).build();
        let regex = Rc::new(built.map_err(|error| regex_fault(&error))?);
        keep(kept, pattern, &regex);
        Ok(regex)
    })
}

/// The last line of a regex error says what is wrong; the ones before draw it.
fn regex_fault(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    last.trim().trim_start_matches("error: ").to_owned()
}

/// The compiled selector; `None` when it is not one.
pub fn selector(css: &str) -> Option<Rc<Selector>> {
    checked_selector(css).ok()
}

/// The compiled selector, or what is wrong with it.
pub fn checked_selector(css: &str) -> Result<Rc<Selector>, String> {
    SELECTORS.with_borrow_mut(|kept| {
        if let Some(selector) = kept.get(css) {
            return Ok(Rc::clone(selector));
        }
        let selector = Rc::new(Selector::parse(css).map_err(|error| error.to_string())?);
        keep(kept, css, &selector);
        Ok(selector)
    })
}

fn keep<T>(kept: &mut HashMap<String, Rc<T>>, key: &str, value: &Rc<T>) {
    if kept.len() >= MOST_KEPT {
        kept.clear();
    }
    kept.insert(key.to_owned(), Rc::clone(value));
}

//! Pages that only a browser can show: a pool of headless Chromium, driven over the DevTools protocol.
//!
//! The browser itself reaches nothing: whatever a page asks for comes to us and is fetched as everything
//! is, with robots, guard and bounds; pictures, fonts and styles are not asked for at all. It is spoken to
//! through a pipe, so it opens no port, and ends with us, also when we are killed. A page that hangs or
//! crashes is thrown away, a browser that does so too; what it was to show is tried again as any request.

mod browser;
mod find;
mod leftovers;
mod memory;
mod page;
mod pipe;
mod requests;
mod scripts;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, Semaphore};

use super::client::{Answer, Failure};
use super::{FetchError, Fetcher};
use browser::Browser;
use page::Page;
use scripts::Scripts;

pub use find::{BrowserFound, find_browser};
use url::Url;

/// What a page must show before it counts as there, and how its list is walked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RenderPlan {
    /// A selector; the page is there once something fits it.
    pub wait_for: String,
    /// A pattern of what the page says instead where there is nothing; empty for none.
    pub empty: String,
    /// A selector of what says "1-200 of 232"; empty where lists have no pages.
    pub pager: String,
    /// A selector of the button that leads to the next page.
    pub next: String,
    /// Pages of one list at most.
    pub max_pages: u32,
}

/// Bounds of rendering.
#[derive(Debug, Clone)]
pub struct RenderOptions {
    /// The browser; looked for where it is usual when `None`.
    pub program: Option<PathBuf>,
    /// Pages shown at once. 4.
    pub pages: usize,
    /// What a browser may take in memory, with all its processes, before it is replaced. 1024.
    pub memory_mb: u64,
    /// Pages after which a browser is replaced. 2000.
    pub pages_per_browser: u32,
    /// How long a page may take until it is there. 45 s.
    pub wait: Duration,
}

impl Default for RenderOptions {
    fn default() -> Self {
        RenderOptions {
            program: None,
            pages: 4,
            memory_mb: 1024,
            pages_per_browser: 2_000,
            wait: Duration::from_secs(45),
        }
    }
}

/// The pool.
#[derive(Debug)]
pub(super) struct Renderer {
    options: RenderOptions,
    places: Semaphore,
    pool: Mutex<Pool>,
    scripts: Scripts,
}

#[derive(Debug, Default)]
struct Pool {
    /// The browser that new pages are opened in.
    browser: Option<Arc<Browser>>,
    idle: Vec<Page>,
}

/// How often the memory of a browser is looked at.
const PAGES_BETWEEN_LOOKS: u32 = 20;

impl Renderer {
    pub fn new(options: RenderOptions) -> Renderer {
        let places = Semaphore::new(options.pages.clamp(1, 64));
        Renderer { options, places, pool: Mutex::default(), scripts: Scripts::default() }
    }

    /// Shows `answer`, which came from `url`, and gives what the page is then.
    pub async fn render(
        &self,
        fetcher: &Fetcher,
        url: &Url,
        answer: &Answer,
        plan: &RenderPlan,
        robots: bool,
    ) -> Result<Bytes, Failure> {
        let shut = |_| FetchError::Setup("the fetcher is shut down".to_owned());
        let _place = self.places.acquire().await.map_err(shut)?;
        let mut page = self.page(url).await?;
        let (limit, scripts) = (self.options.wait, &self.scripts);
        let errand = page::Errand { fetcher, url, answer, plan, robots, limit, scripts };
        let shown =
            tokio::time::timeout(self.options.wait + Duration::from_secs(5), page.show(&errand)).await;
        match shown {
            Ok(Ok(html)) => {
                self.give_back(page).await;
                Ok(html)
            }
            Ok(Err(failure)) => {
                self.throw_away(page).await;
                Err(failure)
            }
            Err(_) => {
                self.throw_away(page).await;
                Err(Failure::again(failed(url, "it was not there in time")))
            }
        }
    }

    /// A page that is free, or a new one.
    async fn page(&self, url: &Url) -> Result<Page, Failure> {
        let mut pool = self.pool.lock().await;
        while let Some(page) = pool.idle.pop() {
            if page.is_alive() {
                return Ok(page);
            }
        }
        let browser = match pool.browser.as_ref().filter(|browser| browser.is_alive()) {
            Some(browser) => browser.clone(),
            None => {
                let browser = Arc::new(Browser::start(&self.options).await?);
                pool.browser = Some(browser.clone());
                browser
            }
        };
        match Page::open(browser.clone()).await {
            Ok(page) => Ok(page),
            Err(reason) => {
                // One that opens no pages is of no use.
                browser.kill();
                pool.browser = None;
                Err(Failure::again(failed(url, &reason)))
            }
        }
    }

    /// A page that showed what it was to show is kept for the next, unless its browser has had its time.
    async fn give_back(&self, page: Page) {
        let browser = page.browser().clone();
        let shown = browser.count_page();
        let heavy = shown.is_multiple_of(PAGES_BETWEEN_LOOKS)
            && browser.memory_mb().is_some_and(|used| used > self.options.memory_mb);
        let mut pool = self.pool.lock().await;
        if heavy || shown >= self.options.pages_per_browser {
            // It ends with its last page; new ones are opened in another.
            tracing::debug!(pages = shown, heavy, "a browser is replaced");
            pool.idle.retain(|page| !Arc::ptr_eq(page.browser(), &browser));
            if pool.browser.as_ref().is_some_and(|current| Arc::ptr_eq(current, &browser)) {
                pool.browser = None;
            }
            return;
        }
        pool.idle.push(page);
    }

    /// A page that failed may hang: it is closed, and a browser that does not even do that is ended.
    async fn throw_away(&self, page: Page) {
        let browser = page.browser().clone();
        if page.close().await.is_ok() {
            return;
        }
        tracing::warn!("a browser did not answer and is replaced");
        browser.kill();
        let mut pool = self.pool.lock().await;
        if pool.browser.as_ref().is_some_and(|current| Arc::ptr_eq(current, &browser)) {
            pool.browser = None;
        }
    }
}

fn failed(url: &Url, reason: &str) -> FetchError {
    FetchError::Render { url: url.to_string(), reason: reason.to_owned(), attempts: 1 }
}

#[cfg(test)]
mod tests;

//! robots.txt, asked for once per origin and believed for a while (RFC 9309): a missing one permits
//! all, one that cannot be had forbids all for now, `Crawl-delay` sets the host's pace up to a cap.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use model::Method;
use reqwest::header::{HeaderMap, LOCATION};
use texting_robots::Robot;
use url::Url;

use super::client::{Answer, Failure, Keep, Outgoing};
use super::host::{Host, lock};
use super::{FetchError, Fetcher, Pace};

/// The name that robots.txt files address.
const AGENT: &str = "callboard";
/// RFC 9309, 2.5: at least 500 KiB are to be read; more need not.
const MAX_BYTES: usize = 500 * 1024;
/// RFC 9309, 2.3.1.2: at least five.
const MAX_REDIRECTS: usize = 5;

/// What one host says, apart for http and https.
#[derive(Debug, Default)]
pub(super) struct RobotsCache([Origin; 2]);

#[derive(Debug, Default)]
struct Origin {
    known: Mutex<Option<Arc<Known>>>,
    /// Held while asking, so that only one asks.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Known {
    rules: Rules,
    until: Instant,
}

#[derive(Debug)]
enum Rules {
    Open,
    Stated(Box<Robot>),
    /// Could not be had, and why.
    Unavailable(String),
}

impl Origin {
    fn fresh(&self) -> Option<Arc<Known>> {
        lock(&self.known).clone().filter(|known| known.until > Instant::now())
    }
}

impl Fetcher {
    /// Whether the site lets robots read `url`.
    pub(super) async fn obey_robots(&self, url: &Url, clean: &str) -> Result<(), FetchError> {
        let host = self.shared.hosts.of(url, &self.shared.options);
        let known = match host.robots.origin(url).fresh() {
            Some(known) => known,
            None => self.learn_robots(url, &host).await.map_err(|error| error.about(clean))?,
        };
        let robots = || robots_url(url).to_string();
        match &known.rules {
            Rules::Open => Ok(()),
            Rules::Stated(robot) if robot.allowed(path(url)) => Ok(()),
            Rules::Stated(_) => Err(FetchError::Robots { url: clean.to_owned(), robots: robots() }),
            Rules::Unavailable(reason) => Err(FetchError::RobotsUnavailable {
                url: clean.to_owned(),
                robots: robots(),
                reason: reason.clone(),
            }),
        }
    }

    async fn learn_robots(&self, url: &Url, host: &Host) -> Result<Arc<Known>, FetchError> {
        let origin = host.robots.origin(url);
        let _asking = origin.asking.lock().await;
        if let Some(known) = origin.fresh() {
            return Ok(known);
        }
        let address = robots_url(url);
        let asked = self
            .persist(
                self.shared.options.attempts,
                |n| self.shared.backoff.wait(n),
                || self.read_robots(&address),
            )
            .await;
        let known = Arc::new(self.understand(asked)?);
        if let Rules::Stated(robot) = &known.rules
            && let Some(delay) = robot.delay.and_then(|d| Duration::try_from_secs_f32(d).ok())
            && !delay.is_zero()
        {
            let delay = delay.min(self.shared.options.times.max_crawl_delay);
            host.slow_down(Pace { per_second: Some(1.0 / delay.as_secs_f64()), ..Pace::default() });
        }
        *lock(&origin.known) = Some(known.clone());
        Ok(known)
    }

    /// One try, redirects followed. Statuses that may pass are failures worth another try.
    async fn read_robots(&self, address: &Url) -> Result<Answer, Failure> {
        let mut url = address.clone();
        for _ in 0..=MAX_REDIRECTS {
            let outgoing = Outgoing {
                url: url.clone(),
                clean: url.as_str(),
                method: Method::Get,
                headers: HeaderMap::new(),
                login: None,
                body: None,
                keep: Keep::First(MAX_BYTES),
                errors: &[],
            };
            let answer = self.exchange(outgoing, Pace::default(), &[]).await?;
            let status = answer.status;
            if status == 429 || status >= 500 {
                let (url, message) = (url.to_string(), "robots.txt is not available".to_owned());
                return Err(Failure::again(FetchError::Status { url, status, message, attempts: 1 }));
            }
            let target = answer.headers.get(LOCATION).and_then(|l| l.to_str().ok());
            match target.and_then(|target| url.join(target).ok()) {
                Some(next) if (300..400).contains(&status) => url = next,
                _ => return Ok(answer),
            }
        }
        // RFC 9309: more redirects than that count as "not there"
        Ok(Answer { status: 404, headers: HeaderMap::new(), body: Default::default(), at: super::now() })
    }

    /// What the answer means. Where the host cannot be reached at all, that is the better error.
    fn understand(&self, asked: Result<Answer, FetchError>) -> Result<Known, FetchError> {
        let times = &self.shared.options.times;
        let (rules, ttl) = match asked {
            Ok(answer) if (200..300).contains(&answer.status) => {
                let robot = Robot::new(AGENT, &answer.body);
                (robot.map_or(Rules::Open, |robot| Rules::Stated(Box::new(robot))), times.robots_ttl)
            }
            Ok(_) => (Rules::Open, times.robots_ttl),
            Err(
                error @ (FetchError::Status { .. }
                | FetchError::Timeout { .. }
                | FetchError::Truncated { .. }
                | FetchError::Redirect { .. }),
            ) => (Rules::Unavailable(error.to_string()), times.robots_retry),
            Err(error) => return Err(error),
        };
        Ok(Known { rules, until: Instant::now() + ttl })
    }
}

impl RobotsCache {
    fn origin(&self, url: &Url) -> &Origin {
        &self.0[usize::from(url.scheme() == "https")]
    }
}

fn robots_url(url: &Url) -> Url {
    let mut robots = url.clone();
    robots.set_path("/robots.txt");
    robots.set_query(None);
    robots.set_fragment(None);
    robots
}

/// Path and query: what rules are matched against.
fn path(url: &Url) -> &str {
    &url[url::Position::BeforePath..url::Position::AfterQuery]
}

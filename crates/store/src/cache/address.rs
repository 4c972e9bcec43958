//! Which cache to use, as the setting says it.

use std::fmt;
use std::str::FromStr;

use super::CacheError;

/// The setting `cache`, read. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub enum CacheAddress {
    /// The memory of this process.
    Memory,
    /// A Redis, or what speaks like one.
    Redis {
        /// The whole address, password included.
        url: String,
        /// The same without user, password and options.
        name: String,
    },
}

impl FromStr for CacheAddress {
    type Err = CacheError;

    fn from_str(said: &str) -> Result<CacheAddress, CacheError> {
        let said = said.trim();
        if said.is_empty() || said.eq_ignore_ascii_case("memory") {
            return Ok(CacheAddress::Memory);
        }
        if redis::parse_redis_url(said).is_none() {
            return Err(CacheError::Setting(format!(
                "{:?} is no cache: it is `memory`, or an address like redis://host:6379/0 or rediss://:password@host:6380",
                model::mask::text(said)
            )));
        }
        let name = without_login(said);
        redis::Client::open(said).map_err(|error| CacheError::of(&name, &error))?;
        Ok(CacheAddress::Redis { url: said.to_owned(), name })
    }
}

/// An address without `user:password@` and what follows a `?` or `#`.
fn without_login(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    // A password may hold an `@` or a slash by mistake: all of it goes.
    let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    format!("{scheme}://{place}")
}

impl CacheAddress {
    /// How it is called in messages.
    pub fn name(&self) -> &str {
        match self {
            CacheAddress::Memory => "memory",
            CacheAddress::Redis { name, .. } => name,
        }
    }
}

impl fmt::Debug for CacheAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_shown_without_their_password() {
        let check = |said: &str, name: &str| {
            let address: CacheAddress = said.parse().unwrap();
            assert_eq!((address.name(), format!("{address:?}").as_str()), (name, name), "{said}");
        };
        check("memory", "memory");
        check("", "memory");
        check("redis://cache.example", "redis://cache.example");
        check("redis://:s3cret@cache.example:6380/2", "redis://cache.example:6380/2");
        check("rediss://user:s3c%40ret@cache.example:6380", "rediss://cache.example:6380");
        check("redis://cache.example/0?password=s3cret", "redis://cache.example/0");
        check("redis+unix:///run/redis.sock?pass=s3cret", "redis+unix:///run/redis.sock");
    }

    #[test]
    fn what_is_no_cache_is_said_without_its_password() {
        let check = |said: &str| {
            let fault = said.parse::<CacheAddress>().unwrap_err().to_string();
            assert!(!fault.contains("s3cret"), "{fault}");
        };
        check("http://u:s3cret@cache.example");
        check("redis://:s3cret@cache.example:port");
        check("redis://:s3cret@cache.example/zero");
        let fault = "reddis".parse::<CacheAddress>().unwrap_err().to_string();
        assert!(fault.contains("redis://host:6379"), "{fault}");
    }
}

//! What the address of a server says after its `?`. The driver passes over what it does not know, and whoever
//! wrote it relies on it: here each parameter is kept or refused, by its name.

use std::ops::RangeInclusive;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use url::Url;

/// What the driver keeps, beside `options[NAME]`.
const KEPT: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// What libpq knows and these values of which ask for what happens anyway.
const AS_IT_IS: [(&str, &[&str]); 6] = [
    ("client_encoding", &["utf8", "UTF8", "utf-8", "UTF-8"]),
    ("gssencmode", &["disable", "prefer"]),
    ("channel_binding", &["disable", "prefer"]),
    ("target_session_attrs", &["any"]),
    ("sslcompression", &["0"]),
    ("load_balance_hosts", &["disable"]),
];

const CONNECT_TIMEOUT: &str = "connect_timeout";
const CONNECT_SECS: RangeInclusive<u64> = 1..=3600;

/// What is wrong with a parameter of the address, for whoever wrote it.
pub(super) fn fault(address: &str) -> Option<String> {
    let url = match Url::parse(address) {
        Ok(url) => url,
        Err(error) => return Some(error.to_string()),
    };
    let named = url.query_pairs().find_map(|(name, value)| match &*name {
        CONNECT_TIMEOUT if secs(&value).is_none() => {
            Some(format!("{CONNECT_TIMEOUT}={value}: seconds between 1 and {}", CONNECT_SECS.end()))
        }
        name if name == CONNECT_TIMEOUT || is_kept(name) || is_so_anyway(name, &value) => None,
        name if AS_IT_IS.iter().any(|(known, _)| *known == name) => {
            Some(format!("{name}={value} cannot be had: leave it out of the address"))
        }
        "ssl" => Some("ssl: say sslmode=require, or verify-full".to_owned()),
        name => Some(format!("{name} means nothing here: leave it out of the address")),
    });
    named.or_else(|| {
        let error = split(address).0.parse::<PgConnectOptions>().err()?.to_string();
        // The driver says this once for each layer of its own.
        Some(error.replace("error with configuration: ", ""))
    })
}

/// The address as the driver is to have it, and how long a connection may take to come where that is said.
pub(super) fn split(address: &str) -> (String, Option<Duration>) {
    let Ok(mut url) = Url::parse(address) else { return (address.to_owned(), None) };
    if url.query().is_none() {
        return (address.to_owned(), None);
    }
    let timeout = url.query_pairs().find(|(name, _)| name == CONNECT_TIMEOUT);
    let timeout = timeout.and_then(|(_, value)| secs(&value));
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    url.query_pairs_mut().clear().extend_pairs(pairs.iter().filter(|(name, _)| is_kept(name)));
    (url.into(), timeout.map(Duration::from_secs))
}

fn is_kept(name: &str) -> bool {
    KEPT.contains(&name) || name.starts_with("options[")
}

fn is_so_anyway(name: &str, value: &str) -> bool {
    AS_IT_IS.iter().any(|(known, values)| *known == name && values.contains(&value))
}

fn secs(value: &str) -> Option<u64> {
    value.parse().ok().filter(|secs| CONNECT_SECS.contains(secs))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_kept_or_refused_by_name() {
        let check = |query: &str, expected: Option<&str>| {
            let fault = fault(&format!("postgres://me@db/events?{query}"));
            assert_eq!(fault.is_some(), expected.is_some(), "{query}: {fault:?}");
            assert!(fault.unwrap_or_default().contains(expected.unwrap_or_default()), "{query}");
        };
        check("sslmode=require&connect_timeout=3&options=-c%20geqo%3Doff", None);
        check("channel_binding=prefer&client_encoding=utf8&options[geqo]=off", None);
        check("channel_binding=require", Some("channel_binding=require cannot be had"));
        check("sslmode=require&pgbouncer=true", Some("pgbouncer means nothing here"));
        check("connect_timeout=0", Some("connect_timeout=0: seconds between"));
        check("ssl=true", Some("sslmode"));
        check("sslmode=bogus", Some("unknown value \"bogus\""));
        assert!(super::fault("postgres://me@db:99999/events").is_some());
    }

    #[test]
    fn the_driver_gets_what_it_knows() {
        let check = |address: &str, expected: &str, secs: Option<u64>| {
            assert_eq!(split(address), (expected.to_owned(), secs.map(Duration::from_secs)));
        };
        check("postgres://me@db/events", "postgres://me@db/events", None);
        let (given, left) = ("?sslmode=require&connect_timeout=3&gssencmode=prefer", "?sslmode=require");
        check(
            &format!("postgres://me:a%40b@db/e{given}"),
            &format!("postgres://me:a%40b@db/e{left}"),
            Some(3),
        );
    }
}

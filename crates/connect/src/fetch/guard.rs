//! Which addresses may be reached. Checked for literal addresses and for every answer of the name
//! look-up, on the very addresses that are then connected to, so that a name cannot change between
//! check and connection.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::FetchError;

/// Whom the guard lets through.
#[derive(Debug, Clone)]
pub(super) struct Guard {
    /// Loopback and private networks too.
    pub allow_private: bool,
    /// Host names of configured proxies: the user named them, they may be anywhere.
    pub proxies: Vec<String>,
}

impl Guard {
    /// Checks what the address itself tells: scheme, host, a literal IP address.
    pub fn check(&self, url: &Url, clean: &str) -> Result<(), FetchError> {
        let bad = |reason: String| FetchError::BadAddress { url: clean.to_owned(), reason };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(bad(format!("{}: addresses are not fetched", url.scheme())));
        }
        let address = match url.host() {
            Some(Host::Ipv4(v4)) => IpAddr::V4(v4),
            Some(Host::Ipv6(v6)) => IpAddr::V6(v6),
            Some(Host::Domain(_)) => return Ok(()),
            None => return Err(bad("it names no host".to_owned())),
        };
        match self.refusal(address) {
            None => Ok(()),
            Some(class) => Err(refused(clean, &address.to_string(), class)),
        }
    }

    /// Why `address` may not be reached; `None` when it may.
    fn refusal(&self, address: IpAddr) -> Option<&'static str> {
        match class(address) {
            Class::Public => None,
            Class::Private(_) if self.allow_private => None,
            Class::Private(name) | Class::Never(name) => Some(name),
        }
    }
}

/// The error for an address that is refused.
pub(super) fn refused(url: &str, address: &str, class: &'static str) -> FetchError {
    FetchError::Refused { url: url.to_owned(), address: address.to_owned(), class }
}

/// True for addresses of this machine itself, told from the text alone.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(v4)) => v4.is_loopback(),
        Some(Host::Ipv6(v6)) => v6.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

/// What the name look-up reports when every answer is refused; found again in the error's causes.
#[derive(Debug)]
pub(super) struct RefusedAnswer {
    pub address: IpAddr,
    pub class: &'static str,
}

impl fmt::Display for RefusedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}", self.address, self.class)
    }
}

impl std::error::Error for RefusedAnswer {}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            if guard.proxies.iter().any(|proxy| proxy.eq_ignore_ascii_case(name.as_str())) {
                return Ok(Box::new(found.into_iter()) as Addrs);
            }
            let allowed: Vec<SocketAddr> =
                found.iter().copied().filter(|a| guard.refusal(a.ip()).is_none()).collect();
            match found.first() {
                Some(first) if allowed.is_empty() => {
                    let class = guard.refusal(first.ip()).unwrap_or("refused");
                    Err(Box::new(RefusedAnswer { address: first.ip(), class }) as _)
                }
                _ => Ok(Box::new(allowed.into_iter()) as Addrs),
            }
        })
    }
}

enum Class {
    Public,
    /// May be allowed by the user.
    Private(&'static str),
    /// Never a source of listings, whatever the user allows.
    Never(&'static str),
}

fn class(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(v4) => class_v4(v4),
        IpAddr::V6(v6) => embedded_v4(v6).map_or_else(|| class_v6(v6), class_v4),
    }
}

fn class_v4(address: Ipv4Addr) -> Class {
    match address.octets() {
        [127, ..] => Class::Private("a loopback address"),
        // 100.100.100.200 and 192.0.0.192 are metadata services outside the link-local range
        [169, 254, ..] | [100, 100, 100, 200] | [192, 0, 0, _] => {
            Class::Never("a link-local or cloud metadata address")
        }
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Class::Private("a private address"),
        [100, 64..=127, ..] => Class::Private("a shared (carrier-grade NAT) address"),
        [0, ..] => Class::Never("an unspecified address"),
        [224..=239, ..] => Class::Never("a multicast address"),
        [240..=255, ..] | [192, 0, 2, _] | [198, 18..=19, ..] | [198, 51, 100, _] | [203, 0, 113, _] => {
            Class::Never("a reserved address")
        }
        _ => Class::Public,
    }
}

fn class_v6(address: Ipv6Addr) -> Class {
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Class::Never("an unspecified address"),
        [0, 0, 0, 0, 0, 0, 0, 1] => Class::Private("a loopback address"),
        [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254] => Class::Never("a link-local or cloud metadata address"),
        [0xfe80..=0xfebf, ..] => Class::Never("a link-local or cloud metadata address"),
        [0xfc00..=0xfdff, ..] | [0xfec0..=0xfeff, ..] => Class::Private("a private address"),
        [0xff00..=0xffff, ..] => Class::Never("a multicast address"),
        [0x64, 0xff9b, 1, ..] => Class::Private("a private (NAT64) address"),
        [0x2001, 0 | 0xdb8, ..] | [0x100, 0, 0, 0, ..] => Class::Never("a reserved address"),
        _ => Class::Public,
    }
}

/// The IPv4 address that an IPv6 one leads to: mapped, compatible, NAT64, 6to4.
fn embedded_v4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] => from(high, low),
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => from(high, low),
        [0x2002, high, low, ..] => from(high, low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, closed: Option<&str>, open: Option<&str>) {
        let parsed: Url = url.parse().expect("an address");
        for (allow_private, expected) in [(false, closed), (true, open)] {
            let guard = Guard { allow_private, proxies: Vec::new() };
            let class = match guard.check(&parsed, url) {
                Ok(()) => None,
                Err(FetchError::Refused { class, .. }) => Some(class),
                Err(other) => panic!("{url}: {other}"),
            };
            assert_eq!(class.map(|c| c.split(' ').nth(1).unwrap()), expected, "{url} {allow_private}");
        }
    }

    #[test]
    fn literal_addresses() {
        check("http://93.184.216.34/", None, None);
        check("http://[2606:2800:220:1::1]/", None, None);
        for loopback in ["127.0.0.1", "127.8.9.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"] {
            check(&format!("http://{loopback}/"), Some("loopback"), None);
        }
        for private in ["10.0.0.1", "172.31.255.1", "192.168.1.1", "[fd12::1]", "[64:ff9b::10.1.1.1]"] {
            check(&format!("https://{private}/"), Some("private"), None);
        }
        check("http://100.64.0.1/", Some("shared"), None);
        for never in ["169.254.169.254", "[fe80::1]", "[fd00:ec2::254]", "[::ffff:169.254.169.254]"] {
            check(&format!("http://{never}/"), Some("link-local"), Some("link-local"));
        }
        for metadata in ["100.100.100.200", "192.0.0.192", "[2002:a9fe:a9fe::1]"] {
            check(&format!("http://{metadata}/"), Some("link-local"), Some("link-local"));
        }
        check("http://0.0.0.0/", Some("unspecified"), Some("unspecified"));
        check("http://[::]/", Some("unspecified"), Some("unspecified"));
        check("http://224.0.0.251/", Some("multicast"), Some("multicast"));
        check("http://[ff02::1]/", Some("multicast"), Some("multicast"));
        check("http://172.32.0.1/", None, None);
    }

    #[test]
    fn only_http_addresses() {
        let guard = Guard { allow_private: true, proxies: Vec::new() };
        for url in ["file:///etc/passwd", "ftp://example.org/", "data:text/html,x", "gopher://example.org/"] {
            let error = guard.check(&url.parse().expect("an address"), url).unwrap_err();
            assert!(matches!(error, FetchError::BadAddress { .. }), "{error}");
        }
    }
}

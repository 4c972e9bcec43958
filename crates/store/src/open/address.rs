//! Where a store is: a SQLite file, or a schema of a database on a PostgreSQL server.

use std::fmt;
use std::path::{Path, PathBuf};

use model::ContentHash;
use sqlx::postgres::PgConnectOptions;

use super::{landing_folder, parameters};

/// Where a store is.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// A SQLite file; landed bodies go into a folder beside it.
    File(PathBuf),
    /// On a server.
    Server(Server),
}

/// A store on a PostgreSQL server. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    /// As `postgres://user:password@host:5432/database?sslmode=require`.
    pub url: String,
    /// The schema that the store has to itself.
    pub namespace: String,
    /// Where landed bodies go.
    pub landing: PathBuf,
    /// Connections of this process at most, those of scripts apart.
    pub connections: u32,
}

/// Connections of a process that is told nothing else.
const CONNECTIONS: u32 = 8;

/// The schema of a store for which no other is named.
const NAMESPACE: &str = "callboard";

impl Address {
    /// What a person wrote: an address of a server, or the path of a file. Either also as SQLAlchemy has it, with
    /// a driver (`postgresql+asyncpg://…`) and the path behind one more slash (`sqlite:///callboard.db`).
    pub fn parse(text: &str) -> Address {
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        let database = scheme.split_once('+').map_or(scheme, |(database, _)| database);
        match database {
            "postgres" | "postgresql" => Address::Server(Server {
                url: format!("{database}://{rest}"),
                namespace: NAMESPACE.to_owned(),
                landing: PathBuf::from("callboard.landing"),
                connections: CONNECTIONS,
            }),
            "sqlite" => Address::File(PathBuf::from(rest.strip_prefix('/').unwrap_or(rest))),
            _ => Address::File(PathBuf::from(text)),
        }
    }

    /// In another namespace: another schema of the server, or another file beside this one.
    pub fn in_namespace(mut self, name: &str) -> Address {
        match &mut self {
            Address::Server(server) => server.namespace = name.to_owned(),
            Address::File(path) => {
                let extension = path.extension().map_or("db".into(), |e| e.to_string_lossy().into_owned());
                path.set_extension(format!("{name}.{extension}"));
            }
        }
        self
    }

    /// As people may see it.
    pub(crate) fn shown(&self) -> PathBuf {
        match self {
            Address::File(path) => path.clone(),
            Address::Server(server) => server.shown().into(),
        }
    }

    /// All of it, the password included: for programs that are to open the same store.
    pub fn written(&self) -> String {
        match self {
            Address::File(path) => path.display().to_string(),
            Address::Server(server) => server.url.clone(),
        }
    }

    /// The password of the server, as it is written in the address.
    pub fn password(&self) -> Option<&str> {
        let Address::Server(server) = self else { return None };
        let (_, rest) = server.url.split_once("://")?;
        let (login, _) = rest.split(['/', '?']).next()?.rsplit_once('@')?;
        login.split_once(':').map(|(_, password)| password).filter(|password| !password.is_empty())
    }

    /// What is wrong with it as it is written, where that can be told without asking a server.
    pub fn fault(&self) -> Option<String> {
        match self {
            Address::File(_) => None,
            Address::Server(server) => parameters::fault(&server.url),
        }
    }

    /// The namespace on a server.
    pub fn namespace(&self) -> Option<&str> {
        match self {
            Address::File(_) => None,
            Address::Server(server) => Some(&server.namespace),
        }
    }

    /// As people may see it.
    pub fn display(&self) -> String {
        self.shown().display().to_string()
    }

    pub(crate) fn landing_folder(&self) -> PathBuf {
        match self {
            Address::File(path) => landing_folder(path),
            Address::Server(server) => server.landing.clone(),
        }
    }
}

impl Server {
    fn shown(&self) -> String {
        let Ok(options) = parameters::split(&self.url).0.parse::<PgConnectOptions>() else {
            return "postgres://…".to_owned();
        };
        let database = options.get_database().unwrap_or(options.get_username());
        format!(
            "postgres://{}@{}:{}/{database}",
            options.get_username(),
            options.get_host(),
            options.get_port()
        )
    }

    /// The number by which writers of this namespace take turns, and no others.
    pub(crate) fn turn(&self) -> i64 {
        ContentHash::of(format!("callboard {}", self.namespace).as_bytes()).short()
    }
}

impl From<&Path> for Address {
    fn from(path: &Path) -> Address {
        Address::File(path.to_owned())
    }
}

impl From<&PathBuf> for Address {
    fn from(path: &PathBuf) -> Address {
        Address::File(path.clone())
    }
}

impl From<PathBuf> for Address {
    fn from(path: PathBuf) -> Address {
        Address::File(path)
    }
}

impl From<&Address> for Address {
    fn from(address: &Address) -> Address {
        address.clone()
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display())
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let check = |text: &str, shown: &str| {
            assert_eq!(Address::parse(text).display(), shown);
            assert_eq!(format!("{:?}", Address::parse(text)), shown);
        };
        check("callboard.db", "callboard.db");
        check("postgres://me:secret@db:5433/events", "postgres://me@db:5433/events");
        check("postgresql://me:secret@db/events?sslmode=require", "postgres://me@db:5432/events");
        let password = |text: &str| Address::parse(text).password().map(str::to_owned);
        assert_eq!(password("postgresql://me:se%40cret@db/events?x=a:b@c").as_deref(), Some("se%40cret"));
        assert_eq!(password("postgres://me@db/events").or_else(|| password("callboard.db")), None);
    }

    #[test]
    fn a_namespace_is_a_file_of_its_own() {
        let check = |text: &str, shown: &str| {
            assert_eq!(Address::parse(text).in_namespace("eu").display(), shown);
        };
        check("callboard.db", "callboard.eu.db");
        check("data/listings", "data/listings.eu.db");
    }

    #[test]
    fn addresses_of_either_make() {
        for (text, expected) in [
            ("x.db", "x.db"),
            ("sqlite:///x.db", "x.db"),
            ("sqlite:////var/x.db", "/var/x.db"),
            ("sqlite://x.db", "x.db"),
            ("postgresql://u@h/d", "postgresql://u@h/d"),
            ("postgresql+asyncpg://u@h/d", "postgresql://u@h/d"),
        ] {
            assert_eq!(Address::parse(text).written(), expected);
        }
    }
}

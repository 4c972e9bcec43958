//! What can be wrong with a cache, by what to do about it. None of it is ever a reason for a run to fail.

/// Why a cache did not answer. Cheap to clone: while a cache rests, the last reason is told again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// The setting cannot be meant as it stands.
    #[error("{0}")]
    Setting(String),
    /// Nobody there, or too slow.
    #[error("the cache {name} does not answer: {reason}; check that it runs and can be reached from here")]
    Unreachable {
        /// Its address, without its password.
        name: String,
        /// What went wrong.
        reason: String,
    },
    /// Nobody vouches for it.
    #[error(
        "the cache {name} is not trusted: {reason}; add the certificate of its authority to the system's, or \
         name its file in SSL_CERT_FILE"
    )]
    Untrusted {
        /// Its address, without its password.
        name: String,
        /// What is wrong with its certificate.
        reason: String,
    },
    /// It wants another login.
    #[error("the cache {name} refuses the login: {reason}; check user and password in the setting `cache`")]
    Login {
        /// Its address, without its password.
        name: String,
        /// What it says.
        reason: String,
    },
    /// It takes no more.
    #[error(
        "the cache {name} is full: {reason}; give it more memory (maxmemory), or let it drop what runs out \
         soonest (maxmemory-policy volatile-ttl)"
    )]
    Full {
        /// Its address, without its password.
        name: String,
        /// What it says.
        reason: String,
    },
    /// It answers that it cannot.
    #[error("the cache {name} failed: {reason}")]
    Failed {
        /// Its address, without its password.
        name: String,
        /// What it says.
        reason: String,
    },
}

impl CacheError {
    /// The class of what the client says.
    pub(super) fn of(name: &str, error: &redis::RedisError) -> CacheError {
        let (name, reason) = (name.to_owned(), reason(error));
        match error.code() {
            Some("NOAUTH" | "WRONGPASS" | "NOPERM") => return CacheError::Login { name, reason },
            Some("OOM") => return CacheError::Full { name, reason },
            Some("LOADING" | "MASTERDOWN" | "BUSY") => return CacheError::Unreachable { name, reason },
            _ => {}
        }
        if reason.contains("certificate") {
            return CacheError::Untrusted { name, reason };
        }
        match error.kind() {
            redis::ErrorKind::AuthenticationFailed => CacheError::Login { name, reason },
            redis::ErrorKind::InvalidClientConfig => CacheError::Setting(format!("{name}: {reason}")),
            _ if error.is_io_error() || error.is_connection_dropped() => {
                CacheError::Unreachable { name, reason }
            }
            _ => CacheError::Failed { name, reason },
        }
    }
}

fn reason(error: &redis::RedisError) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let said = error.to_string();
    model::mask::text(said.trim().trim_end_matches('.')).into_owned()
}

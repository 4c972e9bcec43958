//! Signatures of webhooks: the hexadecimal HMAC-SHA256 of the body as it came, compared in a time that does
//! not depend on where they differ.

use ring::hmac::{HMAC_SHA256, Key, verify};

/// Whether `signature` is that of `body` under `secret`.
pub(crate) fn fits(secret: &str, body: &[u8], signature: &str) -> bool {
    let Some(tag) = bytes_of(signature.trim()) else { return false };
    verify(&Key::new(HMAC_SHA256, secret.as_bytes()), body, &tag).is_ok()
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 || !hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    (0..32).map(|at| u8::from_str_radix(hex.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The second test case of RFC 4231.
    const KNOWN: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn a_signature_fits_its_body_and_secret_alone() {
        let body = b"what do ya want for nothing?";
        assert!(fits("Jefe", body, KNOWN));
        assert!(fits("Jefe", body, &KNOWN.to_uppercase()));
        assert!(!fits("Jefe", b"what do ya want for something?", KNOWN));
        assert!(!fits("Jeff", body, KNOWN));
        assert!(!fits("Jefe", body, &KNOWN[..62]));
        assert!(!fits("Jefe", body, &KNOWN.replace('5', "g")));
        assert!(!fits("Jefe", body, ""));
    }
}

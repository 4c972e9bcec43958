//! A server whose certificate nobody vouches for is not spoken to.

use std::io::Write;
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use super::*;

/// Self-signed for `localhost` and 127.0.0.1, made for this test alone; DER in hexadecimal.
const CERTIFICATE: &str = "\
    3082019b30820141a00302010202143637604ee1941a4ad119b7a892efded5f5c367e8300a06082a8648ce3d04030230\
    143112301006035504030c096c6f63616c686f73743020170d3236313132323034303234385a180f3231323631303239\
    3034303234385a30143112301006035504030c096c6f63616c686f73743059301306072a8648ce3d020106082a8648ce\
    3d03010703420004e4627ba74db6df433a20a1734af38ea7d2c6c28ea0c41f471c34ff755055a366de63592d91f86f43\
    a55a7adf42756de47f141b6d2fae86ff9bc32f5c8e5862e1a36f306d301d0603551d0e04160414ce8a2e3228a0822caa\
    7385cd605817e71aa5e1e6301f0603551d23041830168014ce8a2e3228a0822caa7385cd605817e71aa5e1e6300f0603\
    551d130101ff040530030101ff301a0603551d110413301182096c6f63616c686f737487047f000001300a06082a8648\
    ce3d0403020348003045022100b5ace4a5e4056bac1c651ab345ea5c88d11c78b3f722d3298ff2657ec5f1ef2e02205e\
    f96f5aeca2b03572eb61fd8ce083294308cc23b41e97fe89301cbd2e127892";
/// Its key: protects nothing.
const KEY: &str = "\
    308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b0201010420af4eaac3cebe2e0538a37fe5\
    e23fc0cf9201c55a3a2db0dfd915667adff22ad7a14403420004e4627ba74db6df433a20a1734af38ea7d2c6c28ea0c4\
    1f471c34ff755055a366de63592d91f86f43a55a7adf42756de47f141b6d2fae86ff9bc32f5c8e5862e1";

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks(2);
    digits
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex"))
        .collect()
}

#[tokio::test]
async fn an_untrusted_certificate_ends_it() {
    let fetcher = fetcher();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(bytes(KEY)));
    let certificates = vec![CertificateDer::from(bytes(CERTIFICATE))];
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(certificates, key);
    let config = Arc::new(config.expect("a certificate with its key"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://{}/", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut connection = ServerConnection::new(config.clone()).expect("a connection");
            let mut tls = Stream::new(&mut connection, &mut stream);
            let _ = tls.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged");
        }
    });
    let error = body(&fetcher, &url, &plain()).await.expect_err("an error");
    assert!(matches!(error, FetchError::Tls { .. }), "{error}");
    assert!(!error.retry_later() && error.to_string().contains("certificate"), "{error}");
}

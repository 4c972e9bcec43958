//! One HTTP POST to this machine. The sandbox speaks to nobody else, so it needs no client.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(30);
/// As much of an answer as is looked at.
const MOST_READ: u64 = 64 * 1024;

/// Posts `body` to `http://127.0.0.1:PORT/PATH`; gives the status of the answer.
pub(crate) async fn post(url: &str, body: &str, signature: &str) -> io::Result<u16> {
    let (host, path) = split(url)?;
    let request = format!(
        "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n\
         x-vivenu-signature: {signature}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = timeout(PATIENCE, exchange(host, &request)).await;
    let answer =
        answer.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, format!("{url} does not answer")))??;
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    status.ok_or_else(|| malformed(format!("{url} does not answer in HTTP")))
}

fn split(url: &str) -> io::Result<(&str, &str)> {
    let rest = url.strip_prefix("http://").filter(|rest| rest.starts_with("127.0.0.1:"));
    let rest = rest.ok_or_else(|| malformed(format!("{url} is not http://127.0.0.1:PORT/PATH")))?;
    Ok(rest.split_once('/').unwrap_or((rest, "")))
}

pub(crate) async fn exchange(host: &str, request: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(MOST_READ).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn malformed(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, message)
}

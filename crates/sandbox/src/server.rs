//! What every upstream needs of a server: a free port until the sandbox is dropped, JSON answers, and
//! answers that break off.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::stream;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Short sections only; a panic in one leaves the world as it was.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves on a free port of 127.0.0.1 until the sender of `stop` is dropped.
pub(crate) async fn listen(router: Router, mut stop: watch::Receiver<()>) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let stopped = async move {
        // nothing is ever sent: the error of the dropped sender is the signal
        let _ = stop.changed().await;
    };
    tokio::spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await });
    Ok(address)
}

pub(crate) fn json(status: u16, body: &serde_json::Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(body)).into_response()
}

/// How much of an answer is sent before the connection closes.
#[derive(Clone, Copy)]
pub(crate) enum CutAt {
    Middle,
    End,
}

/// The good answer, with more bytes declared than are sent.
pub(crate) async fn broken_off(good: Response, cut: CutAt) -> Response {
    let (mut parts, body) = good.into_parts();
    let Ok(body) = axum::body::to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let (declared, sent) = match cut {
        CutAt::Middle => (body.len() + 1, body.slice(..body.len() / 2)),
        CutAt::End => (body.len() + 100, body),
    };
    parts.headers.insert(header::CONTENT_LENGTH, declared.into());
    let cut = io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the sandbox");
    let pieces: [Result<Bytes, io::Error>; 2] = [Ok(sent), Err(cut)];
    Response::from_parts(parts, Body::from_stream(stream::iter(pieces)))
}

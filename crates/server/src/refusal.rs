//! Why a request is refused, and with which status: assigned here and nowhere else.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request is refused.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// There is nothing of this name here.
    Unknown(String),
    /// It does not prove who sends it.
    Unsigned(&'static str),
    /// It is longer than is taken.
    TooLong(usize),
    /// It did not come in time, or not whole.
    Unfinished,
    /// It cannot be read.
    Malformed(String),
    /// Too many at once: worth sending again.
    Busy,
    /// It could not be kept: worth sending again.
    NotKept(String),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Refusal::Unknown(_) => StatusCode::NOT_FOUND,
            Refusal::Unsigned(_) => StatusCode::UNAUTHORIZED,
            Refusal::TooLong(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Unfinished => StatusCode::REQUEST_TIMEOUT,
            Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
            Refusal::Busy | Refusal::NotKept(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    fn message(&self) -> String {
        match self {
            Refusal::Unknown(what) => format!("there is no {what} here"),
            Refusal::Unsigned(why) => (*why).to_owned(),
            Refusal::TooLong(most) => format!("longer than {most} bytes"),
            Refusal::Unfinished => "the body did not come whole in time".to_owned(),
            Refusal::Malformed(why) => why.clone(),
            Refusal::Busy => "too many at once; send it again".to_owned(),
            // Why is in the log: it may tell of what is inside.
            Refusal::NotKept(_) => "it could not be kept; send it again".to_owned(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match &self {
            Refusal::NotKept(error) => tracing::error!(%error, "a webhook could not be kept"),
            refusal => tracing::warn!(refusal = %refusal.message(), "a webhook was refused"),
        }
        (self.status(), Json(json!({"error": self.message()}))).into_response()
    }
}

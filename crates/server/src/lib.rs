//! What callboard answers over HTTP. For now that is webhooks: what sources tell by themselves is taken by
//! the same way as what is fetched from them.
//!
//! Statuses are assigned in [`refusal`] alone; nothing here knows how anything is kept.
#![warn(missing_docs)]

mod refusal;
mod signature;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::routing::post;
use engine::run::World;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Webhooks that are taken at once; more are told to come again.
const AT_ONCE: usize = 64;

/// What all requests have in common.
#[derive(Clone)]
struct Shared {
    world: Arc<World>,
    places: Arc<Semaphore>,
}

/// Answers at `listener` until `stop` is done; what is in hand then is ended.
pub async fn serve(
    listener: TcpListener,
    world: Arc<World>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(world)).with_graceful_shutdown(stop).await
}

/// Everything that is answered.
pub fn router(world: Arc<World>) -> Router {
    let shared = Shared { world, places: Arc::new(Semaphore::new(AT_ONCE)) };
    Router::new().route("/webhooks/vivenu/{region}", post(webhooks::take)).with_state(shared)
}

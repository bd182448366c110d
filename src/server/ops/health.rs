//! The readiness probe and the metrics listener. Used by `router` and `main`.

use axum::{
    Router,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use crate::server::{db::Db, mail, metrics, state::AppState};

/// `/readyz`: 503 while the server stops or the database does not answer.
pub async fn ready(State(state): State<AppState>) -> Response {
    if *state.draining.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping").into_response();
    }
    match state.db.ping().await {
        Ok(()) => "ready".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer").into_response(),
    }
}

/// Binds `address` (port 0 picks a free port) and serves `GET /metrics` until the process ends, also during shutdown.
/// Returns the bound address.
pub fn serve_metrics(state: AppState, address: SocketAddr) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let router = Router::new().route("/metrics", get(scrape)).with_state(state);
    tokio::spawn(axum::serve(listener, router).into_future());
    Ok(address)
}

async fn scrape(State(state): State<AppState>) -> Response {
    measure(&state).await;
    match metrics::text() {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Reads the gauges, which are not counted as events happen.
async fn measure(state: &AppState) {
    metrics::hash_queue(state.passwords.waiting());
    mail::measure(&state.db).await;
    match &state.db {
        Db::Sqlite(sqlite) => {
            measure_pool("read", &sqlite.read);
            measure_pool("write", &sqlite.write);
        }
        Db::Postgres(postgres) => measure_pool("postgres", postgres),
    }
}

fn measure_pool<D: sqlx::Database>(name: &'static str, pool: &sqlx::Pool<D>) {
    let open = i64::from(pool.size());
    let idle = i64::try_from(pool.num_idle()).unwrap_or(open).min(open);
    metrics::connections(name, idle, open - idle);
}

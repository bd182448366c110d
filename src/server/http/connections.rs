//! Wraps each accepted connection with its place in the table (`connection_table`) and its timeouts (`timed_stream`).
//! Called by `serve`, and by `router` for each request.

use axum::{
    body::Body,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use axum_server::accept::Accept;
use http_body_util::BodyExt;
use std::{
    future::{Ready, ready},
    io,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    time::Duration,
};
use tokio::net::TcpStream;
use tower::Service;

use super::{connection_table::Connection, timed_stream::TimedStream};

pub use super::connection_table::{Connections, Limits};

/// The paths that a health connection may request.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];
/// Stall timeout and maximum lifetime of a health connection.
const STALL_FOR_HEALTH: Duration = Duration::from_secs(1);

impl<S> Accept<TcpStream, S> for Connections {
    type Stream = TimedStream;
    type Service = WithConnection<S>;
    type Future = Ready<io::Result<(TimedStream, WithConnection<S>)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        // Disable Nagle's algorithm: small writes would wait 40 ms for the client's delayed ACK.
        let peer = stream.set_nodelay(true).and_then(|()| stream.peer_addr());
        ready(peer.and_then(|peer| self.admit(peer.ip().to_canonical())).map(|place| {
            let connection = place.connection.clone();
            let stall = if connection.only_health { STALL_FOR_HEALTH } else { self.limits().stall };
            let deadline = connection.only_health.then_some(STALL_FOR_HEALTH);
            (TimedStream::new(stream, place, stall, deadline), WithConnection { service, connection })
        }))
    }
}

/// A service that puts its [`Connection`] into each request.
#[derive(Clone)]
pub struct WithConnection<S> {
    service: S,
    connection: Arc<Connection>,
}

impl<S, B> Service<axum::http::Request<B>> for WithConnection<S>
where
    S: Service<axum::http::Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.service.poll_ready(cx)
    }

    fn call(&mut self, mut request: axum::http::Request<B>) -> S::Future {
        request.extensions_mut().insert(self.connection.clone());
        self.service.call(request)
    }
}

/// Middleware that marks the connection busy until the answer is sent. Connections beyond the limit get answers to
/// health checks only.
pub async fn note(request: Request, next: Next) -> Response {
    let Some(connection) = request.extensions().get::<Arc<Connection>>().cloned() else {
        return next.run(request).await;
    };
    connection.busy.fetch_add(1, Ordering::AcqRel);
    let busy = Busy(connection);
    if !busy.0.only_health {
        // The body holds `busy` until it is sent. This wrapper preserves the body's length.
        return next.run(request).await.map(|body| {
            Body::new(body.map_err(move |error| {
                let _held = &busy;
                error
            }))
        });
    }
    let mut response = match HEALTH.contains(&request.uri().path()) {
        true => next.run(request).await,
        false => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "2")]).into_response(),
    };
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

struct Busy(Arc<Connection>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

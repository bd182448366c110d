//! The event stream (HTML, "Server-sent events") that tells open tabs when their session ends. One per browser:
//! `auth::browser::tabs` shares it between the tabs. Routed by `server::http::router`.

use axum::{
    Extension,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures_util::stream;
use std::{convert::Infallible, time::Duration};
use tokio::sync::{broadcast, watch};

use super::{
    cache::Invalidation,
    status::{self, Refused, Replaced},
    streams::StreamPlace,
};
use crate::{auth::server::caller::Caller, server::state::AppState};

/// The path of the stream.
pub const PATH: &str = "/api/auth/events";
/// The interval of heartbeats, below the minute after which proxies close idle connections. Each heartbeat also checks
/// the session, so that expiry ends the stream too.
const HEARTBEAT: Duration = Duration::from_secs(25);
/// How soon a browser reconnects.
const RECONNECT: Duration = Duration::from_secs(2);

/// Streams heartbeat comments, and an `ended` event when the caller's session ends (at once if there is none). The
/// stream closes when the server stops or the session is replaced; the browser then reconnects.
pub async fn events(
    State(state): State<AppState>,
    caller: Option<Extension<Caller>>,
    replaced: Option<Extension<Replaced>>,
) -> Response {
    let mut response = match caller {
        Some(Extension(caller)) => {
            let watcher = Watcher {
                // Before the session is first checked, so that no later invalidation is missed.
                changes: state.session_cache.subscribe(),
                stopping: state.draining.subscribe(),
                place: state.streams.open(caller.user_id, caller.session),
                state,
                caller,
                next: Next::Open,
            };
            Sse::new(stream::unfold(watcher, Watcher::step)).into_response()
        }
        // Not 401, which the page couldn't read and the browser would log as an error.
        None => {
            let event = if replaced.is_some() { opening() } else { ended() };
            Sse::new(stream::iter([Ok::<_, Infallible>(event)])).into_response()
        }
    };
    // axum sets only `no-cache`.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    // Otherwise nginx buffers the response.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

fn ended() -> Event {
    // Browsers drop events without data.
    Event::default().event("ended").data("-")
}

fn opening() -> Event {
    Event::default().retry(RECONNECT).comment("open")
}

struct Watcher {
    state: AppState,
    caller: Caller,
    changes: broadcast::Receiver<Invalidation>,
    stopping: watch::Receiver<bool>,
    place: StreamPlace,
    next: Next,
}

enum Next {
    Open,
    Wait,
    Close,
}

impl Watcher {
    async fn step(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        let heartbeat = match self.next {
            Next::Open => opening(),
            Next::Wait => {
                if !self.wait().await {
                    return None;
                }
                Event::default().comment("open")
            }
            Next::Close => return None,
        };
        let event = match status::revalidate(&self.state, &self.caller).await {
            Err(Refused::Ended | Refused::TokenReused | Refused::Changed) => {
                self.next = Next::Close;
                ended()
            }
            Err(Refused::Replaced) => return None,
            // A database that is down does not end the session.
            Ok(()) | Err(Refused::Unavailable) => {
                self.next = Next::Wait;
                heartbeat
            }
        };
        Some((Ok(event), self))
    }

    /// Waits until the session has to be checked again. Returns `false` when the stream has to close.
    async fn wait(&mut self) -> bool {
        let heartbeat = tokio::time::sleep(HEARTBEAT);
        tokio::pin!(heartbeat);
        loop {
            tokio::select! {
                biased;
                _ = self.stopping.wait_for(|stopping| *stopping) => return false,
                () = self.place.is_needed() => return false,
                change = self.changes.recv() => match change {
                    Ok(change) if !change.concerns(&self.caller.session, self.caller.user_id) => {}
                    Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return true,
                    Err(broadcast::error::RecvError::Closed) => return false,
                },
                () = &mut heartbeat => return true,
            }
        }
    }
}

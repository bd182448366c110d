//! The stream of server-sent events (HTML, "Server-sent events") by which open tabs learn that their session is over.
//! One a browser: `auth::browser::tabs` shares it between the tabs. Routed by `server::http::router`.

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

/// Where the stream is.
pub const PATH: &str = "/api/auth/events";
/// Between two signs of life, below the minute after which proxies give up on a silent answer. At each the session is
/// looked at, so that its limits end the stream too.
const HEARTBEAT: Duration = Duration::from_secs(25);
/// How soon a browser comes back after the connection broke, or a node stopped.
const RECONNECT: Duration = Duration::from_secs(2);

/// An `ended` event when the caller's session is over (at once, where there is none), and comments in between. Ends when
/// the server stops, and when the browser was given another session: it comes back with that one.
pub async fn events(
    State(state): State<AppState>,
    caller: Option<Extension<Caller>>,
    replaced: Option<Extension<Replaced>>,
) -> Response {
    let mut response = match caller {
        Some(Extension(caller)) => {
            let watcher = Watcher {
                // Before the first look at the session: what ends it after that look is heard.
                changes: state.session_cache.subscribe(),
                stopping: state.draining.subscribe(),
                place: state.streams.open(caller.user_id, caller.session),
                state,
                caller,
                next: Next::Open,
            };
            Sse::new(stream::unfold(watcher, Watcher::step)).into_response()
        }
        // Not a 401: browsers tell a page no status, and people's consoles of an error.
        None => {
            let event = if replaced.is_some() { opening() } else { ended() };
            Sse::new(stream::iter([Ok::<_, Infallible>(event)])).into_response()
        }
    };
    // Personal, where axum says no more than no-cache.
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    // nginx collects answers before it passes them on, unless told not to.
    response.headers_mut().insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

fn ended() -> Event {
    // Without data browsers drop the event.
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
        let greeting = match self.next {
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
            // A database that does not answer ends nothing.
            Ok(()) | Err(Refused::Unavailable) => {
                self.next = Next::Wait;
                greeting
            }
        };
        Some((Ok(event), self))
    }

    /// Until the session is to be looked at again; `false` when the server stops, or a newer stream takes the place.
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

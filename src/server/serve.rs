//! Starts and stops the server, and runs its periodic tasks. Called by `main` and by tests.

use axum::Router;
use axum_server::Handle;
use chrono::{DateTime, TimeDelta, Utc};
use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinHandle;

use super::{
    http::{
        assets::Assets,
        connections::{Connections, Limits},
        router::router,
    },
    mail,
    ops::{audit, rate_limit},
    state::AppState,
};
use crate::auth::server::{email_code, session, session::listener, users};

/// Time limit for a request's head. RFC 9112 sets none; a slower client is stuck or hostile.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// Limit for a request's head, in bytes. Browsers send far less here.
const MAX_HEAD: usize = 32 * 1024;
/// Interval between deletions of expired rows.
const CLEANING: Duration = Duration::from_secs(60 * 60);
/// Interval between deletions of expired rate limits and checks of the clock.
const CLEANING_OFTEN: Duration = Duration::from_secs(60);
/// Tolerated difference between the two clocks in that interval, for drift and a busy machine.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::seconds(5);
/// Minimum interval between log lines about connections that could not be accepted.
const ACCEPT_ERRORS_EVERY: Duration = Duration::from_secs(10);
static LAST_ACCEPT_ERROR: Mutex<Option<Instant>> = Mutex::new(None);

/// A running server.
pub struct Server {
    pub address: SocketAddr,
    handle: Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
    state: AppState,
}

/// Binds `address` (port 0 picks a free port) and serves until [`Server::stop`].
pub fn start(state: AppState, assets: Assets, address: SocketAddr) -> io::Result<Server> {
    let limits = Limits::of_process(&state.config);
    start_with(router(state.clone(), assets), state, address, limits)
}

/// Starts a server with the given routes and limits, for benchmarks and tests.
pub fn start_with(routes: Router, state: AppState, address: SocketAddr, limits: Limits) -> io::Result<Server> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(Connections::new(limits, state.config.trusted_proxies.clone()))
        // TLS, and therefore HTTP/2, ends at the proxy. Browsers don't speak HTTP/2 without TLS.
        .http1_only()
        .first_request_timeout(HEADER_TIMEOUT)
        .accept_error_handler(|peer, error| {
            let now = Instant::now();
            let mut last = LAST_ACCEPT_ERROR.lock().unwrap_or_else(PoisonError::into_inner);
            if last.is_none_or(|last| now - last >= ACCEPT_ERRORS_EVERY) {
                *last = Some(now);
                tracing::warn!(%error, peer = peer.map(tracing::field::display), "a connection was not accepted");
            }
        })
        .handle(handle.clone());
    server.http_builder().http1().header_read_timeout(HEADER_TIMEOUT).max_buf_size(MAX_HEAD);
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    let task = tokio::spawn(server.serve(service));
    tokio::spawn(clean(state.clone()));
    tokio::spawn(clean_often(state.clone()));
    tokio::spawn(listener::listen(state.clone()));
    mail::start(&state);
    Ok(Server { address, handle, task, state })
}

impl Server {
    /// Accepts no new connections, waits for what is in progress (requests until the deadline), then closes the database.
    pub async fn stop(self) -> io::Result<()> {
        self.state.draining.send_replace(true);
        self.handle.graceful_shutdown(Some(self.state.config.server.shutdown_deadline));
        let outcome = self.task.await.map_err(io::Error::other)?;
        mail::finish(&self.state).await;
        self.state.db.close().await;
        outcome
    }
}

/// Deletes expired rows periodically, and checks which older password hashes remain.
async fn clean(state: AppState) {
    let mut timer = tokio::time::interval(CLEANING);
    loop {
        timer.tick().await;
        if *state.draining.borrow() {
            return;
        }
        if let Ok(older) = users::store::find_older_hash(&state.db, &state.passwords.prefix()).await {
            state.passwords.equalize_with(older.as_deref());
        }
        if let Ok(now) = state.db.now().await {
            for (rows, deleted) in [
                ("throttles", rate_limit::forget(&state.db, now).await),
                ("sessions", session::store::forget_sessions(&state.db, now).await),
                ("mails", mail::forget(&state.db, now).await),
                ("codes", email_code::store::forget_codes(&state.db, now).await),
                ("accounts", users::owner_store::erase_due(&state.db, now).await),
                ("events", audit::forget(&state.db, now).await),
            ] {
                if let Ok(count) = deleted {
                    tracing::debug!(rows, count, "deleted expired rows");
                } else {
                    tracing::warn!(rows, "expired rows could not all be deleted: the next run tries again");
                }
            }
        }
    }
}

/// Deletes expired rate limits, because anonymous requests create them. Logs a clock that was set, because limits and
/// ages depend on it.
async fn clean_often(state: AppState) {
    let mut timer = tokio::time::interval(CLEANING_OFTEN);
    let mut before: Option<(Instant, DateTime<Utc>)> = None;
    loop {
        timer.tick().await;
        if *state.draining.borrow() {
            return;
        }
        let Ok(now) = state.db.now().await else {
            continue;
        };
        if let Some(step) = before.and_then(|before| clock_step(before, (Instant::now(), now))) {
            tracing::warn!(
                seconds = step.num_seconds(),
                "the clock was set: sessions, codes and rate limits last that much longer or shorter"
            );
        }
        before = Some((Instant::now(), now));
        if rate_limit::forget(&state.db, now).await.is_err() {
            tracing::warn!("expired rate limits could not be deleted: the next run tries again");
        }
    }
}

/// Returns by how much the clock was set between two checks, if the difference exceeds the tolerance.
fn clock_step(before: (Instant, DateTime<Utc>), after: (Instant, DateTime<Utc>)) -> Option<TimeDelta> {
    let passed = TimeDelta::from_std(after.0 - before.0).ok()?;
    let step = after.1 - before.1 - passed;
    (step.abs() > CLOCK_TOLERANCE).then_some(step)
}

/// Registers handlers for SIGTERM and Ctrl-C now. The returned future completes with the first signal.
pub fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_of_the_clock_is_told_from_time_that_passed() {
        let (then, at) = (Instant::now(), DateTime::UNIX_EPOCH);
        let after = |passed: u64, shown: i64| {
            clock_step((then, at), (then + Duration::from_secs(passed), at + TimeDelta::seconds(shown)))
        };
        assert_eq!(after(60, 60), None);
        assert_eq!(after(60, 64), None);
        assert_eq!(after(60, -3540), Some(TimeDelta::hours(-1)));
        assert_eq!(after(60, 3660), Some(TimeDelta::hours(1)));
    }
}

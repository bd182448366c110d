//! The process-wide registry of metrics, in Prometheus' text format (OpenMetrics 1.0). `ops::health` serves it.
//! docs/operations.md explains each metric and when to act on it.
//!
//! Label values come from fixed lists and from the app's routes, so requests can't create series and no personal data
//! is exported.

use axum::{
    extract::{MatchedPath, Request},
    http::{Method, header},
    response::Response,
};
use prometheus_client::{
    encoding::text::encode,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};
use std::{fmt, sync::LazyLock, time::Duration};

use crate::{brand::SLUG, error::AppError};

/// The media type of [`text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The outcomes of a refresh: the rows of the decision table, and two refusals before it.
const REFRESHES: [&str; 9] =
    ["keep", "rotate", "resend_in_flight", "resend", "access_only", "replayed", "ahead", "refused", "unavailable"];
const FORMS: [&str; 7] = ["ok", "refused", "invalid", "throttled", "busy", "unavailable", "error"];
const ENDS: [&str; 10] = [
    "logged_out",
    "replaced",
    "replayed",
    "ahead",
    "role_changed",
    "password_changed",
    "email_changed",
    "leaving",
    "revoked",
    "too_many",
];
const MAILS: [&str; 4] = ["sent", "failed", "given_up", "expired"];
const BREACH_CHECKS: [&str; 3] = ["clear", "breached", "unavailable"];
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

type Label = [(&'static str, &'static str); 1];
type Pages = Family<[(&'static str, String); 1], Histogram, fn() -> Histogram>;

struct Metrics {
    registry: Registry,
    refreshes: Family<Label, Counter>,
    log_ins: Family<Label, Counter>,
    sign_ups: Family<Label, Counter>,
    sessions_ended: Family<Label, Counter>,
    breach_checks: Family<Label, Counter>,
    requests: Family<Label, Counter>,
    pages: Pages,
    hash_wait: Histogram,
    hash_queue: Gauge,
    database_wait: Histogram,
    connections: Family<[(&'static str, &'static str); 2], Gauge>,
    mails: Family<Label, Counter>,
    outbox: Gauge,
    lost_log_lines: Counter,
}

static METRICS: LazyLock<Metrics> = LazyLock::new(|| {
    let mut registry = Registry::with_prefix(SLUG);
    let mut family = |name, help, label, values: &[&'static str]| {
        let family = Family::<Label, Counter>::default();
        // Start at 0: a counter that first appears with a value of 1 has no rate for that event.
        for value in values {
            drop(family.get_or_create(&[(label, *value)]));
        }
        registry.register(name, help, family.clone());
        family
    };
    let refreshes = family("refreshes", "Refresh tokens presented, by what was decided", "outcome", &REFRESHES);
    let log_ins = family("log_ins", "Log-ins tried", "outcome", &FORMS);
    let sign_ups = family("sign_ups", "Sign-ups tried", "outcome", &FORMS);
    let sessions_ended = family("sessions_ended", "Sessions ended before their time", "reason", &ENDS);
    let breach_checks = family("breach_checks", "New passwords looked up in breaches", "outcome", &BREACH_CHECKS);
    let requests = family("http_requests", "Requests answered, by class of status", "class", &CLASSES);
    let mails = family("mails", "Mails taken out of the outbox, by what became of them", "outcome", &MAILS);
    let pages = Pages::new_with_constructor(|| Histogram::new(buckets()));
    let (hash_wait, hash_queue) = (Histogram::new(buckets()), Gauge::default());
    let (connections, database_wait) = (Family::default(), Histogram::new(buckets()));
    let outbox = Gauge::default();
    let seconds = Unit::Seconds;
    registry.register_with_unit("page", "A page's time, to its answer's head", seconds.clone(), pages.clone());
    registry.register_with_unit("hash_wait", "Wait for a turn to hash a password", seconds.clone(), hash_wait.clone());
    registry.register("hash_queue", "Requests that wait for a turn to hash a password", hash_queue.clone());
    registry.register_with_unit("database_wait", "Wait for a connection", seconds, database_wait.clone());
    registry.register("database_connections", "Open connections, by pool and state", Family::clone(&connections));
    registry.register("outbox_mails", "Mails that are still to leave", outbox.clone());
    let lost_log_lines = Counter::default();
    registry.register("log_lines_lost", "Lines of the log that could not be written", lost_log_lines.clone());
    Metrics {
        registry,
        refreshes,
        log_ins,
        sign_ups,
        sessions_ended,
        breach_checks,
        requests,
        pages,
        hash_wait,
        hash_queue,
        database_wait,
        connections,
        mails,
        outbox,
        lost_log_lines,
    }
});

/// Upper bounds in seconds, from a page without queries to the longest allowed request.
fn buckets() -> [f64; 12] {
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 15.0]
}

/// Counts the outcome of a refresh.
pub fn refresh(outcome: &'static str) {
    METRICS.refreshes.get_or_create(&[("outcome", outcome)]).inc();
}

/// Counts a log-in by outcome and returns the outcome.
pub fn log_in<T>(outcome: Result<T, AppError>) -> Result<T, AppError> {
    METRICS.log_ins.get_or_create(&[("outcome", form(&outcome))]).inc();
    outcome
}

/// Counts a sign-up by outcome and returns the outcome.
pub fn sign_up<T>(outcome: Result<T, AppError>) -> Result<T, AppError> {
    METRICS.sign_ups.get_or_create(&[("outcome", form(&outcome))]).inc();
    outcome
}

fn form<T>(outcome: &Result<T, AppError>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(AppError::InvalidCredentials) => "refused",
        Err(AppError::Invalid { .. }) => "invalid",
        Err(AppError::Throttled { .. }) => "throttled",
        Err(AppError::Busy | AppError::Conflict) => "busy",
        Err(AppError::Unavailable) => "unavailable",
        Err(_) => "error",
    }
}

/// Counts ended sessions and returns their number. It counts before the transaction commits, so a commit that fails
/// counts too many.
pub fn ended(reason: &'static str, sessions: u64) -> u64 {
    METRICS.sessions_ended.get_or_create(&[("reason", reason)]).inc_by(sessions);
    sessions
}

/// Counts a log line that could not be written.
pub fn lost_log_line() {
    METRICS.lost_log_lines.inc();
}

/// Counts a mail by outcome.
pub fn mail(outcome: &'static str) {
    METRICS.mails.get_or_create(&[("outcome", outcome)]).inc();
}

/// Counts a breach check by outcome.
pub fn breach_check(outcome: &'static str) {
    METRICS.breach_checks.get_or_create(&[("outcome", outcome)]).inc();
}

/// Records how long a request waited for a hashing permit, also if it got none.
pub fn waited_for_hash(time: Duration) {
    METRICS.hash_wait.observe(time.as_secs_f64());
}

/// Records how long a query waited because no connection was free, or how long a transaction took to begin, also if it
/// failed.
pub fn waited_for_database(time: Duration) {
    METRICS.database_wait.observe(time.as_secs_f64());
}

/// Returns the route pattern of a request that may render a page, never the requested path.
pub fn page(request: &Request) -> Option<String> {
    let pattern = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str);
    (request.method() == Method::GET).then(|| pattern.to_owned())
}

/// Counts an answer. For a [`page`] it also records the time.
pub fn answered(page: Option<String>, response: &Response, time: Duration) {
    let class = usize::from(response.status().as_u16() / 100);
    if let Some(class) = CLASSES.get(class.wrapping_sub(1)) {
        METRICS.requests.get_or_create(&[("class", *class)]).inc();
    }
    let is_html = response.headers().get(header::CONTENT_TYPE).is_some_and(|t| t.as_bytes().starts_with(b"text/html"));
    if let (Some(route), true) = (page, is_html) {
        METRICS.pages.get_or_create(&[("route", route)]).observe(time.as_secs_f64());
    }
}

/// Sets how many requests wait for a hashing permit.
pub fn hash_queue(waiting: usize) {
    METRICS.hash_queue.set(i64::try_from(waiting).unwrap_or(i64::MAX));
}

/// Sets how many mails wait in the outbox.
pub fn outbox(mails: i64) {
    METRICS.outbox.set(mails);
}

/// Sets how many connections of a pool are idle and how many are in use.
pub fn connections(pool: &'static str, idle: i64, in_use: i64) {
    for (state, count) in [("idle", idle), ("in_use", in_use)] {
        METRICS.connections.get_or_create(&[("pool", pool), ("state", state)]).set(count);
    }
}

/// Returns all metrics as text, in the media type [`CONTENT_TYPE`].
pub fn text() -> Result<String, fmt::Error> {
    let mut text = String::new();
    encode(&mut text, &METRICS.registry)?;
    Ok(text)
}

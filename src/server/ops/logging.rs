//! Structured logs: a span a request with an id that the answer carries too. Never a query string, a cookie or a body.

use axum::{
    extract::Request,
    http::{HeaderName, HeaderValue},
    middleware::Next,
    response::Response,
};
use std::{
    backtrace::{Backtrace, BacktraceStatus},
    borrow::Cow,
    io::{self, IsTerminal},
    panic,
    time::Instant,
};
use tracing::Instrument;
use tracing_subscriber::EnvFilter;

use crate::{
    brand::SLUG,
    server::{config::LogFormat, metrics, random},
};

/// Sends logs to standard error. `RUST_LOG` chooses what; by default our own at `info`.
pub fn init(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(format!("warn,{SLUG}=info")));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(|| Lines)
        // Their reports would go to standard error too, by a macro that panics where it cannot be written.
        .log_internal_errors(false);
    // A second call (a test that starts two servers) keeps the first subscriber.
    let _ = match format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}

/// Sends the reports of panics to the log. Rust's own would write a message as it is, and each of its line breaks would
/// begin a line that is none of the log's.
pub fn log_panics() {
    panic::set_hook(Box::new(|report| {
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        let place = report.location().map(tracing::field::display);
        tracing::error!(panic = report.payload_as_str(), place, backtrace, "a thread panicked");
    }));
}

/// Standard error, for lines of the log. One that cannot be written (its reader is gone, the disk is full) is lost and
/// counted, and nothing else.
struct Lines;

impl io::Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if io::stderr().write_all(line).is_err() {
            metrics::lost_log_line();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A path as a log may hold it: a URI may have bytes beyond ASCII as they are, and among those are controls that move the
/// cursor of whoever reads the log in a terminal. JSON escapes none of them.
pub fn printable(path: &str) -> Cow<'_, str> {
    match path.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Cow::Borrowed(path),
        false => Cow::Owned(path.escape_default().to_string()),
    }
}

/// Middleware: the span, the id, and one line an answer.
pub async fn trace(request: Request, next: Next) -> Response {
    let id = format!("{:016x}", u64::from_le_bytes(random::bytes()));
    let span = tracing::info_span!(
        "request",
        id,
        method = %request.method(),
        path = &*printable(request.uri().path()),
    );
    let page = metrics::page(&request);
    let began = Instant::now();
    let header = HeaderValue::from_str(&id);
    async move {
        let mut response = next.run(request).await;
        let time = began.elapsed();
        metrics::answered(page, &response, time);
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        tracing::info!(status = response.status().as_u16(), micros, "answered");
        if let Ok(id) = header {
            response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
        }
        response
    }
    .instrument(span)
    .await
}

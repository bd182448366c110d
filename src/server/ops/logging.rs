//! Structured logs: one span per request, with an id that the response carries too. Never logs queries, cookies or
//! bodies.

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

/// Starts logging to standard error. `RUST_LOG` sets the filter; the default is `info` for this crate and `warn` for
/// others.
pub fn init(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(format!("warn,{SLUG}=info")));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(|| Lines)
        // Its error reports use a macro that panics if standard error can't be written.
        .log_internal_errors(false);
    // A second call, as in a test that starts two servers, keeps the first subscriber.
    let _ = match format {
        LogFormat::Text => logs.try_init(),
        LogFormat::Json => logs.json().flatten_event(true).try_init(),
    };
}

/// Sends panic reports to the log. The default hook prints the message unescaped, so its line breaks could forge log
/// lines.
pub fn log_panics() {
    panic::set_hook(Box::new(|report| {
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        let place = report.location().map(tracing::field::display);
        tracing::error!(panic = report.payload_as_str(), place, backtrace, "a thread panicked");
    }));
}

/// Standard error as the log's output. A line that can't be written (closed pipe, full disk) is dropped and counted.
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

/// Escapes a path for the log. A URI may contain raw non-ASCII bytes, including control characters that move a
/// terminal's cursor, and JSON does not escape them.
pub fn printable(path: &str) -> Cow<'_, str> {
    match path.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Cow::Borrowed(path),
        false => Cow::Owned(path.escape_default().to_string()),
    }
}

/// Middleware that adds the span and the request id, and logs one line per response.
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

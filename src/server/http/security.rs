//! Applies to every request and response: security headers, origin check, cookie limits.

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use leptos::nonce::Nonce;
use std::net::SocketAddr;

use super::{request_headers, responses};
use crate::{
    error::AppError,
    server::{ops::logging, state::AppState},
};

/// Limits for the cookies of a request, in bytes and in number. This site sets a handful of about 500 bytes each.
const MAX_COOKIE_BYTES: usize = 16 * 1024;
const MAX_COOKIES: usize = 100;

/// Middleware that creates the nonce for scripts and sets the security headers. A response may bring its own
/// CSP and X-Frame-Options.
pub async fn headers(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let nonce = Nonce::new();
    request.extensions_mut().insert(nonce.clone());
    make_cookies_readable(request.headers_mut());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed: [(HeaderName, &'static str); 6] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Not no-referrer: a refused form needs the referrer to return to its page.
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
        (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("DENY"));
    if let Ok(policy) = HeaderValue::from_str(&content_security_policy(&state, &nonce)) {
        headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(policy);
    }
    if state.config.public_origin.is_https() {
        headers
            .insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    }
    name_charset(headers);
    // Static files set their own caching. Everything else may be personal.
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-store"));
    response
}

/// Adds the charset to text types that lack it: static files get their type from the file name. JSON is always UTF-8
/// and its type has no such parameter (RFC 8259, 11).
fn name_charset(headers: &mut HeaderMap) {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()) else {
        return;
    };
    let is_text = kind.starts_with("text/") || kind.ends_with("+xml") || kind.ends_with("/xml");
    if is_text
        && !kind.contains("charset=")
        && let Ok(kind) = HeaderValue::try_from(format!("{kind}; charset=utf-8"))
    {
        headers.insert(header::CONTENT_TYPE, kind);
    }
}

/// Replaces non-ASCII bytes in cookie headers. RFC 6265 allows them, our cookies never contain them, and the parser
/// would drop the whole header for one of them.
fn make_cookies_readable(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().all(|line| line.as_bytes().is_ascii()) {
        return;
    }
    let lines: Vec<HeaderValue> = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| {
            let ascii: Vec<u8> =
                line.as_bytes().iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' }).collect();
            HeaderValue::from_bytes(&ascii).ok()
        })
        .collect();
    headers.remove(header::COOKIE);
    for line in lines {
        headers.append(header::COOKIE, line);
    }
}

fn content_security_policy(state: &AppState, nonce: &Nonce) -> String {
    // `cargo leptos watch` reloads over a separate WebSocket.
    let connect = if state.config.is_dev() { "'self' ws:" } else { "'self'" };
    // The DEV mailbox shows mails in a frame.
    let frame = if state.mail.mailbox().is_some() { " frame-src 'self';" } else { "" };
    let upgrade = if state.config.public_origin.is_https() { "; upgrade-insecure-requests" } else { "" };
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self'; font-src 'self'; connect-src {connect}; manifest-src 'self'; form-action 'self';{frame} \
         base-uri 'none'; object-src 'none'; frame-ancestors 'none'{upgrade}"
    )
}

/// Returns the response for a request that must be rejected early: one with too many cookies, or a state-changing
/// request that no page of this site sent. Log-in and log-out are included (RFC 6819, 4.4.1.8: a forged log-in signs
/// the victim into the attacker's account).
pub fn refused(state: &AppState, request: &Request) -> Option<Response> {
    if too_many_cookies(request.headers()) {
        let mut answer = responses::error(&AppError::TooManyCookies, request.headers());
        if request_headers::wants_html(request.headers()) {
            // Expire our own cookies: the next request is smaller and may be accepted.
            state.cookie_names.forget_all(answer.headers_mut());
        }
        return Some(answer);
    }
    if is_for_developers(request.uri().path()) && !is_from_here(state, request) {
        return Some(responses::error(&AppError::NotFound, request.headers()));
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if reads || state.config.public_origin.sent(request.headers(), state.config.is_dev()) {
        return None;
    }
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    tracing::warn!(
        path = &*logging::printable(request.uri().path()),
        origin,
        public_url = %state.config.public_origin,
        "a request from another site was refused. If this is the site's own address, set server.public_url to it"
    );
    let note = match state.config.is_dev() {
        true => format!(
            "The form came from {origin}, and server.public_url is {}. If this is the site's own address, set LATCHKEY__SERVER__PUBLIC_URL to it.",
            state.config.public_origin
        ),
        false => String::new(),
    };
    Some(responses::error_with(&AppError::CrossSite, request.headers(), &note))
}

/// Whether the path exists for the developer at this machine only.
pub fn is_for_developers(path: &str) -> bool {
    path.starts_with("/dev/") || path.starts_with("/api/mailbox/")
}

/// Whether a local client uses a local host name. A remote page whose name resolves to this machine (DNS rebinding)
/// uses another host name.
fn is_from_here(state: &AppState, request: &Request) -> bool {
    if state.config.server.dev_beyond_loopback {
        return true;
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let client = peer.map(|peer| state.config.trusted_proxies.client(peer, request.headers()));
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()))
        .map_or(host, |(name, _)| name);
    client.is_some_and(|client| client.is_loopback()) && matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

fn too_many_cookies(headers: &HeaderMap) -> bool {
    let cookies = || headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes);
    cookies().map(<[u8]>::len).sum::<usize>() >= MAX_COOKIE_BYTES
        || cookies().map(|line| semicolons(line) + 1).sum::<usize>() >= MAX_COOKIES
}

/// Counts in chunks of 255 bytes with a byte counter, which the CPU vectorises.
fn semicolons(line: &[u8]) -> usize {
    let count = |piece: &[u8]| piece.iter().map(|byte| u8::from(*byte == b';')).sum::<u8>();
    line.chunks(255).map(|piece| usize::from(count(piece))).sum()
}

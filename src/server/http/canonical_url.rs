//! Redirects pages to their canonical URL: without a trailing slash, on the host of the public origin. Used by
//! `router`.

use axum::{
    extract::{ConnectInfo, Request, State},
    http::{Method, Uri, header},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use std::net::{IpAddr, SocketAddr};

use super::request_headers;
use crate::server::{csrf::Origin, state::AppState};

/// Middleware that redirects a page to its canonical URL.
pub async fn redirect(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return next.run(request).await;
    }
    if is_under_another_host(&state, &request) {
        let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
        // A temporary redirect: browsers cache a permanent one, which would outlive a change of the setting.
        return Redirect::temporary(&format!("{}{path}", state.config.public_origin)).into_response();
    }
    match without_closing_slash(request.uri()) {
        Some(path) => Redirect::permanent(&path).into_response(),
        None => next.run(request).await,
    }
}

/// Whether a browser requested a page under a host whose forms would be refused.
///
/// Checked in production only. A proxy may replace the host with its own name for this server: a loopback address, a
/// single label, or an IP address from a listed proxy. A redirect would then loop forever, so these hosts are accepted.
fn is_under_another_host(state: &AppState, request: &Request) -> bool {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.filter(|_| !state.config.is_dev() && request_headers::wants_html(request.headers())) else {
        return false;
    };
    let ours = &state.config.public_origin;
    let scheme = if ours.is_https() { "https" } else { "http" };
    let Some(asked) = Origin::parse(&format!("{scheme}://{host}")) else {
        return false;
    };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let is_proxy = peer.is_some_and(|peer| state.config.trusted_proxies.trusts(peer.to_canonical()));
    let is_upstream = match asked.host().trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || is_proxy,
        Err(_) => !asked.host().contains('.'),
    };
    asked != *ours && !is_upstream
}

/// Returns the path and query without trailing slashes, or `None` if there are none. It never begins with two slashes,
/// which would be another host.
fn without_closing_slash(uri: &Uri) -> Option<String> {
    let path = uri.path().strip_suffix('/')?.trim_end_matches('/');
    let path = format!("/{}", path.trim_start_matches(['/', '\\']));
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    (path != "/" || uri.path() != "/").then(|| path + &query)
}

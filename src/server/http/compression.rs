//! Compresses pages that are the same for anybody. Used by the router, around all pages.
//!
//! The length of a compressed page tells how much of the input in it repeats the secrets in it (BREACH). A page is
//! compressed only if its request carried nothing but a path: anybody gets that page, so it has no secret (decision 17).

use axum::{
    extract::{Request, State},
    http::{Extensions, HeaderMap, Method, StatusCode, Version, header},
    middleware::Next,
    response::Response,
};
use tower_http::compression::CompressionLayer;

use super::security::is_for_developers;
use crate::server::state::AppState;

/// Marks the response to a request that carried nothing.
#[derive(Clone, Copy)]
struct SameForAnybody;

/// Returns the layer that compresses marked HTML. It adds `Vary: Accept-Encoding`, whether the client accepts gzip or not.
pub fn layer() -> CompressionLayer<impl Fn(StatusCode, Version, &HeaderMap, &Extensions) -> bool + Clone> {
    CompressionLayer::new().compress_when(
        |status: StatusCode, _: Version, headers: &HeaderMap, extensions: &Extensions| {
            extensions.get::<SameForAnybody>().is_some() && is_html(headers) && !status.is_redirection()
        },
    )
}

/// Middleware that marks the response to a request that carried nothing.
pub async fn mark(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let same_for_anybody = carries_nothing(&request, &state.cookie_names.kept);
    let mut response = next.run(request).await;
    if same_for_anybody {
        response.extensions_mut().insert(SameForAnybody);
    }
    response
}

/// Whether a request has a path only: no query, no credentials, and no cookie except `harmless`, whose value no page
/// shows. Pages for developers are excluded, because they show secrets to anybody on this machine.
fn carries_nothing(request: &Request, harmless: &str) -> bool {
    let headers = request.headers();
    let cookies = headers.get_all(header::COOKIE).iter();
    matches!(*request.method(), Method::GET | Method::HEAD)
        && request.uri().query().is_none()
        && !headers.contains_key(header::AUTHORIZATION)
        && !is_for_developers(request.uri().path())
        && cookies.into_iter().all(|line| line.to_str().is_ok_and(|line| has_only(line, harmless)))
}

/// Whether a cookie header has no cookie but `name`.
fn has_only(line: &str, name: &str) -> bool {
    line.split(';').all(|cookie| cookie.split('=').next().is_some_and(|found| found.trim() == name))
}

fn is_html(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn asked(path: &str, headers: &[(&str, &str)]) -> bool {
        let request =
            headers.iter().fold(Request::builder().uri(path), |request, (name, value)| request.header(*name, *value));
        carries_nothing(&request.body(Body::empty()).unwrap(), "app_kept")
    }

    #[test]
    fn a_request_with_a_path_only_carries_nothing() {
        assert!(asked("/login", &[]));
        assert!(asked("/login", &[("accept", "text/html"), ("cookie", "app_kept=1")]));
    }

    #[test]
    fn a_query_a_cookie_or_a_credential_is_something() {
        for path in ["/login?next=%2Fprofile", "/login?", "/dev/mailbox"] {
            assert!(!asked(path, &[]), "{path}");
        }
        for cookie in [
            "app_access=x",
            "app_kept=1; app_access=x",
            "app_kept",
            "app_kept=1;",
            "app_kept_2=1",
            "other=1",
            "",
            "\u{e9}=1",
        ] {
            // A name without a value is the same cookie; an empty line or part is not.
            assert_eq!(asked("/login", &[("cookie", cookie)]), cookie == "app_kept", "{cookie:?}");
        }
        assert!(!asked("/login", &[("authorization", "Basic eDp5")]));
    }
}

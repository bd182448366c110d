//! Reads request headers: whether the client expects HTML, and which page sent a form.

use axum::http::{HeaderMap, header};

use super::form_post::own_page;
use crate::server::state::AppState;

/// Whether the client is a browser that expects HTML: by `Accept`, or by Fetch Metadata if a proxy rewrote `Accept`.
pub fn wants_html(headers: &HeaderMap) -> bool {
    let mut accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
        || accepts.any(|value| value.contains("text/html"))
}

/// Returns the path and query of the form's page from the referrer, if it is on this site.
pub fn own_referer(headers: &HeaderMap, state: &AppState) -> Option<String> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok())
        .map_or_else(|| state.config.public_origin.to_string(), str::to_owned);
    own_page(referer.strip_prefix(&origin)?).map(str::to_owned)
}

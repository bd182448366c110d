//! What a request's headers say of the client: whether it waits for a page, and from which page it sent a form.

use axum::http::{HeaderMap, header};

use super::form_post::own_page;
use crate::server::state::AppState;

/// Whether the client is a browser that waits for a page: by `Accept`, or by Fetch Metadata where something between
/// rewrote that.
pub fn wants_html(headers: &HeaderMap) -> bool {
    let mut accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate")
        || accepts.any(|value| value.contains("text/html"))
}

/// The path and query of the page that holds the form, if it is one of ours.
pub fn own_referer(headers: &HeaderMap, state: &AppState) -> Option<String> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    let origin = headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok())
        .map_or_else(|| state.config.public_origin.to_string(), str::to_owned);
    own_page(referer.strip_prefix(&origin)?).map(str::to_owned)
}

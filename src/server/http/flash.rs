//! The one-time cookie that carries a form's outcome over the redirect to the page that shows it. It holds closed words
//! and what was typed, never a password, and is gone once read.

use axum::{
    extract::Request,
    http::{Method, header},
    middleware::Next,
    response::Response,
};
use std::time::Duration;
use tower_cookies::{Cookie, Cookies};

use super::{
    cookies_blocked, draft,
    json_cookie::{self, MAX_VALUE},
    request_headers::wants_html,
};
use crate::{
    auth::server::Caller,
    server::state::AppState,
    ui::flash::{Flash, Notice},
};

/// For a page that is on its way.
const KEPT: Duration = Duration::from_secs(60);

/// Keeps `flash` for the next page.
pub fn put(state: &AppState, cookies: &Cookies, flash: &Flash) {
    let mut value = json_cookie::encode(flash);
    if value.len() > MAX_VALUE {
        // Longer than any input allows: the error still has to arrive.
        value = json_cookie::encode(&Flash { typed: Vec::new(), ..flash.clone() });
    }
    cookies.add(cookie(state, value, KEPT));
}

/// Whether this request leaves a flash for the next page already.
pub fn is_put(state: &AppState, cookies: &Cookies) -> bool {
    cookies.get(&state.cookie_names.flash).is_some_and(|cookie| !cookie.value().is_empty())
}

/// Hands the flash to the page that is being asked for, and forgets it once a page was shown.
pub async fn take(state: &AppState, cookies: Cookies, mut request: Request, next: Next) -> Response {
    if !is_page(&request) {
        return next.run(request).await;
    }
    let put = read(state, &cookies);
    let was_put = put.is_some();
    let flash = with_draft(state, &cookies, &request, put.unwrap_or_default());
    if flash != Flash::default() {
        request.extensions_mut().insert(flash);
    }
    let response = next.run(request).await;
    // A redirect shows nothing: the page that it leads to does.
    if was_put && !response.status().is_redirection() {
        cookies.add(cookie(state, String::new(), Duration::ZERO));
    }
    response
}

/// Whether the request is for a page of its own. `Accept` may have been taken off or rewritten on the way.
fn is_page(request: &Request) -> bool {
    let headers = request.headers();
    // A frame of another tab is a page too, but not the one that the form's outcome belongs to.
    let is_frame = headers.get("sec-fetch-dest").is_some_and(|dest| dest != "document");
    let asks_for_anything = headers.get(header::ACCEPT).is_none_or(|accept| accept == "*/*");
    request.method() == Method::GET && !is_frame && (asks_for_anything || wants_html(headers))
}

/// The flash that was put, if one was.
fn read(state: &AppState, cookies: &Cookies) -> Option<Flash> {
    let cookie = cookies.get(&state.cookie_names.flash)?;
    Some(json_cookie::decode(cookie.value()).unwrap_or_default())
}

/// The same, with what was typed before the session ended, or with the reason why there is no session.
fn with_draft(state: &AppState, cookies: &Cookies, request: &Request, flash: Flash) -> Flash {
    let (headers, path) = (request.headers(), request.uri().path());
    if flash == Flash::default() && cookies_blocked::check(state, cookies, headers, path) {
        return Flash { notice: Some(Notice::CookiesBlocked), ..flash };
    }
    let caller = request.extensions().get::<Caller>();
    match caller.and_then(|caller| draft::take(state, cookies, caller, path)) {
        Some(draft) if flash.typed.is_empty() => Flash { notice: Some(Notice::DraftKept), typed: draft.typed, ..flash },
        _ => flash,
    }
}

fn cookie(state: &AppState, value: String, kept: Duration) -> Cookie<'static> {
    state.cookie_names.cookie(&state.cookie_names.flash, value, kept)
}

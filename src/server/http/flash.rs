//! The flash cookie: carries a form's outcome over the redirect to the page that shows it. It holds the error, the
//! notice and the typed fields, never a password, and is deleted once read. It has a MAC, so that a planted cookie can't
//! put text into a page.

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

/// The flash for a page that is being rendered.
const KEPT: Duration = Duration::from_secs(60);
/// The form was filled with what was typed before the session ended.
pub const DRAFT_KEPT: Notice = Notice::banner("What you typed is back in the form. It isn't saved yet.");
/// The browser did not send back a cookie that this site set.
const COOKIES_BLOCKED: Notice = Notice::banner(
    "Your browser blocks cookies, so you can't stay logged in. Allow cookies for this site, then try again.",
);

/// What the cookie is signed as.
const NAME: &str = "flash";

/// Stores `flash` for the next page.
pub fn put(state: &AppState, cookies: &Cookies, flash: &Flash) {
    let mut value = json_cookie::encode(&state.keys, NAME, flash);
    if value.len() > MAX_VALUE {
        // Too long for a cookie: drop the typed fields and keep the error.
        value = json_cookie::encode(&state.keys, NAME, &Flash { typed: Vec::new(), ..flash.clone() });
    }
    cookies.add(cookie(state, value, KEPT));
}

/// Whether this request already stored a flash for the next page.
pub fn is_put(state: &AppState, cookies: &Cookies) -> bool {
    cookies.get(&state.cookie_names.flash).is_some_and(|cookie| !cookie.value().is_empty())
}

/// Middleware that gives the flash to the requested page and deletes it once a page was shown.
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
    // A redirect shows nothing, so keep the flash for its target.
    if was_put && !response.status().is_redirection() {
        cookies.add(cookie(state, String::new(), Duration::ZERO));
    }
    response
}

/// Whether the request is a page navigation. `Accept` may have been removed or rewritten on the way.
fn is_page(request: &Request) -> bool {
    let headers = request.headers();
    // An iframe's document is not the page that the outcome belongs to.
    let is_frame = headers.get("sec-fetch-dest").is_some_and(|dest| dest != "document");
    let asks_for_anything = headers.get(header::ACCEPT).is_none_or(|accept| accept == "*/*");
    request.method() == Method::GET && !is_frame && (asks_for_anything || wants_html(headers))
}

/// Returns the flash, if there is one.
fn read(state: &AppState, cookies: &Cookies) -> Option<Flash> {
    let cookie = cookies.get(&state.cookie_names.flash)?;
    Some(json_cookie::decode(&state.keys, NAME, cookie.value()).unwrap_or_default())
}

/// Returns the flash with the fields typed before the session ended, or with the reason why there is no session.
fn with_draft(state: &AppState, cookies: &Cookies, request: &Request, flash: Flash) -> Flash {
    let (headers, path) = (request.headers(), request.uri().path());
    if flash == Flash::default() && cookies_blocked::check(state, cookies, headers, path) {
        return Flash { notice: Some(COOKIES_BLOCKED), ..flash };
    }
    let caller = request.extensions().get::<Caller>();
    match caller.and_then(|caller| draft::take(state, cookies, caller, path)) {
        Some(draft) if flash.typed.is_empty() => Flash { notice: Some(DRAFT_KEPT), typed: draft.typed, ..flash },
        _ => flash,
    }
}

fn cookie(state: &AppState, value: String, kept: Duration) -> Cookie<'static> {
    state.cookie_names.cookie(&state.cookie_names.flash, value, kept)
}

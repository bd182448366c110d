//! The one-time cookie that carries a form's outcome over the redirect to the page that shows it. It holds closed words
//! and what was typed, never a password, and is gone once read.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use std::time::Duration;
use tower_cookies::{Cookie, Cookies};

use super::{respond, state::AppState};
use crate::ui::flash::Flash;

/// Browsers keep 4096 bytes a cookie; the rest is for its name and attributes.
const MAX_VALUE: usize = 3800;
/// For a page that is on its way.
const KEPT: Duration = Duration::from_secs(60);

/// Keeps `flash` for the next page.
pub fn put(state: &AppState, cookies: &Cookies, flash: &Flash) {
    let encode = |flash: &Flash| serde_json::to_vec(flash).map(|json| URL_SAFE_NO_PAD.encode(json)).unwrap_or_default();
    let mut value = encode(flash);
    if value.len() > MAX_VALUE {
        // Longer than any input allows: the error still has to arrive.
        value = encode(&Flash { typed: Vec::new(), ..flash.clone() });
    }
    cookies.add(cookie(state, value, KEPT));
}

/// The same, where the page that `request` asks for is to show it already.
pub fn put_for(request: &mut Request, state: &AppState, cookies: &Cookies, flash: &Flash) {
    put(state, cookies, flash);
    request.extensions_mut().insert(PutNow);
}

/// Marks a request for whose page a flash was put.
#[derive(Clone, Copy)]
struct PutNow;

/// Whether this request leaves a flash for the next page already.
pub fn is_put(state: &AppState, cookies: &Cookies) -> bool {
    cookies.get(&state.cookie_names.flash).is_some_and(|cookie| !cookie.value().is_empty())
}

/// Hands the flash to the page that is being asked for, and forgets it once a page was shown.
pub async fn take(state: &AppState, cookies: Cookies, mut request: Request, next: Next) -> Response {
    // A frame of another tab is a page too, but not the one that the form's outcome belongs to.
    let is_frame = request.headers().get("sec-fetch-dest").is_some_and(|dest| dest != "document");
    let is_page = request.method() == Method::GET && respond::wants_html(request.headers()) && !is_frame;
    // Mostly there is none, and to read all cookies takes longer than to look for the name.
    let is_there = is_page
        && (request.extensions().get::<PutNow>().is_some()
            || may_be_sent(request.headers(), &state.cookie_names.flash));
    let Some(found) = is_there.then(|| cookies.get(&state.cookie_names.flash)).flatten() else {
        return next.run(request).await;
    };
    let json = URL_SAFE_NO_PAD.decode(found.value()).unwrap_or_default();
    if let Ok(flash) = serde_json::from_slice::<Flash>(&json) {
        request.extensions_mut().insert(flash);
    }
    let response = next.run(request).await;
    // A redirect shows nothing: the page that it leads to does.
    if !response.status().is_redirection() {
        cookies.add(cookie(state, String::new(), Duration::ZERO));
    }
    response
}

/// Whether `name` stands anywhere in the cookies, be it within another's name or value.
fn may_be_sent(headers: &HeaderMap, name: &str) -> bool {
    let lines = headers.get_all(header::COOKIE).iter();
    lines.filter_map(|line| std::str::from_utf8(line.as_bytes()).ok()).any(|line| line.contains(name))
}

fn cookie(state: &AppState, value: String, kept: Duration) -> Cookie<'static> {
    state.cookie_names.cookie(&state.cookie_names.flash, value, kept)
}

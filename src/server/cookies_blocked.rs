//! Whether the browser keeps cookies. The pages that lead to a log-in set one; a browser that comes from there and sends
//! none back is told so, instead of being shown an empty form again. Used by `flash`.

use axum::http::{HeaderMap, header};
use tower_cookies::{Cookies, cookie::time::Duration};

use super::{flash, respond, state::AppState};

/// The pages that set the cookie.
const PAGES: [&str; 4] = ["/login", "/signup", "/forgot", "/magic"];
/// Longer than anybody leaves a form open.
const KEPT: Duration = Duration::days(30);

/// Whether the browser did not send back what it was given. Gives it the cookie where it has none, on pages that set it.
pub fn check(state: &AppState, cookies: &Cookies, request: &HeaderMap, path: &str) -> bool {
    if request.contains_key(header::COOKIE) {
        return false;
    }
    if PAGES.contains(&path) {
        cookies.add(flash::cookie(state, name(state), "1".to_owned(), KEPT));
    }
    let from = respond::own_referer(request, state);
    from.is_some_and(|from| PAGES.contains(&from.split('?').next().unwrap_or_default()))
}

fn name(state: &AppState) -> &'static str {
    match state.config.public_origin.is_https() {
        true => "__Host-latchkey_kept",
        false => "latchkey_kept",
    }
}

//! Whether the browser keeps cookies. The pages that lead to a log-in set one; a browser that comes from there and sends
//! none back is told so, instead of being shown an empty form again. Used by `flash`.

use axum::http::{HeaderMap, header};
use std::time::Duration;
use tower_cookies::Cookies;

use super::{form_post::path_of, request_headers::own_referer};
use crate::server::state::AppState;

/// The pages that set the cookie.
const PAGES: [&str; 4] = ["/login", "/signup", "/forgot", "/magic"];
/// Longer than anybody leaves a form open.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Whether the browser did not send back what it was given. Gives it the cookie where it has none, on pages that set it.
pub fn check(state: &AppState, cookies: &Cookies, request: &HeaderMap, path: &str) -> bool {
    if request.contains_key(header::COOKIE) {
        return false;
    }
    if PAGES.contains(&path) {
        let names = &state.cookie_names;
        cookies.add(names.cookie(&names.kept, "1".to_owned(), KEPT));
    }
    let from = own_referer(request, state);
    from.is_some_and(|from| PAGES.contains(&path_of(&from)))
}

//! Detects browsers that block cookies. Pages that lead to a log-in set a test cookie. A browser that comes from such a
//! page without the cookie gets a message instead of an empty form. Used by `flash`.

use axum::http::{HeaderMap, header};
use std::time::Duration;
use tower_cookies::Cookies;

use super::{form_post::path_of, request_headers::own_referer};
use crate::server::state::AppState;

/// The pages that set the cookie.
const PAGES: [&str; 4] = ["/login", "/signup", "/forgot", "/magic"];
/// Longer than a form usually stays open.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Whether the browser did not send the test cookie back. Sets the cookie if it is missing, on the pages listed above.
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

//! Keeps what was typed into a form whose session had ended. A cookie holds it until the same account logs in again,
//! and the form's page shows it then. Used by `responses` and `flash`.

use serde::{Deserialize, Serialize};
use std::time::Duration;
use tower_cookies::Cookies;

use super::{
    form_post::{FormPost, path_of},
    json_cookie,
};
use crate::{auth::server::Caller, server::state::AppState};

/// Long enough to log in again.
const KEPT: Duration = Duration::from_secs(30 * 60);

/// What the cookie is signed as.
const NAME: &str = "draft";

#[derive(Serialize, Deserialize)]
pub struct Draft {
    /// The id of the account that the page was rendered for.
    account: String,
    /// The page's path.
    path: String,
    /// The typed fields, by input name.
    pub typed: Vec<(String, String)>,
}

/// Stores what was typed into `form` on the page at `page`.
pub fn put(state: &AppState, cookies: &Cookies, form: FormPost, page: &str) {
    let typed: Vec<_> = form.typed.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    let (Some(account), false) = (form.account, typed.is_empty()) else {
        return;
    };
    let draft = Draft { account, path: path_of(page).to_owned(), typed };
    let value = json_cookie::encode(&state.keys, NAME, &draft);
    // Skip a draft that is too long for a cookie. Valid input never is.
    if value.len() <= json_cookie::MAX_VALUE {
        let names = &state.cookie_names;
        cookies.add(names.cookie(&names.draft, value, KEPT));
    }
}

/// Returns what `caller` typed into the page at `path`, if there is a draft. Deletes another account's draft.
pub fn take(state: &AppState, cookies: &Cookies, caller: &Caller, path: &str) -> Option<Draft> {
    let names = &state.cookie_names;
    let cookie = cookies.get(&names.draft)?;
    let draft = json_cookie::decode(&state.keys, NAME, cookie.value())
        .filter(|draft: &Draft| draft.account == caller.identity.user_id);
    if draft.as_ref().is_none_or(|draft| draft.path == path) {
        cookies.add(names.cookie(&names.draft, String::new(), Duration::ZERO));
    }
    draft.filter(|draft| draft.path == path)
}

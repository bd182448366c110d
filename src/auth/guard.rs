//! Guards for pages and links. They run before a page is rendered, on the server and in the browser. They only protect
//! what is shown: `require` protects the data, in each server function.

use leptos::{either::EitherOf3, prelude::*};
use leptos_router::{components::Redirect, hooks::use_location};

use super::{
    browser::identity::{log_access_denied, role, set_status},
    model::{Access, Denied, log_in_path},
};
use crate::ui::Forbidden;

/// Renders its children only for callers that `access` allows. Redirects anonymous visitors to the log-in page (302)
/// and shows the 403 page to callers without the role.
#[component]
pub fn Guarded(access: Access, children: Children) -> impl IntoView {
    match access.check(role()) {
        Ok(()) => EitherOf3::A(children()),
        Err(Denied::Anonymous) => {
            let here = use_location();
            let path = here.pathname.get_untracked() + &search(&here.search.get_untracked());
            set_status(302);
            EitherOf3::B(view! { <Redirect path=log_in_path(&path) /> })
        }
        Err(Denied::Forbidden) => {
            set_status(403);
            log_access_denied();
            EitherOf3::C(view! { <Forbidden /> })
        }
    }
}

/// Returns whether `access` allows the caller, to show or hide a link.
pub fn may(access: Access) -> bool {
    access.check(role()).is_ok()
}

/// Returns the query with a leading question mark, or an empty string.
fn search(query: &str) -> String {
    match query.trim_start_matches('?') {
        "" => String::new(),
        query => format!("?{query}"),
    }
}

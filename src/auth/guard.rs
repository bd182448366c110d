//! Guards of what is shown. They decide before anything of a page is rendered, on the server and in the browser alike;
//! the data behind a page is guarded by `require` in its server functions.

use leptos::{either::EitherOf3, prelude::*};
use leptos_router::{components::Redirect, hooks::use_location};

use super::{
    browser::identity::{log_refusal, role, set_status},
    model::{Access, Denied, log_in_path},
};
use crate::ui::Forbidden;

/// Shows its children to callers whom `access` lets in. Others are sent to log in (302) or told that their role does not
/// reach (403); nothing of the children is made for them.
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
            log_refusal();
            EitherOf3::C(view! { <Forbidden /> })
        }
    }
}

/// Whether the caller may follow a link that leads to `access`.
pub fn may(access: Access) -> bool {
    access.check(role()).is_ok()
}

/// The query with its question mark, whichever way the router keeps it.
fn search(query: &str) -> String {
    match query.trim_start_matches('?') {
        "" => String::new(),
        query => format!("?{query}"),
    }
}

//! The hidden inputs of every form: the page that it is on, and the account that the page was rendered for. So the
//! server can redirect back with an error, and rejects a form of another account. When the session ends, an edited form
//! is sent to the server as a draft, which is restored after the next log-in.

use leptos::{
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{HtmlFormElement, HtmlInputElement},
};
use leptos_router::hooks::use_location;

/// The name of the input with the page's path.
pub const SENT_FROM: &str = "sent_from";
/// The name of the input with the id of the account that the page was rendered for.
pub const SENT_AS: &str = "sent_as";
/// The name of the input that marks a draft: the server stores it and does nothing else.
pub const DRAFT: &str = "draft";

/// The attribute of a form with unsaved input.
const EDITED: &str = "data-edited";

/// The signed-in account, for forms. Provided by `auth`.
#[derive(Clone)]
pub struct SignedInAs {
    pub id: String,
    pub display_name: String,
}

/// The hidden inputs [`SENT_FROM`] and [`SENT_AS`] of every form.
#[component]
pub fn Sent() -> impl IntoView {
    let account = use_context::<SignedInAs>().map(|account| {
        view! { <input type="hidden" name=SENT_AS value=account.id /> }
    });
    view! {
        <input type="hidden" name=SENT_FROM value=use_location().pathname />
        {account}
    }
}

/// Marks the form as edited. Ignores passwords, which are never stored in drafts.
pub(super) fn mark_edited(form: &leptos::web_sys::Element, input: &leptos::web_sys::Element) {
    if input.get_attribute("type").as_deref() != Some("password") {
        // Fails only for an invalid attribute name.
        let _ = form.set_attribute(EDITED, "");
    }
}

/// Sends an edited form to the server as a draft, which navigates to the log-in page. Returns `false` if no form was
/// edited. Called in the browser when the session has ended.
pub fn send_draft() -> bool {
    let edited = document().query_selector(&format!("form[{EDITED}]")).ok().flatten();
    let Some(form) = edited.and_then(|form| form.dyn_into::<HtmlFormElement>().ok()) else {
        return false;
    };
    let mark = document().create_element("input").ok().and_then(|mark| mark.dyn_into::<HtmlInputElement>().ok());
    let Some(mark) = mark else {
        return false;
    };
    mark.set_type("hidden");
    mark.set_name(DRAFT);
    // `submit` skips the event handlers of the form.
    form.append_child(&mark).and_then(|_| form.submit()).is_ok()
}

//! What a form tells the server besides its fields: the page that it stands on, and whom that page was made for. So an
//! error finds its way back without a referrer, and nothing is changed for another account than the visitor thinks. An
//! edited form whose session ended is handed to the server, which keeps what was typed until the next log-in.

use leptos::{
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{HtmlFormElement, HtmlInputElement},
};
use leptos_router::hooks::use_location;

/// The page's path. What its query says stands in the form's own inputs.
pub const SENT_FROM: &str = "sent_from";
/// The id of the account that was signed in when the page was made.
pub const SENT_AS: &str = "sent_as";
/// There where a form is handed over to be kept, not to be acted on.
pub const DRAFT: &str = "draft";

/// Marks a form that the visitor has typed into.
const EDITED: &str = "data-edited";

/// The signed-in account, as forms see it. Provided by `auth`.
#[derive(Clone)]
pub struct SignedInAs {
    pub id: String,
    pub display_name: String,
}

/// Part of every form: see [`SENT_FROM`] and [`SENT_AS`].
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

/// Remembers that `input` was typed into. Not passwords, which nobody keeps.
pub(super) fn mark_edited(form: &leptos::web_sys::Element, input: &leptos::web_sys::Element) {
    if input.get_attribute("type").as_deref() != Some("password") {
        // An attribute of that name is never refused.
        let _ = form.set_attribute(EDITED, "");
    }
}

/// Hands a form that was typed into to the server, which leads on from there; `false` where there is none. Called in the
/// browser when the page's session is over.
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
    // `submit` asks no handler: what the form would wait for is over.
    form.append_child(&mark).and_then(|_| form.submit()).is_ok()
}

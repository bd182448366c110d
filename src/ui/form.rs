//! Plain HTML forms, made better once the page is hydrated: fields are checked before anything is sent, the button shows
//! that it works, and a second press sends nothing. Without JavaScript the same form is posted and the server answers
//! with the page again. Every form of the app is made of these.

use super::{
    fields::control_name,
    form_state::FormState,
    icons::Icon,
    messages,
    offline::use_offline,
    sent::{Sent, SignedInAs, mark_edited},
    toast::use_waiting,
};
use crate::error::{AppError, Field, FieldError};
use leptos::{
    ev,
    prelude::*,
    wasm_bindgen::JsCast,
    web_sys::{Element, HtmlElement, HtmlFormElement, HtmlInputElement, HtmlTextAreaElement},
};
use std::time::Duration;

/// How long a button waits for the answer before it may be pressed again: the visitor may have stopped the page.
const PENDING_AT_MOST: Duration = Duration::from_secs(15);

/// What stands in a form, by the names of its inputs.
pub struct Values(HtmlFormElement);

impl Values {
    /// The value of the input for `field`; empty if the form has none.
    pub fn get(&self, field: Field) -> String {
        let Some(control) = self.find(&format!("[name={}]", control_name(field))) else {
            return String::new();
        };
        if let Some(input) = control.dyn_ref::<HtmlInputElement>() {
            input.value()
        } else if let Some(area) = control.dyn_ref::<HtmlTextAreaElement>() {
            area.value()
        } else {
            String::new()
        }
    }

    fn find(&self, selector: &str) -> Option<HtmlElement> {
        self.0.query_selector(selector).ok().flatten()?.dyn_into().ok()
    }
}

/// A check before sending: every field at fault, none if the form may go.
pub type Check = Box<dyn Fn(&Values) -> Vec<FieldError> + Send>;

/// A form that posts to `action`.
#[component]
pub fn Form(
    action: &'static str,
    #[prop(default = "form")] class: &'static str,
    /// Looked at in the browser before the form goes. The server decides again.
    #[prop(optional)]
    check: Option<Check>,
    /// Why the server refused this form on the way to this page.
    #[prop(optional_no_strip)]
    error: Option<AppError>,
    children: Children,
) -> impl IntoView {
    let state = FormState::new(error);
    provide_context(state);
    let (offline, waiting) = (use_offline(), use_waiting());

    let node = NodeRef::<leptos::html::Form>::new();
    if check.is_some() {
        // Only now: without JavaScript the browser's own checks are the better ones.
        node.on_load(|form| form.set_no_validate(true));
    }

    let on_submit = move |event: ev::SubmitEvent| {
        if state.pending.get_untracked() {
            event.prevent_default();
            return;
        }
        let Some(form) = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok()) else {
            return;
        };
        let values = Values(form);
        let fields = check.as_ref().map(|check| check(&values)).unwrap_or_default();
        let refused = if !fields.is_empty() {
            Some(AppError::Invalid { fields })
        } else if offline.get_untracked() {
            Some(AppError::Offline)
        } else {
            None
        };
        if refused.is_some() {
            event.prevent_default();
            state.error.set(refused);
            focus_on_fault(values);
        } else {
            state.error.set(None);
            wait(state.pending, waiting);
        }
    };

    let on_input = move |event: ev::Event| {
        let input = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let form = input.as_ref().and_then(|input| input.closest("form").ok()?);
        let (Some(form), Some(input)) = (form, input) else {
            return;
        };
        mark_edited(&form, &input);
        if let Some(name) = input.get_attribute("name") {
            forgive(state.error, &name);
        }
    };

    view! {
        <form method="post" action=action class=class on:submit=on_submit on:input=on_input node_ref=node>
            <Sent />
            {children()}
        </form>
    }
}

/// The words above the fields: the form's own error, or a list of links when several fields are at fault.
#[component]
pub fn FormErrors() -> impl IntoView {
    let error = FormState::of_form().error;
    move || match error.get() {
        // The one field says it itself, and takes the focus.
        Some(AppError::Invalid { fields }) if fields.len() == 1 => None,
        error => error.map(|error| view! { <Refusal error /> }),
    }
}

/// Why a form was refused. Takes the focus: in the browser by `focus_on_fault`, on a page that the server sent by
/// `autofocus`. Used alone where a page has many small forms.
#[component]
pub fn Refusal(error: AppError) -> impl IntoView {
    let sentence = match (&error, use_context::<SignedInAs>()) {
        (AppError::OtherAccount, Some(account)) => messages::signed_in_as(&account.display_name),
        _ => messages::error_sentence(&error),
    };
    let fields = match error {
        AppError::Invalid { fields } => fields,
        _ => Vec::new(),
    };
    let links = fields
        .into_iter()
        .map(|fault| {
            let target = format!("#{}", control_name(fault.field));
            // `external`: left to the browser, which moves the focus along.
            view! {
                <li>
                    <a href=target rel="external">
                        {messages::problem(fault.field, fault.problem)}
                    </a>
                </li>
            }
        })
        .collect_view();
    view! {
        <div class="banner banner--danger" role="alert" tabindex="-1" autofocus data-summary>
            <Icon name="alert" />
            <div>
                <p>{sentence}</p>
                <ul class="banner-list">{links}</ul>
            </div>
        </div>
    }
}

/// The button that sends the form around it. Keeps its width while it waits.
#[component]
pub fn Submit(
    label: &'static str,
    #[prop(default = "button")] class: &'static str,
    /// What the button is about where its label alone could mean several things; read out after the label.
    #[prop(optional, into)]
    about: Option<String>,
) -> impl IntoView {
    let pending = FormState::of_form().pending;
    view! {
        <button type="submit" class=class aria-disabled=move || pending.get().then_some("true")>
            {label}
            {about.map(|about| view! { <span class="visually-hidden">{format!(" {about}")}</span> })}
        </button>
    }
}

/// Takes back what was said about an input as soon as it is edited.
fn forgive(error: RwSignal<Option<AppError>>, name: &str) {
    let left = error.with_untracked(|error| match error {
        Some(AppError::Invalid { fields }) if fields.iter().any(|fault| control_name(fault.field) == name) => {
            Some(fields.iter().filter(|fault| control_name(fault.field) != name).copied().collect::<Vec<_>>())
        }
        _ => None,
    });
    if let Some(fields) = left {
        error.set((!fields.is_empty()).then_some(AppError::Invalid { fields }));
    }
}

/// Marks a form as sent and says so, until the answer replaces the page. Coming back to the page, or waiting too long,
/// undoes it.
fn wait(pending: RwSignal<bool>, waiting: RwSignal<bool>) {
    let set = move |to: bool| {
        // By then the form may be gone.
        pending.try_set(to);
        waiting.set(to);
    };
    set(true);
    window_event_listener(ev::pageshow, move |_| set(false));
    set_timeout(move || set(false), PENDING_AT_MOST);
}

/// Moves the focus to the summary, or to the one field at fault, as soon as they are drawn.
fn focus_on_fault(values: Values) {
    request_animation_frame(move || {
        let fault = values.find("[data-summary]").or_else(|| values.find("[aria-invalid=true]"));
        if let Some(fault) = fault {
            // A refusal to focus leaves the page as it is, which is fine.
            let _ = fault.focus();
        }
    });
}

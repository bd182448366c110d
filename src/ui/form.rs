//! HTML forms with progressive enhancement. After hydration, fields are validated before the form is sent, the button
//! shows that the form is pending, and a second click does nothing. Without JavaScript the form is posted as it is, and
//! the server redirects back to the page with the error. All forms of the app use these components.

use super::{
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

/// How long a button stays disabled: the user may have stopped the page load.
const MAX_PENDING: Duration = Duration::from_secs(15);

/// The values of a form's inputs.
pub struct Values(HtmlFormElement);

impl Values {
    /// Returns the value of the input for `field`, or an empty string if the form has none.
    pub fn get(&self, field: &Field) -> String {
        let Some(control) = self.find(&format!("[name={}]", field.name())) else {
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

/// A check in the browser before the form is sent. Returns the invalid fields.
pub type Check = Box<dyn Fn(&Values) -> Vec<FieldError> + Send>;

/// A form that posts to `action`.
#[component]
pub fn Form(
    action: &'static str,
    #[prop(default = "form")] class: &'static str,
    /// The check in the browser. The server validates again.
    #[prop(optional)]
    check: Option<Check>,
    /// The server's error for this form.
    #[prop(optional_no_strip)]
    error: Option<AppError>,
    children: Children,
) -> impl IntoView {
    let state = FormState::new(error);
    provide_context(state);
    let (offline, waiting) = (use_offline(), use_waiting());

    let node = NodeRef::<leptos::html::Form>::new();
    if check.is_some() {
        // Only with JavaScript: otherwise the browser's own validation is useful.
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
        let error = if !fields.is_empty() {
            Some(AppError::Invalid { fields })
        } else if offline.get_untracked() {
            Some(AppError::Offline)
        } else {
            None
        };
        if error.is_some() {
            event.prevent_default();
            state.error.set(error);
            focus_on_error(values);
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
            clear_error(state.error, &name);
        }
    };

    view! {
        <form method="post" action=action class=class on:submit=on_submit on:input=on_input node_ref=node>
            <Sent />
            {children()}
        </form>
    }
}

/// Shows the form's error above the fields, or a list of links if several fields are invalid.
#[component]
pub fn FormErrors() -> impl IntoView {
    let error = FormState::of_form().error;
    move || match error.get() {
        // A single invalid field shows its own error and takes the focus.
        Some(AppError::Invalid { fields }) if fields.len() == 1 => None,
        error => error.map(|error| view! { <Refusal error /> }),
    }
}

/// Shows why a form was rejected. Takes the focus: by `focus_on_error` in the browser, by `autofocus` after a page
/// load. Pages with many small forms use it directly.
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
        .map(|error| {
            let target = format!("#{}", error.field.name());
            // `external`, so that the browser follows the link and moves the focus.
            view! {
                <li>
                    <a href=target rel="external">
                        {messages::problem(&error.field, error.problem)}
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

/// The submit button of the form around it.
#[component]
pub fn Submit(
    label: &'static str,
    #[prop(default = "button")] class: &'static str,
    /// Context for screen readers, read after the label, if several buttons have the same label.
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

/// Clears the error of an input when it is edited.
fn clear_error(error: RwSignal<Option<AppError>>, name: &str) {
    let remaining = error.with_untracked(|error| match error {
        Some(AppError::Invalid { fields }) if fields.iter().any(|field| field.field.name() == name) => {
            Some(fields.iter().filter(|field| field.field.name() != name).cloned().collect::<Vec<_>>())
        }
        _ => None,
    });
    if let Some(fields) = remaining {
        error.set((!fields.is_empty()).then_some(AppError::Invalid { fields }));
    }
}

/// Marks a form as pending until the response replaces the page. Returning to the page or a timeout resets it.
fn wait(pending: RwSignal<bool>, waiting: RwSignal<bool>) {
    let set = move |to: bool| {
        // The form may no longer exist.
        pending.try_set(to);
        waiting.set(to);
    };
    set(true);
    window_event_listener(ev::pageshow, move |_| set(false));
    set_timeout(move || set(false), MAX_PENDING);
}

/// Moves the focus to the error summary, or to the invalid field, after rendering.
fn focus_on_error(values: Values) {
    request_animation_frame(move || {
        let target = values.find("[data-summary]").or_else(|| values.find("[aria-invalid=true]"));
        if let Some(target) = target {
            // If focusing fails, the page is still usable.
            let _ = target.focus();
        }
    });
}

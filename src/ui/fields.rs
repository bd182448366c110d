//! Labelled inputs. The label stands above, the hint under it, and what is wrong under the input, tied together for
//! screen readers. Inside a `Form` they show that form's errors.

use super::{
    form::FormState,
    icons::Icon,
    markup::{InertElement, escape},
    words,
};
use crate::error::{AppError, Field};
use leptos::prelude::*;

/// The `name` and `id` of the input for `field`: what the server function calls the argument.
pub fn control_name(field: Field) -> &'static str {
    match field {
        Field::Email => "email",
        Field::Password => "password",
        Field::DisplayName => "display_name",
        Field::Bio => "bio",
        Field::UserId => "user_id",
        Field::Role => "role",
        Field::OldPassword => "old_password",
        Field::Digits => "digits",
    }
}

/// A single line of text.
#[component]
pub fn TextField(
    field: Field,
    label: &'static str,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(default = "text")] kind: &'static str,
    autocomplete: &'static str,
    #[prop(optional, into)] value: String,
    #[prop(optional)] required: bool,
    #[prop(optional)] max_length: Option<u32>,
) -> impl IntoView {
    let name = control_name(field);
    let input = view! {
        <input
            class="input"
            id=name
            name=name
            type=kind
            value=value
            autocomplete=autocomplete
            required=required
            maxlength=max_length.map(|max| max.to_string())
            aria-describedby=described_by(name, hint.is_some())
            aria-invalid=invalid(field)
        />
    };
    labelled(field, label, hint, required, input.into_any())
}

/// Several lines of text.
#[component]
pub fn TextArea(
    field: Field,
    label: &'static str,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] value: String,
    #[prop(optional)] max_length: Option<u32>,
) -> impl IntoView {
    let name = control_name(field);
    let area = view! {
        <textarea
            class="input"
            id=name
            name=name
            rows="5"
            maxlength=max_length.map(|max| max.to_string())
            aria-describedby=described_by(name, hint.is_some())
            aria-invalid=invalid(field)
            // Leptos writes a textarea's children as they are: user text goes in escaped.
            inner_html=escape(&value)
        ></textarea>
    };
    labelled(field, label, hint, false, area.into_any())
}

/// A password, with a button that shows it.
#[component]
pub fn PasswordField(
    #[prop(default = Field::Password)] field: Field,
    label: &'static str,
    #[prop(optional, into)] hint: Option<String>,
    /// `current-password` or `new-password`.
    autocomplete: &'static str,
    /// Called with the value at each change.
    #[prop(optional)]
    on_change: Option<Box<dyn Fn(String) + Send>>,
) -> impl IntoView {
    let name = control_name(field);
    let shown = RwSignal::new(false);
    let input = view! {
        <div class="input-group">
            <input
                class="input"
                id=name
                name=name
                type=move || if shown.get() { "text" } else { "password" }
                autocomplete=autocomplete
                required
                spellcheck="false"
                autocapitalize="none"
                aria-describedby=described_by(name, hint.is_some())
                aria-invalid=invalid(field)
                on:input=move |event| {
                    if let Some(on_change) = &on_change {
                        on_change(event_target_value(&event));
                    }
                }
            />
            <button
                type="button"
                class="input-button needs-js"
                aria-controls=name
                on:click=move |_| shown.update(|shown| *shown = !*shown)
            >
                {move || if shown.get() { "Hide" } else { "Show" }}
                <span class="visually-hidden">" password"</span>
            </button>
        </div>
    };
    labelled(field, label, hint, true, input.into_any())
}

/// Label, hint, control and error. One function for all kinds of control, so that its code is in the download once.
fn labelled(
    field: Field,
    label: &'static str,
    hint: Option<String>,
    required: bool,
    control: AnyView,
) -> impl IntoView {
    let name = control_name(field);
    let hint = hint.map(|hint| {
        view! {
            <p class="hint" id=format!("{name}-hint")>
                {hint}
            </p>
        }
    });
    let note = if required { "" } else { r#"<span class="label-note"> optional</span>"# };
    let state = FormState::of_form();
    let message = move || problem_in(state, field).map(|text| view! { <Icon name="alert" /> <span>{text}</span> });
    view! {
        <div class="field">
            {InertElement::new(format!(r#"<label class="label" for="{name}">{label}{note}</label>"#, label = escape(label)))}
            {hint}
            {control}
            <p class="field-error" id=format!("{name}-error")>
                {message}
            </p>
        </div>
    }
}

fn described_by(name: &str, has_hint: bool) -> String {
    if has_hint { format!("{name}-hint {name}-error") } else { format!("{name}-error") }
}

fn invalid(field: Field) -> impl Fn() -> Option<&'static str> + Send + Clone + 'static {
    let state = FormState::of_form();
    move || problem_in(state, field).map(|_| "true")
}

fn problem_in(state: FormState, field: Field) -> Option<String> {
    state.error.with(|error| {
        let problem = error.as_ref().and_then(|error: &AppError| error.problem_of(field))?;
        Some(words::problem(field, problem))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_area_is_rendered_with_its_text_escaped() {
        Owner::new().with(|| {
            let html = view! { <TextArea field=Field::Bio label="About you" value="</textarea><b>" /> }.to_html();
            assert!(html.contains("&lt;/textarea&gt;&lt;b&gt;</textarea>"), "{html}");
        });
    }

    #[test]
    fn an_input_names_its_hint_and_its_error() {
        Owner::new().with(|| {
            let html = view! {
                <TextField field=Field::Email label="Email" hint="Yours" autocomplete="username" required=true />
            }
            .to_html();
            assert!(html.contains(r#"aria-describedby="email-hint email-error""#), "{html}");
            assert!(html.contains(r#"for="email""#) && html.contains(r#"id="email""#), "{html}");
            assert!(!html.contains("optional"), "{html}");
        });
    }
}

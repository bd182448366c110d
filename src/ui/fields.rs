//! Labelled inputs, each with a hint above and an error below, linked
//! for screen readers. In a `Form` they show that form's errors.

use super::{form_state::FormState, icons::Icon, messages};
use crate::error::Field;
use leptos::prelude::*;

/// An input for one line of text.
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
    /// The `inputmode`, if `kind` does not imply it.
    #[prop(optional)]
    input_mode: Option<&'static str>,
) -> impl IntoView {
    let name = field.name().to_owned();
    let described_by = described_by(&name, hint.is_some());
    let invalid = invalid(field.clone());
    view! {
        <Labelled field label hint required>
            <input
                class="input"
                id=name.clone()
                name=name
                type=kind
                value=value
                autocomplete=autocomplete
                inputmode=input_mode
                required=required
                maxlength=max_length
                aria-describedby=described_by
                aria-invalid=invalid
            />
        </Labelled>
    }
}

/// An input for several lines of text.
#[component]
pub fn TextArea(
    field: Field,
    label: &'static str,
    #[prop(optional, into)] hint: Option<String>,
    #[prop(optional, into)] value: String,
    #[prop(optional)] max_length: Option<u32>,
) -> impl IntoView {
    let name = field.name().to_owned();
    let described_by = described_by(&name, hint.is_some());
    let invalid = invalid(field.clone());
    view! {
        <Labelled field label hint required=false>
            <textarea
                class="input"
                id=name.clone()
                name=name
                rows="5"
                maxlength=max_length
                aria-describedby=described_by
                aria-invalid=invalid
                // Leptos does not escape the children of a textarea.
                inner_html=content_of_textarea(&value)
            ></textarea>
        </Labelled>
    }
}

/// A password input with a button that shows the password.
#[component]
pub fn PasswordField(
    #[prop(default = Field::PASSWORD)] field: Field,
    label: &'static str,
    #[prop(optional, into)] hint: Option<String>,
    /// `current-password` or `new-password`.
    autocomplete: &'static str,
    /// Called with the value on each change.
    #[prop(optional)]
    on_change: Option<Box<dyn Fn(String) + Send>>,
) -> impl IntoView {
    let name = field.name().to_owned();
    let described_by = described_by(&name, hint.is_some());
    let invalid = invalid(field.clone());
    let shown = RwSignal::new(false);
    view! {
        <Labelled field label hint required=true>
            <div class="input-group">
                <input
                    class="input"
                    id=name.clone()
                    name=name.clone()
                    type=move || if shown.get() { "text" } else { "password" }
                    autocomplete=autocomplete
                    required
                    spellcheck="false"
                    autocapitalize="none"
                    aria-describedby=described_by
                    aria-invalid=invalid
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
        </Labelled>
    }
}

/// The label, the hint and the error of an input.
#[component]
fn Labelled(
    field: Field,
    label: &'static str,
    hint: Option<String>,
    required: bool,
    children: Children,
) -> impl IntoView {
    let name = field.name().to_owned();
    let form = FormState::of_form();
    view! {
        <div class="field">
            <label class="label" for=name.clone()>
                {label}
                {(!required).then(|| view! { <span class="label-note">" optional"</span> })}
            </label>
            {hint
                .map(|hint| {
                    view! {
                        <p class="hint" id=format!("{name}-hint")>
                            {hint}
                        </p>
                    }
                })}
            {children()}
            <p class="field-error" id=format!("{name}-error")>
                {move || {
                    form.problem_of(&field)
                        .map(|problem| {
                            view! {
                                <Icon name="alert" />
                                <span>{messages::problem(&field, problem)}</span>
                            }
                        })
                }}
            </p>
        </div>
    }
}

/// Returns the `aria-describedby` of an input.
fn described_by(name: &str, has_hint: bool) -> String {
    if has_hint { format!("{name}-hint {name}-error") } else { format!("{name}-error") }
}

/// Returns the `aria-invalid` of an input.
fn invalid(field: Field) -> impl Fn() -> Option<&'static str> + Clone + Send + 'static {
    let form = FormState::of_form();
    move || form.problem_of(&field).map(|_| "true")
}

/// Returns `text` as the inner HTML of a textarea.
fn content_of_textarea(text: &str) -> String {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    // An HTML parser drops a line break right after the tag (HTML, "the textarea element"); `innerHTML` does not.
    if cfg!(feature = "ssr") { format!("\n{escaped}") } else { escaped }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{AppError, ValidationError};

    const BIO: Field = Field::named("bio");

    /// Renders as on the server, without hydration markers.
    fn html(view: impl IntoView) -> String {
        view.to_html().replace("<!>", "")
    }

    #[test]
    fn a_text_area_is_rendered_with_its_text_escaped() {
        Owner::new().with(|| {
            let html = html(view! { <TextArea field=BIO label="About you" value="</textarea><b>&amp;" /> });
            assert!(html.contains("&lt;/textarea&gt;&lt;b&gt;&amp;amp;</textarea>"), "{html}");
        });
    }

    #[test]
    fn a_text_that_begins_with_a_line_break_keeps_it() {
        Owner::new().with(|| {
            let html = html(view! { <TextArea field=BIO label="About you" value="\nMe" /> });
            // The first one is none of the text (HTML, "the textarea element").
            assert!(html.contains(">\n\nMe</textarea>"), "{html}");
        });
    }

    #[test]
    fn an_error_is_shown_only_at_its_field() {
        Owner::new().with(|| {
            let error = AppError::invalid(BIO, ValidationError::TooLong { max: 3 });
            provide_context(FormState::new(Some(error)));
            let bio = html(view! { <TextArea field=BIO label="About you" max_length=3_u32 value="four" /> });
            let words = messages::problem(&BIO, ValidationError::TooLong { max: 3 });
            assert!(bio.contains(r#" maxlength="3""#) && bio.contains(r#" aria-invalid="true""#), "{bio}");
            assert!(bio.contains(&format!("<span>{words}</span></p>")), "{bio}");
            let name = html(view! { <TextField field=Field::DISPLAY_NAME label="Name" autocomplete="name" /> });
            assert!(
                !name.contains("aria-invalid") && name.contains(r#"id="display_name-error" class="field-error"></p>"#),
                "{name}"
            );
        });
    }

    #[test]
    fn an_input_names_its_hint_and_its_error() {
        Owner::new().with(|| {
            let html = html(view! {
                <TextField field=Field::EMAIL label="Email" hint="Yours" autocomplete="username" required=true />
            });
            assert!(html.contains(r#"aria-describedby="email-hint email-error""#), "{html}");
            assert!(html.contains(r#"for="email""#) && html.contains(r#"id="email""#), "{html}");
            assert!(!html.contains("optional"), "{html}");
        });
    }
}

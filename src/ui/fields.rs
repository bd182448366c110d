//! Labelled inputs. The label stands above, the hint under it, and what is wrong under the input, tied together for
//! screen readers. Inside a `Form` they show that form's errors.

use super::{
    form::FormError,
    icons::icon_markup,
    markup::{InertElement, Markup, markup},
    words,
};
use crate::error::{AppError, Field, FieldError, Problem};
use leptos::{prelude::*, web_sys::Element};

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
    /// Which keys a keyboard on the screen shows, where `kind` does not say it.
    #[prop(optional)]
    input_mode: Option<&'static str>,
) -> impl IntoView {
    let parts = Parts::of(field, label, hint, required);
    let control = markup!(
        r#"<input class="input" type="{kind}" value="{value}" autocomplete="{autocomplete}"{mode}{required}{length}{common}>"#,
        kind = kind,
        value = value,
        autocomplete = autocomplete,
        mode = input_mode.map(|mode| markup!(r#" inputmode="{mode}""#, mode = mode)).unwrap_or_default(),
        required = Markup::literal(if required { " required" } else { "" }),
        length = length(max_length),
        common = parts.attributes(),
    );
    parts.around(control)
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
    let parts = Parts::of(field, label, hint, false);
    // The line break is HTML's: one right behind the tag is no part of the text.
    let control = markup!(
        "<textarea class=\"input\" rows=\"5\"{length}{common}>\n{value}</textarea>",
        length = length(max_length),
        common = parts.attributes(),
        value = value,
    );
    parts.around(control)
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
    let parts = Parts::of(field, label, hint, true);
    let shown = RwSignal::new(false);
    view! {
        <div class="field">
            {InertElement::new(parts.label)}
            {parts.hint.map(InertElement::new)}
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
                    aria-describedby=parts.described_by
                    aria-invalid=parts.fault.is_some().then_some("true")
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
            {InertElement::new(error_place(name, parts.fault))}
        </div>
    }
}

/// What stands around the control of a field.
struct Parts {
    name: &'static str,
    label: Markup,
    hint: Option<Markup>,
    /// The ids of what a screen reader reads out with the control.
    described_by: String,
    /// What is wrong with it on the page that the server sent.
    fault: Option<Markup>,
}

impl Parts {
    fn of(field: Field, label: &'static str, hint: Option<String>, required: bool) -> Self {
        let name = control_name(field);
        let label = markup!(
            r#"<label class="label" for="{name}">{label}{note}</label>"#,
            name = name,
            label = label,
            note = Markup::literal(if required { "" } else { r#"<span class="label-note"> optional</span>"# }),
        );
        let described_by = if hint.is_some() { format!("{name}-hint {name}-error") } else { format!("{name}-error") };
        let hint = hint.map(|hint| markup!(r#"<p class="hint" id="{name}-hint">{hint}</p>"#, name = name, hint = hint));
        let problem = FormError::of_form().with_untracked(|error| error.as_ref()?.problem_of(field));
        let fault = problem.map(|problem| fault(field, problem));
        Self { name, label, hint, described_by, fault }
    }

    /// The attributes of every control.
    fn attributes(&self) -> Markup {
        markup!(
            r#" id="{name}" name="{name}" aria-describedby="{described_by}"{invalid}"#,
            name = self.name,
            described_by = self.described_by.as_str(),
            invalid = Markup::literal(if self.fault.is_some() { r#" aria-invalid="true""# } else { "" }),
        )
    }

    fn around(self, control: Markup) -> impl IntoView {
        InertElement::new(markup!(
            r#"<div class="field">{label}{hint}{control}{error}</div>"#,
            label = self.label,
            hint = self.hint.unwrap_or_default(),
            control = control,
            error = error_place(self.name, self.fault),
        ))
    }
}

fn length(max: Option<u32>) -> Markup {
    max.map(|max| markup!(r#" maxlength="{max}""#, max = max.to_string())).unwrap_or_default()
}

/// Where it is said what is wrong with a field.
fn error_place(name: &'static str, fault: Option<Markup>) -> Markup {
    let fault = fault.unwrap_or_default();
    markup!(r#"<p class="field-error" id="{name}-error">{fault}</p>"#, name = name, fault = fault)
}

fn fault(field: Field, problem: Problem) -> Markup {
    markup!("{icon}<span>{words}</span>", icon = icon_markup("alert"), words = words::problem(field, problem))
}

/// Says at each field of a form what is wrong with it by `error`, and no longer what was. In the browser.
pub(super) fn mark_faults(form: &Element, error: Option<&AppError>) {
    let find = |selector: &str| form.query_selector(selector).ok().flatten();
    let place = |name: &str| find(&format!("#{name}-error"));
    while let Some(control) = find("[aria-invalid]") {
        // Neither is refused, or this would not end.
        let _ = control.remove_attribute("aria-invalid");
        if let Some(place) = control.get_attribute("name").and_then(|name| place(&name)) {
            place.set_inner_html("");
        }
    }
    let Some(AppError::Invalid { fields }) = error else {
        return;
    };
    for &FieldError { field, problem } in fields {
        let name = control_name(field);
        if let (Some(control), Some(place)) = (find(&format!("[name={name}]")), place(name)) {
            let _ = control.set_attribute("aria-invalid", "true");
            place.set_inner_html(&fault(field, problem).to_string());
        }
    }
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
    fn a_text_that_begins_with_a_line_break_keeps_it() {
        Owner::new().with(|| {
            let html = view! { <TextArea field=Field::Bio label="About you" value="\nMe" /> }.to_html();
            // The first one is none of the text (HTML, "the textarea element").
            assert!(html.contains(">\n\nMe</textarea>"), "{html}");
        });
    }

    #[test]
    fn what_is_wrong_stands_at_its_field_and_at_no_other() {
        Owner::new().with(|| {
            let error = AppError::invalid(Field::Bio, Problem::TooLong { max: 3 });
            provide_context(FormError(RwSignal::new(Some(error))));
            let bio = view! { <TextArea field=Field::Bio label="About you" max_length=3_u32 value="four" /> }.to_html();
            let words = Markup::from(words::problem(Field::Bio, Problem::TooLong { max: 3 })).to_string();
            assert!(bio.contains(r#" maxlength="3""#) && bio.contains(r#" aria-invalid="true""#), "{bio}");
            assert!(bio.contains(&format!("<span>{words}</span></p>")), "{bio}");
            let name = view! { <TextField field=Field::DisplayName label="Name" autocomplete="name" /> }.to_html();
            assert!(!name.contains("aria-invalid") && name.contains(r#"id="display_name-error"></p>"#), "{name}");
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

//! The form that asks a user to authenticate again before a sensitive action, so that an unattended screen is not
//! enough. Used by pages whose server functions call `require_recent`.

use crate::{
    error::{Field, FieldError, ValidationError},
    ui::{
        Check, Form, FormErrors, PasswordField, Submit, Values,
        flash::{Flash, use_site},
        time::duration,
    },
};
use leptos::prelude::*;

/// Asks for the password, or emails a link to an account without
/// one, then returns to `next` with the input of its form.
#[component]
pub fn StepUp(
    next: &'static str,
    email: String,
    has_password: bool,
    /// The error and the input of the form that needs this.
    flash: Flash,
) -> impl IntoView {
    let typed = flash.typed(&Field::EMAIL);
    let error = flash.error;
    let link_error = if has_password { None } else { error.clone() };
    let username = email.clone();
    let by_password = has_password.then(|| {
        let check: Check = Box::new(password_errors);
        view! {
            <Form action="/api/auth/step_up" check error=error.clone()>
                <FormErrors />
                <input type="hidden" name="next" value=next />
                <input type="hidden" name="email" value=typed />
                <input type="text" name="username" autocomplete="username" value=username readonly hidden />
                <PasswordField label="Your password" autocomplete="current-password" />
                <Submit label="Confirm" />
            </Form>
        }
    });
    let by_link = use_site().mail.then(|| {
        view! {
            <Form action="/api/auth/send_magic_link" class="inline-form" error=link_error>
                <input type="hidden" name="next" value=next />
                <input type="hidden" name="email" value=email />
                <Submit
                    label=if has_password { "Send me a link instead" } else { "Send me a link" }
                    class="button button--quiet"
                />
            </Form>
        }
    });
    view! {
        <section class="setting" aria-labelledby="step-up-title">
            <div class="setting-head">
                <h2 id="step-up-title">"Confirm access"</h2>
                <p>{format!("You logged in a while ago. We won't ask again for {}.", duration(use_site().sudo_ttl))}</p>
            </div>
            <div class="setting-body">
                {by_password}
                {by_link}
            </div>
        </section>
    }
}

fn password_errors(values: &Values) -> Vec<FieldError> {
    if values.get(&Field::PASSWORD).is_empty() {
        vec![FieldError { field: Field::PASSWORD, problem: ValidationError::Missing }]
    } else {
        Vec::new()
    }
}

//! The form that proves anew who sits at an unlocked screen, in the place of the form that needs it. Used by pages whose
//! server functions ask `require_recent`.

use crate::{
    error::{Field, FieldError, Problem},
    ui::{Check, Form, FormErrors, PasswordField, Submit, Values, control_name, flash::Flash},
};
use leptos::prelude::*;

/// Asks for the password, or sends a mail where there is none, and leads back to `next` with what was typed there.
#[component]
pub fn StepUp(
    next: &'static str,
    email: String,
    has_password: bool,
    /// What led here: the error of the form that was sent, and what stood in it.
    flash: Flash,
) -> impl IntoView {
    let typed = flash.typed(control_name(Field::Email));
    let refused = flash.error;
    let mailed = if has_password { None } else { refused.clone() };
    let own = email.clone();
    let by_password = has_password.then(|| {
        let check: Check = Box::new(faults);
        view! {
            <Form action="/api/auth/step_up" check error=refused.clone()>
                <FormErrors />
                <input type="hidden" name="next" value=next />
                <input type="hidden" name="email" value=typed />
                <input type="text" name="username" autocomplete="username" value=own readonly hidden />
                <PasswordField label="Your password" autocomplete="current-password" />
                <Submit label="Confirm that it's me" />
            </Form>
        }
    });
    view! {
        <section class="setting" aria-labelledby="step-up-title">
            <div class="setting-head">
                <h2 id="step-up-title">"Is it still you?"</h2>
                <p>"You logged in a while ago. This is asked once, then not for the next 15 minutes."</p>
            </div>
            <div class="setting-body">
                {by_password}
                <Form action="/api/auth/send_magic_link" class="inline-form" error=mailed>
                    <input type="hidden" name="next" value=next />
                    <input type="hidden" name="email" value=email />
                    <Submit
                        label=if has_password { "Send me a link instead" } else { "Send me a link" }
                        class="button button--quiet"
                    />
                </Form>
            </div>
        </section>
    }
}

fn faults(values: &Values) -> Vec<FieldError> {
    if values.get(Field::Password).is_empty() {
        vec![FieldError { field: Field::Password, problem: Problem::Missing }]
    } else {
        Vec::new()
    }
}

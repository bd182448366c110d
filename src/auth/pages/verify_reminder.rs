//! The banner that asks a user to verify their email address. Used by the page that users see first after sign-up.

use crate::{
    auth::browser::identity::identity,
    error::Field,
    ui::{
        Form, Icon, Refusal, Submit,
        flash::{use_flash, use_site},
    },
};
use leptos::prelude::*;

/// Asks the user to verify their address; renders nothing once it is verified, or without mail.
#[component]
pub fn VerifyReminder() -> impl IntoView {
    // The page's own form has no email field, so it can't show this error.
    let error = use_flash().error.filter(|error| error.problem_of(&Field::EMAIL).is_some());
    let sends_mail = use_site().mail;
    identity().filter(|user| sends_mail && !user.email_verified).map(|user| {
        view! {
            {error.map(|error| view! { <Refusal error /> })}
            <div class="banner reminder" role="note">
                <Icon name="alert" />
                <div>
                    <p>
                        "Verify your email address: " <b>{user.email}</b>
                        ". Until then, anyone who can read email sent there can take over this account."
                    </p>
                    <Form action="/api/auth/send_verification" class="inline-form">
                        <Submit label="Send verification email" class="button button--quiet button--small" />
                    </Form>
                </div>
            </div>
        }
    })
}

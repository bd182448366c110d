//! What stands on a page as long as nobody has shown that mail reaches the owner of the account. Used by features whose
//! page is the one that people come to after they signed up.

use crate::{
    auth::browser::identity::identity,
    error::Field,
    ui::{Form, Icon, Refusal, Submit, flash::use_flash},
};
use leptos::prelude::*;

/// Asks the visitor to verify their address; nothing once it is verified.
#[component]
pub fn VerifyReminder() -> impl IntoView {
    // The page's own form has no address, and could not show what is wrong with it.
    let refused = use_flash().error.filter(|error| error.problem_of(Field::Email).is_some());
    identity().filter(|who| !who.email_verified).map(|who| {
        view! {
            {refused.map(|error| view! { <Refusal error /> })}
            <div class="banner reminder" role="note">
                <Icon name="alert" />
                <div>
                    <p>
                        "Nobody has shown yet that " <b>{who.email}</b>
                        " is yours. Until you do, whoever reads mail there can take this account over."
                    </p>
                    <Form action="/api/auth/send_verification" class="inline-form">
                        <Submit label="Verify it by mail" class="button button--quiet button--small" />
                    </Form>
                </div>
            </div>
        }
    })
}

//! The three demo accounts, each a form that logs in with one press. Only where the demo is seeded.

use crate::ui::{Form, RoleBadge, Submit, flash::use_site};
use leptos::prelude::*;

/// The password of all demo accounts: public, and refused outside of the demo since the accounts do not exist there.
const PASSWORD: &str = "correct-horse-battery";

/// Address, role and what there is to see.
const ACCOUNTS: [(&str, &str, &str); 3] = [
    ("user@demo.test", "user", "A profile to edit. Moderation answers 403."),
    ("moderator@demo.test", "moderator", "The newest accounts as well."),
    ("admin@demo.test", "admin", "Everybody's role: change one and watch it count at once."),
];

#[component]
pub fn DemoAccounts() -> impl IntoView {
    use_site().demo.then(|| {
        let accounts = ACCOUNTS.map(|(email, role, sees)| view! { <DemoAccount email role sees /> }).collect_view();
        view! {
            <section id="demo" class="band" aria-labelledby="demo-title">
                <div class="band-head">
                    <h2 id="demo-title">"Come in as somebody"</h2>
                    <p>"Three accounts, one press each. Entering ends the session you have."</p>
                </div>
                <ul class="demo-list">{accounts}</ul>
            </section>
        }
    })
}

#[component]
fn DemoAccount(email: &'static str, role: &'static str, sees: &'static str) -> impl IntoView {
    view! {
        <li class="demo-account">
            <div>
                <p class="demo-email">
                    <code>{email}</code>
                    <RoleBadge role />
                </p>
                <p class="demo-sees">{sees}</p>
            </div>
            <Form action="/api/auth/log_in" class="demo-form">
                <input type="hidden" name="email" value=email />
                <input type="hidden" name="password" value=PASSWORD />
                <Submit label="Enter" about=format!("as {role}") class="button button--quiet" />
            </Form>
        </li>
    }
}

//! The three demo accounts, each with a button that logs in. Shown only if `demo.seed` is on.

use crate::ui::{Form, RoleBadge, Submit, flash::use_site};
use leptos::prelude::*;

/// The password of all demo accounts. Public: the accounts exist only if `demo.seed` is on.
const PASSWORD: &str = "correct-horse-battery";

/// Address, role, and what the role can see.
const ACCOUNTS: [(&str, &str, &str); 3] = [
    ("user@demo.test", "user", "Has a profile. Moderation returns 403."),
    ("moderator@demo.test", "moderator", "Also sees the newest accounts."),
    ("admin@demo.test", "admin", "Also changes roles, which apply at once."),
];

#[component]
pub fn DemoAccounts() -> impl IntoView {
    use_site().demo.then(|| {
        let accounts = ACCOUNTS.map(|(email, role, sees)| view! { <DemoAccount email role sees /> }).collect_view();
        view! {
            <section id="demo" class="band" aria-labelledby="demo-title">
                <div class="band-head">
                    <h2 id="demo-title">"Try a demo account"</h2>
                    <p>"Log in with one click. This ends your current session."</p>
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
                <Submit label="Log in" about=format!("as {role}") class="button button--quiet" />
            </Form>
        </li>
    }
}

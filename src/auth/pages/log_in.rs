//! `/login`. A plain form post: the navigation that follows updates cookies, identity and page together.

use super::card::{AuthCard, EmailField, LoggedOut, NextInput, Other, credential_errors, use_next, with_next};
use crate::ui::{
    Check, Form, FormErrors, PasswordField, Submit,
    flash::{use_flash, use_site},
};
use leptos::prelude::*;
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn LogInRoute() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/login") view=LogInPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn LogInPage() -> impl IntoView {
    let next = use_next();
    let flash = use_flash();
    let check: Check = Box::new(|values| credential_errors(values, |_| Ok(())));
    let (forgot, magic) = (with_next("/forgot", next.as_deref()), with_next("/magic", next.as_deref()));
    view! {
        <LoggedOut next=next.clone()>
            <AuthCard title="Log in" other=Other { question: "New here?", label: "Create an account", path: "/signup" } next=next.clone()>
                <Form action="/api/auth/log_in" check error=flash.error.clone()>
                    <FormErrors />
                    <NextInput next />
                    <EmailField flash />
                    <PasswordField label="Password" autocomplete="current-password" />
                    <Submit label="Log in" class="button button--wide" />
                </Form>
                {use_site()
                    .mail
                    .then(|| {
                        view! {
                            <p class="auth-other">
                                <a href=forgot>"Forgot your password?"</a>
                                " · "
                                <a href=magic>"Log in by email"</a>
                            </p>
                        }
                    })}
            </AuthCard>
            <DemoHint />
        </LoggedOut>
    }
}

#[component]
fn DemoHint() -> impl IntoView {
    use_site().demo.then(|| {
        view! {
            <aside class="auth-hint" aria-label="Demo accounts">
                <p>
                    "This is a demo. Log in with one click from the " <a href="/#demo" rel="external">"start page"</a>
                    ", or as " <code>"user@demo.test"</code> " with the password " <code>"correct-horse-battery"</code> "."
                </p>
            </aside>
        }
    })
}

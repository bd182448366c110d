//! `/signup`. A plain form post, like `/login`.

use super::{
    card::{AuthCard, EmailField, LoggedOut, NextInput, Other, credential_errors, use_next},
    new_password::NewPasswordField,
};
use crate::{
    auth::model::{DISPLAY_NAME_MAX_LENGTH, check_new_password},
    error::Field,
    ui::{
        Check, Form, FormErrors, Submit, TextField,
        flash::{use_flash, use_site},
    },
};
use leptos::prelude::*;
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn SignUpRoute() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/signup") view=SignUpPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn SignUpPage() -> impl IntoView {
    let next = use_next();
    let flash = use_flash();
    let min = use_site().password_min_length;
    let check: Check = Box::new(move |values| credential_errors(values, |password| check_new_password(password, min)));
    view! {
        <LoggedOut next=next.clone()>
            <AuthCard title="Create an account" other=Other { question: "Already have an account?", label: "Log in", path: "/login" } next=next.clone()>
                <Form action="/api/auth/sign_up" check error=flash.error.clone()>
                    <FormErrors />
                    <NextInput next />
                    <TextField
                        field=Field::DISPLAY_NAME
                        label="Display name"
                        hint="Shown to others. You can change it later."
                        autocomplete="name"
                        max_length=DISPLAY_NAME_MAX_LENGTH
                        value=flash.typed(&Field::DISPLAY_NAME)
                    />
                    <EmailField flash />
                    <NewPasswordField />
                    <Submit label="Create account" class="button button--wide" />
                </Form>
            </AuthCard>
        </LoggedOut>
    }
}

//! `/login` and `/signup`: one column, one thing to do. Plain form posts, so that the answer's navigation brings cookies,
//! identity and page together.

use super::{
    context::identity,
    model::{DISPLAY_NAME_MAX_LENGTH, check_email, check_new_password, local_path, with_query},
    new_password::NewPasswordField,
};
use crate::{
    error::{Field, FieldError, Problem},
    ui::{
        Check, Form, FormErrors, Mark, PasswordField, Submit, TextField, Values, control_name,
        flash::{Flash, use_flash, use_site},
    },
};
use leptos::{either::Either, prelude::*};
use leptos_meta::Title;
use leptos_router::{
    SsrMode,
    components::{Redirect, Route},
    hooks::use_query_map,
    path,
};

/// Where a log-in leads when the visitor did not come from anywhere.
const AFTER_LOG_IN: &str = "/profile";

#[component(transparent)]
pub fn LogInRoute() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/login") view=LogInPage ssr=SsrMode::Async /> }.into_inner()
}

#[component(transparent)]
pub fn SignUpRoute() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/signup") view=SignUpPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn LogInPage() -> impl IntoView {
    let next = use_next();
    let flash = use_flash();
    let check: Check = Box::new(|values| faults(values, |_| Ok(())));
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
                <p class="auth-other">
                    <a href=forgot>"Forgot your password?"</a>
                    " · "
                    <a href=magic>"Log in by mail"</a>
                </p>
            </AuthCard>
            <DemoHint />
        </LoggedOut>
    }
}

#[component]
fn SignUpPage() -> impl IntoView {
    let next = use_next();
    let flash = use_flash();
    let min = use_site().password_min_length;
    let check: Check = Box::new(move |values| faults(values, |password| check_new_password(password, min)));
    view! {
        <LoggedOut next=next.clone()>
            <AuthCard title="Create an account" other=Other { question: "Already have one?", label: "Log in", path: "/login" } next=next.clone()>
                <Form action="/api/auth/sign_up" check error=flash.error.clone()>
                    <FormErrors />
                    <NextInput next />
                    <TextField
                        field=Field::DisplayName
                        label="Display name"
                        hint="What others see. You can change it later."
                        autocomplete="name"
                        max_length=DISPLAY_NAME_MAX_LENGTH
                        value=flash.typed(control_name(Field::DisplayName))
                    />
                    <EmailField flash />
                    <NewPasswordField />
                    <Submit label="Create account" class="button button--wide" />
                </Form>
            </AuthCard>
        </LoggedOut>
    }
}

/// Shows its children to visitors who aren't logged in; others are sent on to `next`.
#[component]
fn LoggedOut(next: Option<String>, children: Children) -> impl IntoView {
    match identity() {
        None => Either::Left(children()),
        Some(_) => Either::Right(view! { <Redirect path=next.unwrap_or_else(|| AFTER_LOG_IN.to_owned()) /> }),
    }
}

/// The way to the other of the two pages.
pub(super) struct Other {
    pub(super) question: &'static str,
    pub(super) label: &'static str,
    pub(super) path: &'static str,
}

/// The column that both pages stand in. `next` goes along to the other page.
#[component]
pub(super) fn AuthCard(title: &'static str, other: Other, next: Option<String>, children: Children) -> impl IntoView {
    let href = with_next(other.path, next.as_deref());
    view! {
        <Title text=title />
        <section class="auth" aria-labelledby="auth-title">
            <Mark />
            <h1 id="auth-title">{title}</h1>
            {children()}
            <p class="auth-other">
                {other.question} " " <a href=href>{other.label}</a>
            </p>
        </section>
    }
}

#[component]
pub(super) fn EmailField(flash: Flash) -> impl IntoView {
    view! {
        <TextField
            field=Field::Email
            label="Email"
            kind="email"
            // `username` is what password managers pair with the password.
            autocomplete="username"
            required=true
            value=flash.typed(control_name(Field::Email))
        />
    }
}

/// Carries the way back through the form.
#[component]
pub(super) fn NextInput(next: Option<String>) -> impl IntoView {
    next.map(|next| view! { <input type="hidden" name="next" value=next /> })
}

#[component]
fn DemoHint() -> impl IntoView {
    use_site().demo.then(|| {
        view! {
            <aside class="auth-hint" aria-label="Demo accounts">
                <p>
                    "This is a demo. Enter with one click from the " <a href="/#demo" rel="external">"start page"</a>
                    ", or as " <code>"user@demo.test"</code> " with " <code>"correct-horse-battery"</code> "."
                </p>
            </aside>
        }
    })
}

/// The address of a page that leads on to `next` in the end.
fn with_next(path: &str, next: Option<&str>) -> String {
    match next {
        Some(next) => with_query(path, "next", next),
        None => path.to_owned(),
    }
}

/// The page to go to after the log-in, if the address names one of this site.
pub(super) fn use_next() -> Option<String> {
    let next = use_query_map().get_untracked().get("next")?;
    local_path(&next).map(str::to_owned)
}

/// The fields at fault, before the form goes; `password` says what is wrong with one that is there.
fn faults(values: &Values, password: impl Fn(&str) -> Result<(), Problem>) -> Vec<FieldError> {
    let typed = values.get(Field::Password);
    let password = if typed.is_empty() { Err(Problem::Missing) } else { password(&typed) };
    let checks = [(Field::Email, check_email(&values.get(Field::Email))), (Field::Password, password)];
    checks.into_iter().filter_map(|(field, check)| check.err().map(|problem| FieldError { field, problem })).collect()
}

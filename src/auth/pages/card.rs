//! Components that the auth pages share: the card around a form, the email field, the hidden `next` field.

use crate::{
    auth::{
        browser::identity::identity,
        model::{check_email, local_path, with_query},
    },
    brand::AFTER_LOG_IN,
    error::{Field, FieldError, ValidationError},
    ui::{Mark, TextField, Values, flash::Flash},
};
use leptos::{either::Either, prelude::*};
use leptos_meta::Title;
use leptos_router::{components::Redirect, hooks::use_query_map};

/// Shows its children to anonymous visitors; redirects others to `next`.
#[component]
pub(super) fn LoggedOut(next: Option<String>, children: Children) -> impl IntoView {
    match identity() {
        None => Either::Left(children()),
        Some(_) => Either::Right(view! { <Redirect path=next.unwrap_or_else(|| AFTER_LOG_IN.to_owned()) /> }),
    }
}

/// The link to the alternative page, such as from log-in to sign-up.
pub struct Other {
    pub question: &'static str,
    pub label: &'static str,
    pub path: &'static str,
}

/// The card around a form. Passes `next` on to the alternative page.
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
            field=Field::EMAIL
            label="Email"
            kind="email"
            // `username` is what password managers pair with the password.
            autocomplete="username"
            required=true
            value=flash.typed(&Field::EMAIL)
        />
    }
}

/// The hidden input that carries `next` through the form.
#[component]
pub(super) fn NextInput(next: Option<String>) -> impl IntoView {
    next.map(|next| view! { <input type="hidden" name="next" value=next /> })
}

/// Adds `next` to `path` as a query parameter.
pub(super) fn with_next(path: &str, next: Option<&str>) -> String {
    match next {
        Some(next) => with_query(path, "next", next),
        None => path.to_owned(),
    }
}

/// Returns the `next` of the URL if it is a path of this site.
pub(super) fn use_next() -> Option<String> {
    let next = use_query_map().get_untracked().get("next")?;
    local_path(&next).map(str::to_owned)
}

/// Returns the invalid fields of a form with email and password; `password` checks a password that is not empty.
pub(super) fn credential_errors(
    values: &Values,
    password: impl Fn(&str) -> Result<(), ValidationError>,
) -> Vec<FieldError> {
    let typed = values.get(&Field::PASSWORD);
    let password = if typed.is_empty() { Err(ValidationError::Missing) } else { password(&typed) };
    let checks = [(Field::EMAIL, check_email(&values.get(&Field::EMAIL))), (Field::PASSWORD, password)];
    checks.into_iter().filter_map(|(field, check)| check.err().map(|problem| FieldError { field, problem })).collect()
}

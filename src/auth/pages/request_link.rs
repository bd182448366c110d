//! The page that requests an emailed link. Used by `/forgot` and `/magic`.

use super::card::{AuthCard, EmailField, NextInput, Other, use_next};
use crate::{
    auth::{browser::identity::set_status, model::check_email},
    error::{Field, FieldError},
    ui::{
        Check, Form, FormErrors, NotFound, Submit, Values,
        flash::{use_flash, use_site},
    },
};
use leptos::{either::Either, prelude::*};

/// A form with an email field, or the page for 404 if this site sends no mail. `action` is the path of the server
/// function that sends the link.
#[component]
pub(super) fn RequestLink(
    title: &'static str,
    lead: &'static str,
    action: &'static str,
    label: &'static str,
) -> impl IntoView {
    if !use_site().mail {
        set_status(404);
        return Either::Left(view! { <NotFound /> });
    }
    let next = use_next();
    let flash = use_flash();
    let check: Check = Box::new(email_errors);
    let other = Other { question: "Remember your password?", label: "Log in", path: "/login" };
    Either::Right(view! {
        <AuthCard title other next=next.clone()>
            <p class="auth-lead">{lead}</p>
            <Form action check error=flash.error.clone()>
                <FormErrors />
                <NextInput next />
                <EmailField flash />
                <Submit label class="button button--wide" />
            </Form>
        </AuthCard>
    })
}

fn email_errors(values: &Values) -> Vec<FieldError> {
    let problem = check_email(&values.get(&Field::EMAIL)).err();
    problem.map(|problem| FieldError { field: Field::EMAIL, problem }).into_iter().collect()
}

//! `/confirm`: the page that emailed links open, and where the six-digit code is typed. Opening a link changes nothing,
//! because mail scanners open links too.

use super::{confirm_copy::confirm_copy, new_password::NewPasswordField};
use crate::{
    auth::{
        Loaded,
        email_code::{
            api::mailed_code,
            model::{CODE_MINUTES, EmailCode, Needs, Purpose, secret_of_link},
        },
        model::{check_new_password, log_in_path},
    },
    error::{Field, FieldError, ValidationError},
    ui::{
        Check, Form, FormErrors, Mark, Refusal, Submit, TextField,
        flash::{Flash, use_flash, use_site},
    },
};
use leptos::{either::EitherOf3, prelude::*};
use leptos_meta::Title;
use leptos_router::{SsrMode, components::Route, hooks::use_query_map, path};

#[component(transparent)]
pub fn ConfirmRoute() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/confirm") view=ConfirmPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn ConfirmPage() -> impl IntoView {
    // Empty without a link: the visitor types the code.
    let link = secret_of_link(&use_query_map().get_untracked().get("code").unwrap_or_default());
    let flash = use_flash();
    let data = mailed_code(link.clone());
    let show = move |mailed: Option<EmailCode>| match mailed {
        None => EitherOf3::A(view! { <Spent flash by_link=!link.is_empty() /> }),
        Some(mailed) if mailed.needs == Needs::LogIn => EitherOf3::B(view! { <LogInFirst mailed link /> }),
        Some(mailed) => EitherOf3::C(view! { <Confirm mailed link flash /> }),
    };
    view! {
        <section class="auth">
            <Mark />
            <Loaded data view=show />
        </section>
    }
}

/// Returns the title of the page.
fn title_of(mailed: &EmailCode, link: &str) -> &'static str {
    if link.is_empty() { "Check your email" } else { confirm_copy(mailed.purpose).title }
}

/// Returns the path of the page for a link.
fn path_of(link: &str) -> String {
    format!("/confirm?code={link}")
}

/// Shown for a code that requires its account to be logged in.
#[component]
fn LogInFirst(mailed: EmailCode, link: String) -> impl IntoView {
    let title = title_of(&mailed, &link);
    view! {
        <Title text=title />
        <h1>{title}</h1>
        <p class="auth-lead">"This link belongs to an account that isn't logged in here. Log in to continue."</p>
        <a class="button button--wide" href=log_in_path(&path_of(&link))>
            "Log in"
        </a>
    }
}

/// Says what the code does, and has the form that redeems it.
#[component]
fn Confirm(mailed: EmailCode, link: String, flash: Flash) -> impl IntoView {
    let copy = confirm_copy(mailed.purpose);
    let by_digits = link.is_empty();
    let title = title_of(&mailed, &link);
    let min = use_site().password_min_length;
    let needs_password = mailed.needs == Needs::NewPassword;
    let check: Check = Box::new(move |values| {
        let digits = values.get(&Field::DIGITS);
        let digits = (by_digits && digits.trim().is_empty())
            .then_some(FieldError { field: Field::DIGITS, problem: ValidationError::Missing });
        let password = needs_password.then(|| check_new_password(&values.get(&Field::PASSWORD), min).err()).flatten();
        let password = password.map(|problem| FieldError { field: Field::PASSWORD, problem });
        digits.into_iter().chain(password).collect()
    });
    let log_in_instead = mailed.or_log_in.then(|| {
        view! {
            <p class="auth-other">
                "Know your password? " <a href=log_in_path(&path_of(&link))>"Log in"</a> " to keep it."
            </p>
        }
    });
    let dismiss = (mailed.purpose == Purpose::UndoEmail).then_some(link.clone()).map(|link| {
        view! {
            <Form action="/api/auth/dismiss_way_back" class="auth-other">
                <input type="hidden" name="code" value=link />
                <Submit label="I made this change: disable this link" class="button button--quiet button--wide" />
            </Form>
        }
    });
    view! {
        <Title text=title />
        <h1>{title}</h1>
        <p class="auth-lead">
            {by_digits
                .then(|| {
                    view! {
                        "If " <b>{mailed.email.clone()}</b>
                        " can be used here, we sent it an email. Enter the six-digit code from it below, or open its link. "
                    }
                })}
            {(!by_digits).then(|| view! { "For " <b>{mailed.email.clone()}</b> ". " })}
            {(!by_digits || needs_password).then_some(copy.lead)}
        </p>
        <Form action="/api/auth/confirm" check error=flash.error>
            <FormErrors />
            <input type="hidden" name="code" value=link />
            // Password managers save the new password under this name.
            <input type="text" name="username" autocomplete="username" value=mailed.email readonly hidden />
            // Inside the form, because a field takes its error from the form around it.
            {by_digits
                .then(|| {
                    view! {
                        <TextField
                            field=Field::DIGITS
                            label="Six-digit code"
                            hint=format!("Works only in this browser, for {CODE_MINUTES} minutes.")
                            autocomplete="one-time-code"
                            input_mode="numeric"
                            required=true
                        />
                    }
                })}
            {needs_password.then(|| view! { <NewPasswordField label="New password" /> })}
            <Submit label=copy.button class="button button--wide" />
        </Form>
        {log_in_instead}
        {dismiss}
        {by_digits
            .then(|| {
                view! {
                    <p class="auth-other">
                        "No email? Check your spam folder, or " <a href=copy.again>"request a new one"</a> "."
                    </p>
                    <MailboxHint />
                }
            })}
    }
}

/// Shown when there is no code, or none that still works.
#[component]
fn Spent(flash: Flash, by_link: bool) -> impl IntoView {
    let title = if by_link { "This link has expired" } else { "Nothing to confirm" };
    // The error of a form that was posted here already says this.
    let sentence = flash.error.is_none().then(|| {
        let sentence = if by_link {
            "It may have been used already or replaced by a newer one. Request a new link below."
        } else {
            "You haven't requested an email in this browser recently, or its code was already used."
        };
        view! { <p class="auth-lead">{sentence}</p> }
    });
    view! {
        <Title text=title />
        <h1>{title}</h1>
        {flash.error.map(|error| view! { <Refusal error /> })}
        {sentence}
        <p class="auth-other">
            <a href="/magic">"Log in by email"</a>
            " · "
            <a href="/forgot">"Reset your password"</a>
            " · "
            <a href="/signup">"Create an account"</a>
        </p>
    }
}

/// In development, links to the mailbox.
#[component]
fn MailboxHint() -> impl IntoView {
    use_site().mailbox.then(|| {
        view! {
            <aside class="auth-hint">
                <p>"In development, find the email in the " <a href="/dev/mailbox" rel="external">"mailbox"</a> "."</p>
            </aside>
        }
    })
}

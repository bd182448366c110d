//! `/account` and the pages of its settings: one form per page, so that each has its own errors and its own URL.

use super::{
    api::settings,
    model::{ACCESS, Settings},
    overview::Overview,
};
use crate::{
    auth::{
        Guarded, Loaded, NewPasswordField, StepUp,
        email_code::model::UNDO_DAYS,
        model::{DELETION_DAYS, check_email, check_new_password},
        set_status,
    },
    error::{Field, FieldError, ValidationError},
    ui::{
        Check, Form, FormErrors, NotFound, PageHead, PasswordField, Sent, Submit, TextField,
        flash::{Flash, use_flash, use_site},
    },
};
use leptos::{either::Either, prelude::*};
use leptos_router::{SsrMode, any_nested_route::IntoAnyNestedRoute, components::Route, path};

/// The title of the page that links to the others.
const OVERVIEW: &str = "Account";

#[component(transparent)]
pub fn AccountRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! {
        <Route path=path!("/account") view=AccountPage ssr=SsrMode::Async />
        <Route path=path!("/account/email") view=EmailPage ssr=SsrMode::Async />
        <Route path=path!("/account/password") view=PasswordPage ssr=SsrMode::Async />
        <Route path=path!("/account/data") view=DataPage ssr=SsrMode::Async />
        <Route path=path!("/account/leave") view=LeavePage ssr=SsrMode::Async />
    }
    .into_inner()
    .into_any_nested_route()
}

/// A guarded page that renders the settings with `view`.
#[component]
fn SettingsPage<V: IntoView + Send + 'static>(
    title: &'static str,
    lead: &'static str,
    view: impl FnOnce(Settings) -> V + Send + 'static,
) -> impl IntoView {
    let up = (title != OVERVIEW).then_some(("/account", OVERVIEW));
    view! {
        <Guarded access=ACCESS>
            <PageHead title lead up />
            <Loaded data=settings() view />
        </Guarded>
    }
}

#[component]
fn AccountPage() -> impl IntoView {
    let error = use_flash().error;
    let view = move |settings| view! { <Overview settings error /> };
    view! { <SettingsPage title=OVERVIEW lead="Manage how you log in, your data, and your account." view /> }
}

#[component]
fn EmailPage() -> impl IntoView {
    if !use_site().mail {
        set_status(404);
        return Either::Left(view! { <NotFound /> });
    }
    let flash = use_flash();
    let view = move |settings| view! { <EmailForm settings flash /> };
    Either::Right(view! { <SettingsPage title="Email" lead="The address you log in with and get email at." view /> })
}

#[component]
fn PasswordPage() -> impl IntoView {
    let flash = use_flash();
    let view = move |settings| view! { <PasswordForm settings flash /> };
    view! { <SettingsPage title="Password" lead="Changing your password logs out all other devices." view /> }
}

#[component]
fn DataPage() -> impl IntoView {
    let flash = use_flash();
    let view = move |settings| view! { <DataForm settings flash /> };
    view! { <SettingsPage title="Your data" lead="Download everything we store about you." view /> }
}

#[component]
fn LeavePage() -> impl IntoView {
    let flash = use_flash();
    let view = move |settings| view! { <LeaveForm settings flash /> };
    view! { <SettingsPage title="Delete account" lead="Permanently delete your account and its data." view /> }
}

#[component]
fn EmailForm(settings: Settings, flash: Flash) -> impl IntoView {
    if !settings.recent {
        return Either::Left(
            view! { <StepUp next="/account/email" email=settings.email has_password=settings.has_password flash /> },
        );
    }
    let typed = flash.typed(&Field::EMAIL);
    let check: Check = Box::new(|values| field_error(Field::EMAIL, check_email(&values.get(&Field::EMAIL))));
    Either::Right(view! {
        <section class="setting" aria-labelledby="email-title">
            <div class="setting-head">
                <h2 id="email-title">"Change your email address"</h2>
                <p>
                    "Your account uses " <b>{settings.email}</b>
                    {format!(
                        " until you confirm the new address. If the current address is verified, you can undo the change from there for {UNDO_DAYS} days."
                    )}
                </p>
            </div>
            <Form action="/api/account/change_email" check error=flash.error>
                <FormErrors />
                <TextField field=Field::EMAIL label="New email" kind="email" autocomplete="email" required=true value=typed />
                <Submit label="Send a link to the new address" />
            </Form>
        </section>
    })
}

#[component]
fn PasswordForm(settings: Settings, flash: Flash) -> impl IntoView {
    if !settings.recent && !settings.has_password {
        return Either::Left(
            view! { <StepUp next="/account/password" email=settings.email has_password=false flash /> },
        );
    }
    let min = use_site().password_min_length;
    let has_password = settings.has_password;
    let check: Check = Box::new(move |values| {
        let old = values.get(&Field::OLD_PASSWORD);
        let old = if has_password && old.is_empty() { Err(ValidationError::Missing) } else { Ok(()) };
        let mut errors = field_error(Field::OLD_PASSWORD, old);
        errors.extend(field_error(Field::PASSWORD, check_new_password(&values.get(&Field::PASSWORD), min)));
        errors
    });
    let (title, label) = match has_password {
        true => ("Change password", "Change password"),
        false => ("Set a password", "Set password"),
    };
    Either::Right(view! {
        <section class="setting" aria-labelledby="password-title">
            <div class="setting-head">
                <h2 id="password-title">{title}</h2>
                {use_site()
                    .mail
                    .then(|| {
                        view! { <p>"Forgot your current password? " <a href="/forgot">"Reset it by email"</a> "."</p> }
                    })}
            </div>
            <Form action="/api/account/change_password" check error=flash.error>
                <FormErrors />
                // Password managers save the new password under this name.
                <input type="text" name="username" autocomplete="username" value=settings.email readonly hidden />
                {has_password
                    .then(|| {
                        view! {
                            <PasswordField
                                field=Field::OLD_PASSWORD
                                label="Current password"
                                autocomplete="current-password"
                            />
                        }
                    })}
                <NewPasswordField label="New password" />
                <Submit label />
            </Form>
        </section>
    })
}

#[component]
fn DataForm(settings: Settings, flash: Flash) -> impl IntoView {
    if !settings.recent {
        return Either::Left(
            view! { <StepUp next="/account/data" email=settings.email has_password=settings.has_password flash /> },
        );
    }
    Either::Right(view! {
        <section class="setting" aria-labelledby="data-title">
            <div class="setting-head">
                <h2 id="data-title">"A copy of your data"</h2>
                <p>"Includes your account, profile, devices and activity. It doesn't include your password."</p>
            </div>
            // Not a `Form`, whose button would wait for a new page: the response is a file.
            <form method="post" action="/api/account/export">
                <Sent />
                <button type="submit" class="button">"Download as JSON"</button>
            </form>
        </section>
    })
}

#[component]
fn LeaveForm(settings: Settings, flash: Flash) -> impl IntoView {
    if !settings.recent {
        return Either::Left(
            view! { <StepUp next="/account/leave" email=settings.email has_password=settings.has_password flash /> },
        );
    }
    let typed = flash.typed(&Field::EMAIL);
    let check: Check = Box::new(|values| field_error(Field::EMAIL, check_email(&values.get(&Field::EMAIL))));
    Either::Right(view! {
        <section class="setting" aria-labelledby="leave-title">
            <div class="setting-head">
                <h2 id="leave-title">"What happens"</h2>
                <p>
                    {format!(
                        "This logs out all devices, including this one. After {DELETION_DAYS} days we delete your account, profile and history. To cancel, log in before then and choose ",
                    )}
                    <b>"Keep my account"</b> "."
                </p>
            </div>
            <Form action="/api/account/leave" check error=flash.error>
                <FormErrors />
                <TextField
                    field=Field::EMAIL
                    label="Your account's email address"
                    hint=format!("Type {} to confirm.", settings.email)
                    kind="email"
                    autocomplete="off"
                    required=true
                    value=typed
                />
                <Submit label="Delete my account" class="button button--danger" />
            </Form>
        </section>
    })
}

fn field_error(field: Field, check: Result<(), ValidationError>) -> Vec<FieldError> {
    check.err().map(|problem| FieldError { field, problem }).into_iter().collect()
}

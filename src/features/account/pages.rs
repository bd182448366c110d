//! `/account` and the pages of its settings: one form a page, so that each has its own errors and its own address.

use super::{
    api::settings,
    model::{ACCESS, Settings},
    overview::Overview,
};
use crate::{
    auth::{
        Guarded, Loaded, NewPasswordField, StepUp,
        model::{check_email, check_new_password},
    },
    error::{Field, FieldError, Problem},
    ui::{
        Check, Form, FormErrors, PageHead, PasswordField, Sent, Submit, TextField, control_name,
        flash::{Flash, use_flash, use_site},
    },
};
use leptos::{either::Either, prelude::*};
use leptos_router::{SsrMode, any_nested_route::IntoAnyNestedRoute, components::Route, path};

/// The title of the page that leads to the others.
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

/// A guarded page that shows the settings by `view`.
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
    let refused = use_flash().error;
    let view = move |settings| view! { <Overview settings refused /> };
    view! { <SettingsPage title=OVERVIEW lead="How you log in, what we keep about you, and how to leave." view /> }
}

#[component]
fn EmailPage() -> impl IntoView {
    let flash = use_flash();
    let view = move |settings| view! { <EmailForm settings flash /> };
    view! { <SettingsPage title="Email" lead="The address that you log in with, and that mail goes to." view /> }
}

#[component]
fn PasswordPage() -> impl IntoView {
    let flash = use_flash();
    let view = move |settings| view! { <PasswordForm settings flash /> };
    view! { <SettingsPage title="Password" lead="A new one logs out every other device." view /> }
}

#[component]
fn DataPage() -> impl IntoView {
    let flash = use_flash();
    let view = move |settings| view! { <DataForm settings flash /> };
    view! { <SettingsPage title="Your data" lead="Everything that is kept of you here, in one file." view /> }
}

#[component]
fn LeavePage() -> impl IntoView {
    let flash = use_flash();
    let view = move |settings| view! { <LeaveForm settings flash /> };
    view! { <SettingsPage title="Erase this account" lead="For good, after 14 days to think it over." view /> }
}

#[component]
fn EmailForm(settings: Settings, flash: Flash) -> impl IntoView {
    if !settings.recent {
        return Either::Left(
            view! { <StepUp next="/account/email" email=settings.email has_password=settings.has_password flash /> },
        );
    }
    let typed = flash.typed(control_name(Field::Email));
    let check: Check = Box::new(|values| fault(Field::Email, check_email(&values.get(Field::Email))));
    Either::Right(view! {
        <section class="setting" aria-labelledby="email-title">
            <div class="setting-head">
                <h2 id="email-title">"Move to another address"</h2>
                <p>
                    "You use " <b>{settings.email}</b>
                    " until the new one is confirmed. For 7 days after that, a mail to it lets you take the change back, if it is verified."
                </p>
            </div>
            <Form action="/api/account/change_email" check error=flash.error>
                <FormErrors />
                <TextField field=Field::Email label="New email" kind="email" autocomplete="email" required=true value=typed />
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
        let old = values.get(Field::OldPassword);
        let old = if has_password && old.is_empty() { Err(Problem::Missing) } else { Ok(()) };
        let mut faults = fault(Field::OldPassword, old);
        faults.extend(fault(Field::Password, check_new_password(&values.get(Field::Password), min)));
        faults
    });
    let (title, label) = match has_password {
        true => ("Change password", "Change password"),
        false => ("Set a password", "Set password"),
    };
    Either::Right(view! {
        <section class="setting" aria-labelledby="password-title">
            <div class="setting-head">
                <h2 id="password-title">{title}</h2>
                <p>"Lost the old one? " <a href="/forgot">"Choose a new one by mail"</a> "."</p>
            </div>
            <Form action="/api/account/change_password" check error=flash.error>
                <FormErrors />
                // Password managers file the new password under this.
                <input type="text" name="username" autocomplete="username" value=settings.email readonly hidden />
                {has_password
                    .then(|| {
                        view! {
                            <PasswordField
                                field=Field::OldPassword
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
                <p>"Account, profile, devices and what happened to them. No password: it can't be read by anybody."</p>
            </div>
            // Not a `Form`, whose button would wait for a page: the answer is a file.
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
    let typed = flash.typed(control_name(Field::Email));
    let check: Check = Box::new(|values| fault(Field::Email, check_email(&values.get(Field::Email))));
    Either::Right(view! {
        <section class="setting" aria-labelledby="leave-title">
            <div class="setting-head">
                <h2 id="leave-title">"What happens"</h2>
                <p>
                    "The button logs out every device, this one too. 14 days later the account, its profile and its history are erased. To stop that, log in before then and press "
                    <b>"Keep my account"</b> "."
                </p>
            </div>
            <Form action="/api/account/leave" check error=flash.error>
                <FormErrors />
                <TextField
                    field=Field::Email
                    label="The address of this account"
                    hint=format!("Type {} to show that you mean it.", settings.email)
                    kind="email"
                    autocomplete="off"
                    required=true
                    value=typed
                />
                <Submit label="Erase my account" class="button button--danger" />
            </Form>
        </section>
    })
}

fn fault(field: Field, check: Result<(), Problem>) -> Vec<FieldError> {
    check.err().map(|problem| FieldError { field, problem }).into_iter().collect()
}

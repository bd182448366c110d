//! `/account` and the pages of its settings: one form a page, so that each has its own errors and its own address.

use super::{
    api::settings,
    model::{ACCESS, Settings},
    ways_back::WaysBack,
};
use crate::{
    auth::{
        Guarded, Loaded, NewPasswordField, StepUp,
        model::{check_email, check_new_password},
    },
    error::{Field, FieldError, Problem},
    ui::{
        Check, Form, FormErrors, Icon, Markup, PageHead, PasswordField, Refusal, Sent, SettingHead, Submit, TextField,
        control_name,
        flash::{Flash, use_flash, use_site},
        markup,
        time::ago_markup,
    },
};
use leptos::prelude::*;
use leptos_router::{SsrMode, any_nested_route::IntoAnyNestedRoute, components::Route, path};

/// The title of the page that leads to the others.
const OVERVIEW: &str = "Account";
const LOST: Markup = Markup::literal(r#"Lost the old one? <a href="/forgot">Choose a new one by mail</a>."#);
/// Beside the form that erases the account.
const LEAVING: Markup = Markup::literal(
    "The button logs out every device, this one too. 14 days later the account, its profile and its history are erased. \
     To stop that, log in before then and press <b>Keep my account</b>.",
);

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
fn SettingsPage(title: &'static str, lead: &'static str, view: fn(Settings) -> AnyView) -> impl IntoView {
    let up = (title != OVERVIEW).then_some(("/account", OVERVIEW));
    view! {
        <Guarded access=ACCESS>
            {
                // Read here, while it still is this page's: `view` may run after the first page stands.
                provide_context(use_flash());
                view! {
                    <PageHead title lead up />
                    <Loaded data=settings() view />
                }
            }
        </Guarded>
    }
}

#[component]
fn AccountPage() -> impl IntoView {
    view! { <SettingsPage title=OVERVIEW lead="How you log in, what we keep about you, and how to leave." view=overview /> }
}

#[component]
fn EmailPage() -> impl IntoView {
    view! { <SettingsPage title="Email" lead="The address that you log in with, and that mail goes to." view=email /> }
}

#[component]
fn PasswordPage() -> impl IntoView {
    view! { <SettingsPage title="Password" lead="A new one logs out every other device." view=password /> }
}

#[component]
fn DataPage() -> impl IntoView {
    view! { <SettingsPage title="Your data" lead="Everything that is kept of you here, in one file." view=data /> }
}

#[component]
fn LeavePage() -> impl IntoView {
    view! { <SettingsPage title="Erase this account" lead="For good, after 14 days to think it over." view=leave /> }
}

fn overview(settings: Settings) -> AnyView {
    let refused = use_context::<Flash>().and_then(|flash| flash.error).map(|error| view! { <Refusal error /> });
    let leaving = settings.erase_on.map(|day| {
        view! {
            <div class="banner" role="note">
                <Icon name="alert" />
                <div>
                    <p>"This account will be erased on " <b>{day}</b> ". Until then nothing is lost."</p>
                    <Form action="/api/account/keep" class="inline-form">
                        <Submit label="Keep my account" class="button button--small" />
                    </Form>
                </div>
            </div>
        }
    });
    let verified = settings.verified.then(|| view! { <span class="tag tag--live">"verified"</span> });
    let unverified = (!settings.verified).then(|| {
        view! {
            <div>
                <dt>"Not verified yet"</dt>
                <dd>
                    <Form action="/api/auth/send_verification" class="inline-form">
                        <Submit
                            label="Send me a link"
                            class="button button--quiet button--small"
                            about="that verifies it"
                        />
                    </Form>
                </dd>
            </div>
        }
    });
    let ways_back = (!settings.ways_back.is_empty()).then(|| view! { <WaysBack ways_back=settings.ways_back /> });
    let password = if settings.has_password { "Change password" } else { "Set a password" };
    let joined = markup!("You joined {ago}.", ago = ago_markup(settings.member_since));
    view! {
        {refused}
        {leaving}
        <section class="setting" aria-labelledby="way-in-title">
            <SettingHead id="way-in-title" title="How you log in" note="We mail you when either changes." />
            <dl class="facts">
                <div>
                    <dt>"Email"</dt>
                    <dd class="fact-line">
                        <span>{settings.email}</span>
                        {verified}
                        <a href="/account/email">"Change email"</a>
                    </dd>
                </div>
                {unverified}
                <div>
                    <dt>"Password"</dt>
                    <dd>
                        <a href="/account/password">{password}</a>
                    </dd>
                </div>
            </dl>
        </section>
        {ways_back}
        <section class="setting" aria-labelledby="kept-title">
            <SettingHead id="kept-title" title="What we keep" note=joined />
            <dl class="facts">
                <div>
                    <dt>
                        <a href="/account/devices">"Devices"</a>
                    </dt>
                    <dd>"see where you're logged in, and end it"</dd>
                </div>
                <div>
                    <dt>
                        <a href="/account/data">"Your data"</a>
                    </dt>
                    <dd>"download a copy"</dd>
                </div>
                <div>
                    <dt>
                        <a href="/account/leave">"Erase this account"</a>
                    </dt>
                    <dd>"after 14 days to think it over"</dd>
                </div>
            </dl>
        </section>
    }
    .into_any()
}

fn email(settings: Settings) -> AnyView {
    let flash = use_context::<Flash>().unwrap_or_default();
    if !settings.recent {
        return view! { <StepUp next="/account/email" email=settings.email has_password=settings.has_password flash /> }
            .into_any();
    }
    let typed = flash.typed(control_name(Field::Email));
    let check: Check = Box::new(|values| fault(Field::Email, check_email(&values.get(Field::Email))));
    let note = markup!(
        "You use <b>{email}</b> until the new one is confirmed. For 7 days after that, a mail to it lets you take the \
         change back, if it is verified.",
        email = settings.email,
    );
    view! {
        <section class="setting" aria-labelledby="email-title">
            <SettingHead id="email-title" title="Move to another address" note />
            <Form action="/api/account/change_email" check error=flash.error>
                <FormErrors />
                <TextField field=Field::Email label="New email" kind="email" autocomplete="email" required=true value=typed />
                <Submit label="Send a link to the new address" />
            </Form>
        </section>
    }
    .into_any()
}

fn password(settings: Settings) -> AnyView {
    let flash = use_context::<Flash>().unwrap_or_default();
    if !settings.recent && !settings.has_password {
        return view! { <StepUp next="/account/password" email=settings.email has_password=false flash /> }.into_any();
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
    view! {
        <section class="setting" aria-labelledby="password-title">
            <SettingHead id="password-title" title note=LOST />
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
    }
    .into_any()
}

fn data(settings: Settings) -> AnyView {
    let flash = use_context::<Flash>().unwrap_or_default();
    if !settings.recent {
        return view! { <StepUp next="/account/data" email=settings.email has_password=settings.has_password flash /> }
            .into_any();
    }
    view! {
        <section class="setting" aria-labelledby="data-title">
            <SettingHead
                id="data-title"
                title="A copy of your data"
                note="Account, profile, devices and what happened to them. No password: it can't be read by anybody."
            />
            // Not a `Form`, whose button would wait for a page: the answer is a file.
            <form method="post" action="/api/account/export">
                <Sent />
                <button type="submit" class="button">"Download as JSON"</button>
            </form>
        </section>
    }
    .into_any()
}

fn leave(settings: Settings) -> AnyView {
    let flash = use_context::<Flash>().unwrap_or_default();
    if !settings.recent {
        return view! { <StepUp next="/account/leave" email=settings.email has_password=settings.has_password flash /> }
            .into_any();
    }
    let typed = flash.typed(control_name(Field::Email));
    let check: Check = Box::new(|values| fault(Field::Email, check_email(&values.get(Field::Email))));
    view! {
        <section class="setting" aria-labelledby="leave-title">
            <SettingHead id="leave-title" title="What happens" note=LEAVING />
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
    }
    .into_any()
}

fn fault(field: Field, check: Result<(), Problem>) -> Vec<FieldError> {
    check.err().map(|problem| FieldError { field, problem }).into_iter().collect()
}

//! The content of `/account`: the current settings, with links to the pages that change them.

use super::{model::Settings, undo_links::UndoLinks};
use crate::{
    auth::model::DELETION_DAYS,
    error::AppError,
    ui::{Form, Icon, Refusal, Submit, flash::use_site, time::Ago},
};
use leptos::prelude::*;

/// Shows the settings. `error` is that of a rejected form of this page.
#[component]
pub fn Overview(settings: Settings, error: Option<AppError>) -> impl IntoView {
    let deletion = settings.erase_on.map(|day| {
        view! {
            <div class="banner" role="note">
                <Icon name="alert" />
                <div>
                    <p>"This account will be deleted on " <b>{day}</b> ". You can still keep it."</p>
                    <Form action="/api/account/keep" class="inline-form">
                        <Submit label="Keep my account" class="button button--small" />
                    </Form>
                </div>
            </div>
        }
    });
    let verified = settings.verified.then(|| view! { <span class="tag tag--live">"verified"</span> });
    let mail = use_site().mail;
    let unverified = (mail && !settings.verified).then(|| {
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
    let previous_addresses =
        (mail && !settings.undo_links.is_empty()).then(|| view! { <UndoLinks undo_links=settings.undo_links /> });
    let password = if settings.has_password { "Change password" } else { "Set a password" };
    view! {
        {error.map(|error| view! { <Refusal error /> })}
        {deletion}
        <section class="setting" aria-labelledby="way-in-title">
            <div class="setting-head">
                <h2 id="way-in-title">"How you log in"</h2>
                {mail.then(|| view! { <p>"We email you when either changes."</p> })}
            </div>
            <dl class="facts">
                <div>
                    <dt>"Email"</dt>
                    <dd class="fact-line">
                        <span>{settings.email}</span>
                        {verified}
                        {mail.then(|| view! { <a href="/account/email">"Change email"</a> })}
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
        {previous_addresses}
        <section class="setting" aria-labelledby="kept-title">
            <div class="setting-head">
                <h2 id="kept-title">"Your account"</h2>
                <p>"You joined " <Ago moment=settings.member_since /> "."</p>
            </div>
            <dl class="facts">
                <div>
                    <dt>
                        <a href="/account/devices">"Devices"</a>
                    </dt>
                    <dd>"See where you're logged in and log out devices"</dd>
                </div>
                <div>
                    <dt>
                        <a href="/account/data">"Your data"</a>
                    </dt>
                    <dd>"Download a copy"</dd>
                </div>
                <div>
                    <dt>
                        <a href="/account/leave">"Delete account"</a>
                    </dt>
                    <dd>{format!("You can cancel for {DELETION_DAYS} days")}</dd>
                </div>
            </dl>
        </section>
    }
}

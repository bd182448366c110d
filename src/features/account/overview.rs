//! What `/account` shows: the settings as they are, and the ways to the pages that change them.

use super::{model::Settings, ways_back::WaysBack};
use crate::{
    error::AppError,
    ui::{Form, Icon, Refusal, Submit, time::Ago},
};
use leptos::prelude::*;

/// The settings. `refused`: why a form of this page was.
#[component]
pub fn Overview(settings: Settings, refused: Option<AppError>) -> impl IntoView {
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
    view! {
        {refused.map(|error| view! { <Refusal error /> })}
        {leaving}
        <section class="setting" aria-labelledby="way-in-title">
            <div class="setting-head">
                <h2 id="way-in-title">"How you log in"</h2>
                <p>"We mail you when either changes."</p>
            </div>
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
            <div class="setting-head">
                <h2 id="kept-title">"What we keep"</h2>
                <p>"You joined " <Ago moment=settings.member_since /> "."</p>
            </div>
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
}

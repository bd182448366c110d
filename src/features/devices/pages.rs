//! `/account/devices`: the sessions of the account, with buttons that end one, all others, or all.

use super::{
    api::devices,
    model::{ACCESS, CopiedSession, DeviceSession, Devices},
};
use crate::{
    auth::{Guarded, Loaded},
    ui::{Form, Icon, PageHead, Refusal, Submit, Table, flash::use_flash, time::Ago},
};
use leptos::prelude::*;
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn DevicesRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/account/devices") view=DevicesPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn DevicesPage() -> impl IntoView {
    let error = use_flash().error;
    view! {
        <Guarded access=ACCESS>
            <PageHead title="Devices" lead="Where you're logged in. Log out any device you don't recognize or no longer use." up=Some(("/account", "Account")) />
            {error.map(|error| view! { <Refusal error /> })}
            <Loaded data=devices() view=|devices| view! { <DeviceList devices /> } />
        </Guarded>
    }
}

#[component]
fn DeviceList(devices: Devices) -> impl IntoView {
    let others = devices.sessions.iter().any(|session| !session.current);
    view! {
        {devices.copied.into_iter().map(reuse_banner).collect_view()}
        <Table
            caption="Devices that are logged in"
            columns=&["Device", "Generation", "Last seen", "Logged in"]
            action="Log out"
        >
            {devices.sessions.into_iter().map(row).collect_view()}
        </Table>
        <div class="table-actions">
            {others
                .then(|| {
                    view! {
                        <Form action="/api/devices/revoke_others" class="inline-form">
                            <Submit label="Log out all others" class="button button--quiet" />
                        </Form>
                    }
                })}
            <Form action="/api/auth/log_out_everywhere" class="inline-form">
                <Submit label="Log out everywhere, including here" class="button button--quiet" />
            </Form>
        </div>
    }
}

/// A banner about a session that ended because of refresh token reuse. Shown for 30 days, because the owner may have
/// missed the notice on the log-in page.
fn reuse_banner(session: CopiedSession) -> impl IntoView {
    view! {
        <div class="banner">
            <Icon name="alert" />
            <p>
                "We ended your session on " {session.device} " " <Ago moment=session.ended_at />
                " because a refresh token was reused: someone may have copied it. Log out any device below that you don't recognize."
            </p>
        </div>
    }
}

fn row(session: DeviceSession) -> impl IntoView {
    let tag = session.current.then(|| view! { <span class="tag tag--live">"this device"</span> });
    let end = (!session.current).then(|| {
        let about = session.device.clone();
        view! {
            <Form action="/api/devices/revoke" class="row-form">
                <input type="hidden" name="session" value=session.id />
                <Submit label="Log out" class="button button--quiet button--small" about />
            </Form>
        }
    });
    view! {
        <tr role="row">
            <th scope="row" role="rowheader">
                <span class="account-cell">
                    <span>{session.device} " " {tag}</span>
                    <span class="account-email">{session.ip}</span>
                </span>
            </th>
            <td role="cell" data-label="Generation">
                {session.generation}
            </td>
            <td role="cell" data-label="Last seen">
                <Ago moment=session.last_seen_at />
            </td>
            <td role="cell" data-label="Logged in">
                <Ago moment=session.started_at />
            </td>
            <td role="cell">{end}</td>
        </tr>
    }
}

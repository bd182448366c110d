//! `/account/devices`: each session with its place in the rotation, and buttons that end one, all others, or all.

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
    let refused = use_flash().error;
    view! {
        <Guarded access=ACCESS>
            <PageHead title="Devices" lead="Where you're logged in. Log out what you don't know or no longer use." up=Some(("/account", "Account")) />
            {refused.map(|error| view! { <Refusal error /> })}
            <Loaded data=devices() view=|devices| view! { <DeviceList devices /> } />
        </Guarded>
    }
}

#[component]
fn DeviceList(devices: Devices) -> impl IntoView {
    let others = devices.sessions.iter().any(|session| !session.current);
    view! {
        {devices.copied.into_iter().map(copied).collect_view()}
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
                <Submit label="Log out everywhere, here too" class="button button--quiet" />
            </Form>
        </div>
    }
}

/// Said for 30 days: whoever logs in again right after may have missed the sentence on the log-in page.
fn copied(session: CopiedSession) -> impl IntoView {
    view! {
        <div class="banner">
            <Icon name="alert" />
            <p>
                "An old token of " {session.device} " was used again " <Ago moment=session.ended_at />
                ", so somebody may have held a copy. That session was ended for everybody who held it. Log out what you don't know below."
            </p>
        </div>
    }
}

fn row(session: DeviceSession) -> impl IntoView {
    let this = session.current.then(|| view! { <span class="tag tag--live">"this device"</span> });
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
                    <span>{session.device} " " {this}</span>
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

//! `/admin`: every account with its role and state, and a form in each row that changes the role.

use super::{
    api::accounts,
    model::{ACCESS, Account},
};
use crate::{
    auth::{Guarded, Loaded, model::Role, use_identity},
    ui::{Empty, Form, PageHead, Refusal, Submit, flash::use_flash, time::Ago},
};
use leptos::prelude::*;
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn AdminRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/admin") view=AdminPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn AdminPage() -> impl IntoView {
    view! {
        <Guarded access=ACCESS>
            <AdminView />
        </Guarded>
    }
}

#[component]
fn AdminView() -> impl IntoView {
    let refused = use_flash().error.map(|error| view! { <Refusal error /> });
    view! {
        <PageHead
            title="Accounts"
            lead="Who may do what. A changed role counts from that account's next request, on every device."
        />
        {refused}
        <Loaded data=accounts() view=show />
    }
}

fn show(accounts: Vec<Account>) -> AnyView {
    if accounts.is_empty() {
        return view! { <Empty title="No accounts yet" sentence="Accounts show up here as people sign up." /> }
            .into_any();
    }
    let me = use_identity().map(|identity| identity.user_id).unwrap_or_default();
    let rows = accounts.into_iter().map(|account| row(account, &me)).collect_view();
    view! {
        <div class="table-place">
            <table class="table" role="table">
                <caption class="visually-hidden">"Accounts with role and state"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th scope="col" role="columnheader">"Account"</th>
                        <th scope="col" role="columnheader">"State"</th>
                        <th scope="col" role="columnheader">"Last seen"</th>
                        <th scope="col" role="columnheader">"Joined"</th>
                        <th scope="col" role="columnheader">"Role"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(account: Account, me: &str) -> impl IntoView {
    let (state, words) = if account.active { ("active", "Active") } else { ("disabled", "Disabled") };
    let seen = match account.last_seen_at {
        Some(moment) => view! { <Ago moment /> }.into_any(),
        None => "never".into_any(),
    };
    let you = (account.user_id == me).then(|| view! { <span class="tag">"you"</span> });
    let about = format!("of {}", account.display_name);
    let role_of = format!("Role {about}");
    view! {
        <tr role="row">
            <th scope="row" role="rowheader">
                <span class="account-cell">
                    <span>{account.display_name} " " {you}</span>
                    <span class="account-email">{account.email}</span>
                </span>
            </th>
            <td role="cell" data-label="State">
                <span class="state" data-state=state>
                    {words}
                </span>
            </td>
            <td role="cell" data-label="Last seen">{seen}</td>
            <td role="cell" data-label="Joined">
                <Ago moment=account.created_at />
            </td>
            <td role="cell" data-label="Role">
                <Form action="/api/admin/set_role" class="row-form">
                    <input type="hidden" name="user_id" value=account.user_id />
                    <select class="input input--small" name="role" aria-label=role_of autocomplete="off">
                        {options(account.role)}
                    </select>
                    <Submit label="Save role" about class="button button--quiet button--small" />
                </Form>
            </td>
        </tr>
    }
}

fn options(current: Role) -> impl IntoView {
    Role::ALL
        .into_iter()
        .map(|role| {
            let name = role.as_str();
            view! {
                <option value=name selected=role == current>
                    {name}
                </option>
            }
        })
        .collect_view()
}

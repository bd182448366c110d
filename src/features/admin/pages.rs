//! `/admin`: the accounts with their roles and states, and a form in each row that changes the role.

use super::{
    api::accounts,
    model::{ACCESS, Account},
};
use crate::{
    auth::{Guarded, Loaded, model::Role, use_identity},
    ui::{Empty, Form, PageHead, Refusal, Submit, Table, flash::use_flash, time::Ago},
};
use leptos::{either::Either, prelude::*};
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn AdminRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/admin") view=AdminPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn AdminPage() -> impl IntoView {
    let error = use_flash().error;
    view! {
        <Guarded access=ACCESS>
            <PageHead
                title="Accounts"
                lead="Manage roles. A new role applies from the account's next request, on all devices."
            />
            {error.map(|error| view! { <Refusal error /> })}
            <Loaded data=accounts() view=|accounts| view! { <Accounts accounts /> } />
        </Guarded>
    }
}

#[component]
fn Accounts(accounts: Vec<Account>) -> impl IntoView {
    if accounts.is_empty() {
        return Either::Left(view! {
            <Empty title="No accounts yet" sentence="New accounts appear here when people sign up." />
        });
    }
    let me = use_identity().map(|identity| identity.user_id).unwrap_or_default();
    let rows = accounts
        .into_iter()
        .map(|account| {
            let is_me = account.user_id == me;
            row(account, is_me)
        })
        .collect_view();
    Either::Right(view! {
        <Table caption="Accounts with role and state" columns=&["Account", "State", "Last seen", "Joined", "Role"]>
            {rows}
        </Table>
    })
}

fn row(account: Account, is_me: bool) -> impl IntoView {
    let (state, label) = if account.active { ("active", "Active") } else { ("disabled", "Disabled") };
    let seen = match account.last_seen_at {
        Some(moment) => Either::Left(view! { <Ago moment /> }),
        None => Either::Right("Never"),
    };
    let you = is_me.then(|| view! { <span class="tag">"you"</span> });
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
                    {label}
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

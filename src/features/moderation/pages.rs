//! `/moderation`: the newest accounts, for moderators and above.

use super::{
    api::newest_accounts,
    model::{ACCESS, NewAccount},
};
use crate::{
    auth::{Guarded, Loaded},
    ui::{Empty, PageHead, RoleBadge, Table, time::Ago},
};
use leptos::{either::Either, prelude::*};
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn ModerationRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/moderation") view=ModerationPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn ModerationPage() -> impl IntoView {
    view! {
        <Guarded access=ACCESS>
            <PageHead title="Moderation" lead="The newest accounts. To change a role, ask an admin." />
            <Loaded data=newest_accounts() view=|accounts| view! { <Accounts accounts /> } />
        </Guarded>
    }
}

#[component]
fn Accounts(accounts: Vec<NewAccount>) -> impl IntoView {
    if accounts.is_empty() {
        return Either::Left(view! {
            <Empty title="No accounts yet" sentence="New accounts appear here when people sign up." />
        });
    }
    Either::Right(view! {
        <Table caption="Newest accounts" columns=&["Name", "Email", "Role", "Joined"]>
            {accounts.into_iter().map(row).collect_view()}
        </Table>
    })
}

fn row(account: NewAccount) -> impl IntoView {
    view! {
        <tr role="row">
            <th scope="row" role="rowheader">{account.display_name}</th>
            <td role="cell" data-label="Email">{account.email}</td>
            <td role="cell" data-label="Role">
                <RoleBadge role=account.role.as_str() />
            </td>
            <td role="cell" data-label="Joined">
                <Ago moment=account.created_at />
            </td>
        </tr>
    }
}

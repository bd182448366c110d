//! `/moderation`: the newest accounts, for moderators and above.

use super::{
    api::newest_accounts,
    model::{ACCESS, NewAccount},
};
use crate::{
    auth::{Guarded, Loaded},
    ui::{Empty, PageHead, RoleBadge, time::Ago},
};
use leptos::prelude::*;
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn ModerationRoutes() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/moderation") view=ModerationPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn ModerationPage() -> impl IntoView {
    view! {
        <Guarded access=ACCESS>
            <ModerationView />
        </Guarded>
    }
}

#[component]
fn ModerationView() -> impl IntoView {
    view! {
        <PageHead title="Moderation" lead="The newest accounts. To change a role, ask an admin." />
        <Loaded data=newest_accounts() view=show />
    }
}

fn show(accounts: Vec<NewAccount>) -> AnyView {
    if accounts.is_empty() {
        return view! {
            <Empty title="No accounts yet" sentence="Each new account shows up here as soon as somebody signs up." />
        }
        .into_any();
    }
    let rows = accounts.into_iter().map(row).collect_view();
    view! {
        <div class="table-place">
            <table class="table" role="table">
                <caption class="visually-hidden">"Newest accounts"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th scope="col" role="columnheader">"Name"</th>
                        <th scope="col" role="columnheader">"Email"</th>
                        <th scope="col" role="columnheader">"Role"</th>
                        <th scope="col" role="columnheader">"Joined"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
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

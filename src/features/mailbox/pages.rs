//! `/dev/mailbox` and `/dev/mailbox/:id`: the list of mails, and one of them as it looks, with its link, its code and its
//! text beside it.

use super::{
    api::{mail, mails},
    model::{MailShown, MailSummary},
};
use crate::{
    auth::{Loaded, set_status},
    error::AppError,
    ui::{Empty, NotFound, PageHead, flash::use_site, time::Ago},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{SsrMode, components::Route, hooks::use_params_map, path};

#[component(transparent)]
pub fn MailboxRoute() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/dev/mailbox") view=MailboxPage ssr=SsrMode::Async /> }.into_inner()
}

#[component(transparent)]
pub fn MailRoute() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/dev/mailbox/:id") view=MailPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn MailboxPage() -> impl IntoView {
    if !use_site().mailbox {
        return missing();
    }
    view! {
        <PageHead title="Mailbox" lead="What this site has sent. In development mail stops here, and nothing goes out." />
        <Loaded data=mails() view=list />
    }
    .into_any()
}

#[component]
fn MailPage() -> impl IntoView {
    if !use_site().mailbox {
        return missing();
    }
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    let kept = async {
        match mail(id).await {
            Err(AppError::NotFound) => Ok(None),
            result => result.map(Some),
        }
    };
    view! { <Loaded data=kept view=|mail| mail.map_or_else(missing, show) /> }.into_any()
}

fn missing() -> AnyView {
    set_status(404);
    view! { <NotFound /> }.into_any()
}

fn list(mails: Vec<MailSummary>) -> AnyView {
    if mails.is_empty() {
        return view! {
            <Empty
                title="No mail yet"
                sentence="Do something that writes to somebody: the mail shows up here within a second. A restart empties the box."
            />
        }
        .into_any();
    }
    let rows = mails.into_iter().map(row).collect_view();
    view! {
        <div class="table-place">
            <table class="table" role="table">
                <caption class="visually-hidden">"Mails, newest first"</caption>
                <thead role="rowgroup">
                    <tr role="row">
                        <th scope="col" role="columnheader">"Subject"</th>
                        <th scope="col" role="columnheader">"To"</th>
                        <th scope="col" role="columnheader">"Sent"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn row(mail: MailSummary) -> impl IntoView {
    view! {
        <tr role="row">
            <th scope="row" role="rowheader">
                <a href=format!("/dev/mailbox/{}", mail.id)>{mail.subject}</a>
            </th>
            <td role="cell" data-label="To">{mail.to}</td>
            <td role="cell" data-label="Sent">
                <Ago moment=mail.at />
            </td>
        </tr>
    }
}

fn show(mail: MailShown) -> AnyView {
    let MailSummary { id, to, subject, at } = mail.summary;
    let has_facts = mail.link.is_some() || mail.digits.is_some();
    let link = mail.link.map(|link| {
        view! {
            <div>
                <dt>"Link"</dt>
                // `external`: a page load, as from a mail.
                <dd>
                    <a class="mail-link" href=link.clone() rel="external">
                        {link.clone()}
                    </a>
                </dd>
            </div>
        }
    });
    let digits = mail.digits.map(|digits| {
        view! {
            <div>
                <dt>"Code"</dt>
                <dd class="mail-digits">{digits}</dd>
            </div>
        }
    });
    view! {
        // Not the subject: a title's text goes into the page as it is.
        <Title text="Mail" />
        <header class="page-head">
            <p>
                <a href="/dev/mailbox">"Mailbox"</a>
            </p>
            <h1>{subject}</h1>
            <p class="lead">"To " {to} ", " <Ago moment=at /></p>
        </header>
        <div class="mail">
            <iframe class="mail-frame" title="The mail as it looks" src=format!("/dev/mailbox/{id}/html")></iframe>
            <div class="mail-facts">
                {has_facts.then(|| view! { <dl class="facts">{link} {digits}</dl> })}
                <h2>"As text"</h2>
                <pre class="mail-text">
                    {mail.text}
                </pre>
            </div>
        </div>
    }
    .into_any()
}

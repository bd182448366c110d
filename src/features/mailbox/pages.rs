//! `/dev/mailbox` and `/dev/mailbox/:id`: the list of emails,
//! and one email with its HTML, its text, its link and its code.

use super::{
    api::{mail, mails},
    model::{MailShown, MailSummary},
};
use crate::{
    auth::{Loaded, set_status},
    error::AppError,
    ui::{Empty, NotFound, PageHead, Table, flash::use_site, time::Ago},
};
use leptos::{either::Either, prelude::*};
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
        return Either::Left(view! { <Missing /> });
    }
    Either::Right(view! {
        <PageHead title="Mailbox" lead="The emails this site has sent. In development, emails stay here and are not delivered." />
        <Loaded data=mails() view=|mails| view! { <Mails mails /> } />
    })
}

#[component]
fn MailPage() -> impl IntoView {
    if !use_site().mailbox {
        return Either::Left(view! { <Missing /> });
    }
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    let data = async {
        match mail(id).await {
            Err(AppError::NotFound) => Ok(None),
            result => result.map(Some),
        }
    };
    let show = |mail: Option<MailShown>| match mail {
        Some(mail) => Either::Left(view! { <Mail mail /> }),
        None => Either::Right(view! { <Missing /> }),
    };
    Either::Right(view! { <Loaded data view=show /> })
}

#[component]
fn Missing() -> impl IntoView {
    set_status(404);
    view! { <NotFound /> }
}

#[component]
fn Mails(mails: Vec<MailSummary>) -> impl IntoView {
    if mails.is_empty() {
        return Either::Left(view! {
            <Empty
                title="No emails yet"
                sentence="Emails appear here within a second of being sent. Restarting the server clears the mailbox."
            />
        });
    }
    Either::Right(view! {
        <Table caption="Emails, newest first" columns=&["Subject", "To", "Sent"]>
            {mails.into_iter().map(row).collect_view()}
        </Table>
    })
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

#[component]
fn Mail(mail: MailShown) -> impl IntoView {
    let MailSummary { id, to, subject, at } = mail.summary;
    let has_facts = mail.link.is_some() || mail.digits.is_some();
    let link = mail.link.map(|link| {
        view! {
            <div>
                <dt>"Link"</dt>
                // `external` for a full page load, as from an email.
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
        // Not the subject, because the text of a title is not escaped.
        <Title text="Email" />
        <header class="page-head">
            <p>
                <a href="/dev/mailbox">"Mailbox"</a>
            </p>
            <h1>{subject}</h1>
            <p class="lead">"To " {to} ", " <Ago moment=at /></p>
        </header>
        <div class="mail">
            <iframe class="mail-frame" title="HTML version" src=format!("/dev/mailbox/{id}/html")></iframe>
            <div class="mail-facts">
                {has_facts.then(|| view! { <dl class="facts">{link} {digits}</dl> })}
                <h2>"Text version"</h2>
                <pre class="mail-text">
                    {mail.text}
                </pre>
            </div>
        </div>
    }
}

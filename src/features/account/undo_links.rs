//! The list of undo links on `/account`.

use super::model::UndoLink;
use crate::ui::{Form, Submit};
use leptos::prelude::*;

/// Lists the previous addresses whose undo links still work.
#[component]
pub fn UndoLinks(undo_links: Vec<UndoLink>) -> impl IntoView {
    let rows = undo_links.into_iter().map(|undo_link| {
        view! {
            <div>
                <dt>{undo_link.email.clone()}</dt>
                <dd>
                    <p>"until " {undo_link.until}</p>
                    <Form action="/api/account/renew_way_back" class="inline-form">
                        <input type="hidden" name="email" value=undo_link.email.clone() />
                        <Submit
                            label="Replace the link"
                            class="button button--quiet button--small"
                            about=format!("sent to {}", undo_link.email)
                        />
                    </Form>
                </dd>
            </div>
        }
    });
    view! {
        <section class="setting" aria-labelledby="undo-links-title">
            <div class="setting-head">
                <h2 id="undo-links-title">"Previous email addresses"</h2>
                <p>
                    "We sent each address a link that restores it. If someone else may have seen that email, replace the link: the old one stops working. The new email can also disable the link."
                </p>
            </div>
            <dl class="facts">{rows.collect_view()}</dl>
        </section>
    }
}

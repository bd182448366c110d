//! The list of undo links on `/account`.

use super::model::WayBack;
use crate::ui::{Form, Submit};
use leptos::prelude::*;

/// Lists the previous addresses whose undo links still work.
#[component]
pub fn WaysBack(ways_back: Vec<WayBack>) -> impl IntoView {
    let rows = ways_back.into_iter().map(|way_back| {
        view! {
            <div>
                <dt>{way_back.email.clone()}</dt>
                <dd>
                    <p>"until " {way_back.until}</p>
                    <Form action="/api/account/renew_way_back" class="inline-form">
                        <input type="hidden" name="email" value=way_back.email.clone() />
                        <Submit
                            label="Replace the link"
                            class="button button--quiet button--small"
                            about=format!("sent to {}", way_back.email)
                        />
                    </Form>
                </dd>
            </div>
        }
    });
    view! {
        <section class="setting" aria-labelledby="ways-back-title">
            <div class="setting-head">
                <h2 id="ways-back-title">"Previous email addresses"</h2>
                <p>
                    "We sent each address a link that restores it. If someone else may have seen that email, replace the link: the old one stops working. The new email can also disable the link."
                </p>
            </div>
            <dl class="facts">{rows.collect_view()}</dl>
        </section>
    }
}

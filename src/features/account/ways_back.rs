//! The links that still move the account back to an earlier address, on `/account`.

use super::model::WayBack;
use crate::ui::{Form, Submit};
use leptos::prelude::*;

/// The links that still move the account back to an earlier address.
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
                            about=format!("that was mailed to {}", way_back.email)
                        />
                    </Form>
                </dd>
            </div>
        }
    });
    view! {
        <section class="setting" aria-labelledby="ways-back-title">
            <div class="setting-head">
                <h2 id="ways-back-title">"Earlier addresses"</h2>
                <p>
                    "We mailed each a link that moves this account back to it. Somebody else may have seen that mail? Replace the link: the old one stops working, and the new mail can also end it for good."
                </p>
            </div>
            <dl class="facts">{rows.collect_view()}</dl>
        </section>
    }
}

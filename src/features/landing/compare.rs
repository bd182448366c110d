//! Other ways to begin, told fairly: what each brings on the day it is generated, as we know them.

use crate::brand::NAME;
use leptos::prelude::*;

const COLUMNS: [&str; 4] = [NAME, "phx.gen.auth", "Rails 8 generator", "better-auth"];

/// A question, and an answer for each of the columns.
const ROWS: [(&str, [&str; 4]); 8] = [
    ("Written in", ["Rust, both sides", "Elixir", "Ruby", "TypeScript"]),
    (
        "Session",
        [
            "rotating token pair, row in the database",
            "token, row in the database",
            "signed cookie, row in the database",
            "cookie, row in the database",
        ],
    ),
    (
        "A copied session",
        [
            "ends for both once each has used it",
            "lasts until log-out or expiry",
            "lasts until log-out or expiry",
            "lasts until log-out or expiry",
        ],
    ),
    ("Works without JavaScript", ["yes", "yes, the controller pages", "yes", "up to your pages"]),
    ("Sign-up page", ["yes", "yes", "no, you write it", "API, you write the page"]),
    (
        "Roles and guards",
        ["three roles, guards on both sides", "scopes, no roles", "logged in or not", "with its admin plugin"],
    ),
    ("Mail: confirm, reset, magic link", ["yes", "yes", "password reset", "yes"]),
    ("Social log-in, passkeys, second factor", ["not yet", "no", "no", "with its plugins"]),
];

#[component]
pub fn Compare() -> impl IntoView {
    let head = COLUMNS.map(|column| view! { <th scope="col" role="columnheader">{column}</th> }).collect_view();
    let rows = ROWS.map(row).collect_view();
    view! {
        <section class="band" aria-labelledby="compare-title">
            <div class="band-head">
                <h2 id="compare-title">"Beside other starters"</h2>
                <p>
                    "The official Leptos templates come without accounts. These come with them, and better-auth with passkeys and social log-in too, which Latchkey has not yet."
                </p>
            </div>
            <div class="table-place">
                <table class="table table--compare" role="table">
                    <caption class="visually-hidden">{NAME} " beside three other starters"</caption>
                    <thead role="rowgroup">
                        <tr role="row">
                            <td role="cell"></td>
                            {head}
                        </tr>
                    </thead>
                    <tbody role="rowgroup">{rows}</tbody>
                </table>
            </div>
        </section>
    }
}

fn row((question, answers): (&'static str, [&'static str; 4])) -> impl IntoView {
    let cells = COLUMNS
        .into_iter()
        .zip(answers)
        .map(|(column, answer)| view! { <td role="cell" data-label=column>{answer}</td> })
        .collect_view();
    view! {
        <tr role="row">
            <th scope="row" role="rowheader">{question}</th>
            {cells}
        </tr>
    }
}

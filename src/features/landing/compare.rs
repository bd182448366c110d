//! A comparison with other starters: what each has when it is newly generated.

use crate::brand::NAME;
use leptos::prelude::*;

const COLUMNS: [&str; 4] = [NAME, "phx.gen.auth", "Rails 8 generator", "better-auth"];

/// A criterion, with a value for each column.
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
        "A stolen session",
        [
            "ends when both copies have been used",
            "lasts until log-out or expiry",
            "lasts until log-out or expiry",
            "lasts until log-out or expiry",
        ],
    ),
    ("Works without JavaScript", ["yes", "yes, the controller pages", "yes", "depends on your pages"]),
    ("Sign-up page", ["yes", "yes", "no", "API only"]),
    (
        "Roles and guards",
        ["three roles, guards on both sides", "scopes, no roles", "logged in or not", "with its admin plugin"],
    ),
    ("Email: confirm, reset, magic link", ["yes", "yes", "password reset", "yes"]),
    ("Social login, passkeys, second factor", ["not yet", "no", "no", "with its plugins"]),
];

#[component]
pub fn Compare() -> impl IntoView {
    let head = COLUMNS.map(|column| view! { <th scope="col" role="columnheader">{column}</th> }).collect_view();
    let rows = ROWS.map(row).collect_view();
    view! {
        <section class="band" aria-labelledby="compare-title">
            <div class="band-head">
                <h2 id="compare-title">"Compared with other starters"</h2>
                <p>
                    "The official Leptos templates have no accounts. These starters do. better-auth also has passkeys and social login, which Latchkey doesn't have yet."
                </p>
            </div>
            <div class="table-place">
                <table class="table table--compare" role="table">
                    <caption class="visually-hidden">{NAME} " compared with three other starters"</caption>
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

fn row((criterion, values): (&'static str, [&'static str; 4])) -> impl IntoView {
    let cells = COLUMNS
        .into_iter()
        .zip(values)
        .map(|(column, value)| view! { <td role="cell" data-label=column>{value}</td> })
        .collect_view();
    view! {
        <tr role="row">
            <th scope="row" role="rowheader">{criterion}</th>
            {cells}
        </tr>
    }
}

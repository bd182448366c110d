//! How to take it: two commands, and the files to read first.

use leptos::prelude::*;

#[component]
pub fn Tour() -> impl IntoView {
    view! {
        <section id="yours" class="band" aria-labelledby="tour-title">
            <div class="band-head">
                <h2 id="tour-title">"Make it yours"</h2>
                <p>"Fork it, rename it, delete what you don't need. Every feature is a folder and four lines."</p>
            </div>
            <div class="tour">
                <dl class="commands">
                    <div>
                        <dt>
                            <code>"make serve"</code>
                        </dt>
                        <dd>"Builds both sides, sets up SQLite with the demo accounts, serves on port 3000."</dd>
                    </div>
                    <div>
                        <dt>
                            <code>"make test"</code>
                        </dt>
                        <dd>"Everything: lints, both databases, a real browser with and without JavaScript."</dd>
                    </div>
                </dl>
                <ol class="reading">
                    <li>
                        <code>"src/lib.rs"</code>
                        <p>"The map, and the way of one request."</p>
                    </li>
                    <li>
                        <code>"src/app.rs"</code>
                        <p>"The top bar, and the table of routes."</p>
                    </li>
                    <li>
                        <code>"src/auth/server/session/decision.rs"</code>
                        <p>"What a refresh token is worth, as a pure function. session.rs beside it does what was decided."</p>
                    </li>
                    <li>
                        <code>"src/auth/guard.rs"</code>
                        <p>"Who may come in, on both sides."</p>
                    </li>
                    <li>
                        <code>"src/features/profile/"</code>
                        <p>"A whole feature: model, store, server functions, page. Copy it for your first."</p>
                    </li>
                </ol>
            </div>
        </section>
    }
}

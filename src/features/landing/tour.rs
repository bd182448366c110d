//! How to get started: two commands, and the files to read first.

use leptos::prelude::*;

#[component]
pub fn Tour() -> impl IntoView {
    view! {
        <section id="yours" class="band" aria-labelledby="tour-title">
            <div class="band-head">
                <h2 id="tour-title">"Make it yours"</h2>
                <p>"Fork it, rename it, delete what you don't need. Each feature is a folder and a few lines in app.rs."</p>
            </div>
            <div class="tour">
                <dl class="commands">
                    <div>
                        <dt>
                            <code>"make serve"</code>
                        </dt>
                        <dd>"Builds the server and the browser app, sets up SQLite with demo accounts, and serves on port 3000."</dd>
                    </div>
                    <div>
                        <dt>
                            <code>"make test"</code>
                        </dt>
                        <dd>"Runs the lints and all tests: on both databases, and in a browser with and without JavaScript."</dd>
                    </div>
                </dl>
                <ol class="reading">
                    <li>
                        <code>"src/lib.rs"</code>
                        <p>"The module map, and the path of a request."</p>
                    </li>
                    <li>
                        <code>"src/app.rs"</code>
                        <p>"The top bar and the routes."</p>
                    </li>
                    <li>
                        <code>"src/auth/server/session/decision.rs"</code>
                        <p>"Decides what to do with a refresh token, as a pure function."</p>
                    </li>
                    <li>
                        <code>"src/auth/guard.rs"</code>
                        <p>"The page guard, on the server and in the browser."</p>
                    </li>
                    <li>
                        <code>"src/features/profile/"</code>
                        <p>"A complete feature: model, store, server functions, page. Copy it to start your own."</p>
                    </li>
                </ol>
            </div>
        </section>
    }
}

//! The document around the app: head, script, body. Rendered by `server::router` for each page.

use leptos::{hydration::AutoReload, nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use super::assets::Assets;
use crate::{app::App, ui::ThemeScript};

/// The document around the app. The browser takes over its body.
pub fn shell(options: LeptosOptions, assets: &Assets) -> impl IntoView + use<> {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta
                    name="description"
                    content="A Leptos starter with accounts: log-in, rotating sessions and guarded pages in code that is yours."
                />
                <ThemeScript />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=assets.css.clone() />
                <link rel="modulepreload" href=assets.js.clone() />
                <link rel="preload" href=assets.wasm.clone() r#as="fetch" r#type="application/wasm" crossorigin="anonymous" />
                <script type="module" nonce=use_nonce()>
                    {hydration(assets)}
                </script>
                <AutoReload options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The script that fetches the program and hands the page over to it.
fn hydration(assets: &Assets) -> String {
    format!(
        "import init, {{ hydrate }} from '{}';\nawait init({{ module_or_path: '{}' }});\nhydrate();",
        assets.js, assets.wasm
    )
}

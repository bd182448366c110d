//! The HTML document around the app: head, scripts, body. Rendered by `http::router` for each page.

use leptos::{config::Env, hydration::AutoReload, nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use super::assets::Assets;
use crate::{app::App, ui::THEME_SCRIPT};

/// Renders the document around the app. The browser hydrates its body.
pub fn shell(options: &LeptosOptions, assets: &Assets) -> impl IntoView + use<> {
    let Assets { css, js, wasm } = assets.clone();
    let program = program(&js, &wasm);
    let nonce = use_nonce();
    let reload = matches!(options.env, Env::DEV).then(|| view! { <AutoReload options=options.clone() /> });
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                // Must be first: its position is found by a search from the start of the page.
                <MetaTags />
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta
                    name="description"
                    content="A Leptos starter with accounts: log-in, rotating sessions and guarded pages in code that is yours."
                />
                <script nonce=nonce.clone()>{THEME_SCRIPT}</script>
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href=css />
                <link rel="modulepreload" href=js />
                <link rel="preload" href=wasm r#as="fetch" type="application/wasm" crossorigin="anonymous" />
                <script type="module" nonce=nonce>
                    {program}
                </script>
                {reload}
            </head>
            <body>
                // Not the body itself: browser extensions insert elements there.
                <div id="app">
                    <App />
                </div>
            </body>
        </html>
    }
}

/// The script that loads the wasm, hydrates the page, and restores the page if the wasm fails. It replaces
/// `HydrationScripts`, which reads the hash file for each page, does not report a failed start, and repeats the nonce
/// in an attribute that browsers don't hide.
fn program(js: &str, wasm: &str) -> String {
    format!(
        r"
import init, {{ hydrate }} from '{js}';
{GIVE_UP}
const ours = (error) => error instanceof WebAssembly.RuntimeError || String(error?.stack).includes('{js}');
const uncaught = (error, event) => ours(error) && (event.preventDefault(), giveUp(error));
addEventListener('error', (event) => uncaught(event.error, event));
addEventListener('unhandledrejection', (event) => uncaught(event.reason, event));
try {{
  await init({{ module_or_path: '{wasm}' }});
  hydrate();
}} catch (error) {{ giveUp(error) }}
"
    )
}

/// Returns the page to the browser after the program failed, for example because an extension changed the DOM. The
/// program's handlers no longer receive events, and "back" loads the page.
const GIVE_UP: &str = r"const title = document.title;
let over = false;
const giveUp = (error) => {
  if (over) return;
  over = true;
  console.error('The program of this page stopped; links and forms work without it.', error);
  const root = document.documentElement, page = () => location.pathname + location.search, here = page();
  // Runs after the program's pending work, which may remove the title.
  setTimeout(() => document.title ||= title);
  root.removeAttribute('data-hydrated');
  root.setAttribute('data-stopped', '');
  for (const type of ['click', 'input', 'submit']) addEventListener(type, (event) => event.stopImmediatePropagation(), true);
  addEventListener('popstate', (event) => { event.stopImmediatePropagation(); if (page() !== here) location.reload() }, true);
};";

//! The choice between the system's theme, light and dark. It lives in this browser's `localStorage` and on the `<html>`
//! element, never on the server, and is applied before the first paint. `server::document` writes the script, the top bar
//! shows the switch.

use super::icons::Icon;
use leptos::{nonce::use_nonce, prelude::*};

/// Runs in the head, before anything is drawn. Also marks the page as one with JavaScript: `style/` hides the switch and
/// everything else of the class `needs-js` where `<html>` has no `data-theme`.
const SCRIPT: &str = r"(() => {
const root = document.documentElement, key = 'theme';
const read = () => { try { return localStorage.getItem(key) } catch { return null } };
const show = () => {
  const choice = read();
  root.dataset.theme = choice === 'light' || choice === 'dark' ? choice : 'system';
  const input = document.querySelector(`.theme-switch [value=${root.dataset.theme}]`);
  if (input) input.checked = true;
};
show();
addEventListener('DOMContentLoaded', show);
addEventListener('pageshow', show);
addEventListener('storage', show);
addEventListener('change', ({ target }) => {
  if (!target.closest('.theme-switch')) return;
  try { localStorage.setItem(key, target.value) } catch { root.dataset.theme = target.value; return }
  show();
});
})()";

/// The script of the theme, under the page's nonce.
#[component]
pub fn ThemeScript() -> impl IntoView {
    view! { <script nonce=use_nonce()>{SCRIPT}</script> }
}

/// Three radio buttons; [`ThemeScript`] listens to them and keeps them right.
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    view! {
        <fieldset class="theme-switch needs-js">
            <legend class="visually-hidden">"Theme"</legend>
            <Choice value="system" icon="auto" label="System" />
            <Choice value="light" icon="sun" label="Light" />
            <Choice value="dark" icon="moon" label="Dark" />
        </fieldset>
    }
}

#[component]
fn Choice(value: &'static str, icon: &'static str, label: &'static str) -> impl IntoView {
    view! {
        <label title=label>
            <input class="visually-hidden" type="radio" name="theme" value=value autocomplete="off" />
            <Icon name=icon />
            <span class="visually-hidden">{label}</span>
        </label>
    }
}

//! The theme: system, light or dark. It is stored in `localStorage` and on the `<html>` element, never on the server,
//! and is applied before the first paint. `server::http::document` includes the script, the top bar has the switch.

use leptos::prelude::*;

/// The script, which runs in the head before the first paint. Its `data-theme` also shows that JavaScript is on:
/// `style/` hides everything with the class `needs-js` without it.
pub const THEME_SCRIPT: &str = r"(() => {
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

/// The switch: three radio buttons, controlled by [`THEME_SCRIPT`].
#[component]
pub fn ThemeSwitch() -> impl IntoView {
    // Only literals, which Leptos renders as one static string.
    view! {
        <fieldset class="theme-switch needs-js">
            <legend class="visually-hidden">"Theme"</legend>
            <label title="System">
                <input class="visually-hidden" type="radio" name="theme" value="system" autocomplete="off" />
                <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
                    <path d="M10 2.5a7.5 7.5 0 1 1 0 15a7.5 7.5 0 0 1 0 -15zM10 2.5v15M10 6l6 -1M10 10h7.5M10 14l6 1"></path>
                </svg>
                <span class="visually-hidden">"System"</span>
            </label>
            <label title="Light">
                <input class="visually-hidden" type="radio" name="theme" value="light" autocomplete="off" />
                <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
                    <path d="M10 6.6a3.4 3.4 0 1 1 0 6.8a3.4 3.4 0 0 1 0 -6.8zM10 1.8v1.6M10 16.6v1.6M1.8 10h1.6M16.6 10h1.6M4.2 4.2l1.1 1.1M14.7 14.7l1.1 1.1M4.2 15.8l1.1 -1.1M14.7 5.3l1.1 -1.1"></path>
                </svg>
                <span class="visually-hidden">"Light"</span>
            </label>
            <label title="Dark">
                <input class="visually-hidden" type="radio" name="theme" value="dark" autocomplete="off" />
                <svg class="icon" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
                    <path d="M16.8 12a7.2 7.2 0 0 1 -8.8 -8.8a7.2 7.2 0 1 0 8.8 8.8z"></path>
                </svg>
                <span class="visually-hidden">"Dark"</span>
            </label>
        </fieldset>
    }
}

//! The top bar of every page: the logo, the navigation, the theme
//! switch, and the account menu or the log-in links from `app.rs`.

use super::{
    form::{Form, Submit},
    icons::{Icon, Mark},
    page::RoleBadge,
    theme::ThemeSwitch,
};
use crate::brand::NAME;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The top bar. Its children are the navigation links.
#[component]
pub fn TopBar(
    /// The content at the right end.
    #[prop(into)]
    end: ViewFn,
    children: Children,
) -> impl IntoView {
    view! {
        <header class="top-bar">
            <div class="top-bar-inner">
                <a class="brand" href="/">
                    <Mark />
                    <span>{NAME}</span>
                </a>
                <nav class="top-nav" aria-label="Main">
                    {children()}
                </nav>
                <div class="top-bar-end">
                    <ThemeSwitch /> {end.run()}
                </div>
            </div>
        </header>
    }
}

/// A navigation link. Renders nothing if `open` is `false`.
#[component]
pub fn NavLink(
    href: &'static str,
    label: &'static str,
    /// Whether the caller has access to the page.
    open: bool,
) -> impl IntoView {
    open.then(|| {
        let path = use_location().pathname;
        view! {
            <a href=href aria-current=move || (path.get() == href).then_some("page")>
                {label}
            </a>
        }
    })
}

/// The account menu: name, links and log-out. A popover, which works without JavaScript.
#[component]
pub fn AccountMenu(
    display_name: String,
    email: String,
    role: &'static str,
    /// Paths and labels. Each link is a full page load, which closes the menu.
    links: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    let links = links
        .into_iter()
        .map(|(path, label)| {
            view! {
                <a href=path rel="external">
                    {label}
                </a>
            }
        })
        .collect_view();
    view! {
        <button class="account-button" type="button" popovertarget="account-menu">
            <Icon name="person" />
            <span class="account-name">{display_name.clone()}</span>
            <span class="visually-hidden">", account menu"</span>
            <Icon name="chevron" />
        </button>
        <div id="account-menu" class="account-menu" popover="auto">
            <div>
                <p class="account-menu-name">{display_name}</p>
                <p class="account-menu-email">{email}</p>
                <p>
                    <RoleBadge role />
                </p>
                <p class="account-menu-links">{links}</p>
            </div>
            <Form action="/api/auth/log_out" class="account-menu-form">
                <Submit label="Log out" class="button button--quiet" />
            </Form>
        </div>
    }
}

//! The bar above every page: the mark, the navigation, the theme switch, and on the right whatever `app.rs` puts there
//! (the account menu, or the way in).

use super::{
    form::{Form, Submit},
    icons::{MARK, icon_markup},
    markup::{InertElement, Markup, markup},
    page::role_badge,
    theme::ThemeSwitch,
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// The bar, with the links of the navigation as its children.
#[component]
pub fn TopBar(
    /// The right end.
    end: AnyView,
    children: Children,
) -> impl IntoView {
    let brand = InertElement::new(markup!(r#"<a class="brand" href="/">{mark}<span>Latchkey</span></a>"#, mark = MARK));
    view! {
        <header class="top-bar">
            <div class="top-bar-inner">
                {brand}
                <nav class="top-nav" aria-label="Main">
                    {children()}
                </nav>
                <div class="top-bar-end">
                    <ThemeSwitch /> {end}
                </div>
            </div>
        </header>
    }
}

/// One link of the navigation; nothing where the visitor may not follow it.
#[component]
pub fn NavLink(
    href: &'static str,
    label: &'static str,
    /// Whether the visitor may follow it.
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

/// Who is signed in, links about the account, and the way out. A popover: the browser opens and closes it, with or
/// without JavaScript.
#[component]
pub fn AccountMenu(
    display_name: String,
    email: String,
    role: &'static str,
    /// Path and label of each. A link is a page load, which closes the menu.
    links: Vec<(&'static str, &'static str)>,
) -> impl IntoView {
    let links: Markup = links
        .into_iter()
        .map(|(path, label)| markup!(r#"<a href="{path}" rel="external">{label}</a>"#, path = path, label = label))
        .collect();
    let button = markup!(
        r#"<button class="account-button" type="button" popovertarget="account-menu">{person}
<span class="account-name">{name}</span><span class="visually-hidden">, account menu</span>{chevron}</button>"#,
        person = icon_markup("person"),
        name = display_name.as_str(),
        chevron = icon_markup("chevron"),
    );
    let about = markup!(
        r#"<div><p class="account-menu-name">{name}</p><p class="account-menu-email">{email}</p>
<p>{role}</p><p class="account-menu-links">{links}</p></div>"#,
        name = display_name,
        email = email,
        role = role_badge(role),
        links = links,
    );
    view! {
        {InertElement::new(button)}
        <div id="account-menu" class="account-menu" popover="auto">
            {InertElement::new(about)}
            <Form action="/api/auth/log_out" class="account-menu-form">
                <Submit label="Log out" class="button button--quiet" />
            </Form>
        </div>
    }
}

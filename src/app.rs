//! The app: the top bar, the routes, the footer. Rendered on the server by `server::http::document`, hydrated in the
//! browser by `lib.rs`.

use crate::{
    auth::{self, may, use_identity},
    brand::NAME,
    features::{account, admin, devices, landing, mailbox, moderation, profile, session},
    ui::{
        AccountMenu, Explanation, Mark, NavLink, NotFound, OfflineNote, Toasts, TopBar,
        flash::{show_flash_once, use_site},
        provide_waiting, watch_network,
    },
};
use leptos::{either::Either, prelude::*};
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    components::{FlatRoutes, Router},
    hooks::use_location,
};

/// Everything inside the body.
#[component]
pub fn App() -> impl IntoView {
    auth::provide_request_state();
    show_flash_once();
    watch_network();
    provide_waiting();
    provide_meta_context();

    view! {
        <Title formatter=title />
        <Router>
            // `external`, so that the browser follows the link and moves the focus.
            <a class="skip-link" href="#content" rel="external">
                "Skip to content"
            </a>
            <Navigation />
            <main id="content" class="content" tabindex="-1">
                <FocusOnNavigation />
                <Explanation />
                <FlatRoutes fallback=Missing>
                    <landing::LandingRoutes card=|| view! { <session::SessionCard /> } />
                    <auth::LogInRoute />
                    <auth::SignUpRoute />
                    <auth::ForgotRoute />
                    <auth::MagicRoute />
                    <auth::ConfirmRoute />
                    <profile::ProfileRoutes />
                    <account::AccountRoutes />
                    <devices::DevicesRoutes />
                    <mailbox::MailboxRoute />
                    <mailbox::MailRoute />
                    <moderation::ModerationRoutes />
                    <admin::AdminRoutes />
                </FlatRoutes>
            </main>
            <Footer />
            <div class="corner" role="status" aria-atomic="false">
                <OfflineNote />
                <Toasts />
            </div>
        </Router>
    }
}

/// The top bar, with the links that the caller has access to.
#[component]
fn Navigation() -> impl IntoView {
    view! {
        <TopBar end=|| view! { <Visitor /> }>
            <NavLink href="/profile" label="Profile" open=may(profile::model::ACCESS) />
            <NavLink href="/moderation" label="Moderation" open=may(moderation::model::ACCESS) />
            <NavLink href="/admin" label="Admin" open=may(admin::model::ACCESS) />
        </TopBar>
    }
}

/// The account menu, or the log-in and sign-up links.
#[component]
fn Visitor() -> impl IntoView {
    match use_identity() {
        Some(identity) => {
            let links = [
                may(account::model::ACCESS).then_some(("/account", "Account")),
                may(devices::model::ACCESS).then_some(("/account/devices", "Devices")),
            ];
            Either::Left(view! {
                <AccountMenu
                    display_name=identity.display_name
                    email=identity.email
                    role=identity.role.as_str()
                    links=links.into_iter().flatten().collect()
                />
            })
        }
        None => Either::Right(view! {
            <div class="way-in">
                <a href="/login">"Log in"</a>
                <a class="button button--small" href="/signup">
                    "Sign up"
                </a>
            </div>
        }),
    }
}

#[component]
fn Footer() -> impl IntoView {
    view! {
        <footer class="footer">
            <div class="footer-inner">
                <Mark />
                <p>{NAME} ". Open source under the MIT license."</p>
                {use_site().mailbox.then(|| view! { <a href="/dev/mailbox">"Mailbox"</a> })}
            </div>
        </footer>
    }
}

/// The page for an unknown path.
#[component]
fn Missing() -> impl IntoView {
    auth::set_status(404);
    view! { <NotFound /> }
}

/// Moves the focus to the content after a client-side navigation, as after a page load.
#[component]
fn FocusOnNavigation() -> impl IntoView {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let now = path.get();
        if before.is_some_and(|before| before != now) {
            request_animation_frame(|| {
                if let Some(content) = document().get_element_by_id("content") {
                    focus(&content);
                }
            });
        }
        now
    });
}

fn focus(element: &leptos::web_sys::Element) {
    use leptos::wasm_bindgen::JsCast;
    if let Some(element) = element.dyn_ref::<leptos::web_sys::HtmlElement>() {
        // If this fails, the focus stays where it was.
        let _ = element.focus();
    }
}

/// Formats the title of a page for the tab.
fn title(page: String) -> String {
    if page.is_empty() { format!("{NAME}: accounts for Leptos") } else { format!("{page} · {NAME}") }
}

//! `/magic`: requests an email with a link that logs in.

use super::request_link::RequestLink;
use leptos::prelude::*;
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn MagicRoute() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/magic") view=MagicPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn MagicPage() -> impl IntoView {
    view! {
        <RequestLink
            title="Log in by email"
            lead="Enter your email address. If it has an account, we'll send you a link that logs you in."
            action="/api/auth/send_magic_link"
            label="Send me a link"
        />
    }
}

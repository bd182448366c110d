//! `/forgot`: requests an email with a link that sets a new password.

use super::request_link::RequestLink;
use leptos::prelude::*;
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn ForgotRoute() -> impl leptos_router::MatchNestedRoutes + Clone {
    view! { <Route path=path!("/forgot") view=ForgotPage ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn ForgotPage() -> impl IntoView {
    view! {
        <RequestLink
            title="Forgot your password?"
            lead="Enter your email address. If it has an account, we'll send you a link to choose a new password."
            action="/api/auth/forgot_password"
            label="Send me a link"
        />
    }
}

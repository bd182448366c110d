//! `/`: the product's name and one sentence. Make it yours.

use crate::brand::NAME;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn LandingRoutes(
    /// The view below the title. `app.rs` passes it in, because it belongs to another feature.
    #[prop(optional, into)]
    card: ViewFn,
) -> impl leptos_router::MatchNestedRoutes + Clone {
    let page = move || view! { <LandingPage card=card.clone() /> };
    view! { <Route path=path!("/") view=page ssr=SsrMode::Async /> }.into_inner()
}

#[component]
fn LandingPage(card: ViewFn) -> impl IntoView {
    view! {
        <Title text="" />
        <header class="page-head">
            <h1>{NAME}</h1>
            <p class="lead">"Log in or create an account to begin."</p>
        </header>
        {card.run()}
    }
}

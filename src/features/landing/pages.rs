//! `/`: the hero with the live session card, and the sections below it.

use super::{compare::Compare, demo::DemoAccounts, journey::Journey, tour::Tour};
use crate::{
    auth::use_identity,
    brand::AFTER_LOG_IN,
    ui::{Icon, flash::use_site},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{SsrMode, components::Route, path};

#[component(transparent)]
pub fn LandingRoutes(
    /// The view in the hero. `app.rs` passes it in, because it belongs to another feature.
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
        <div class="landing">
            <section class="hero">
                <div class="hero-words">
                    <p class="eyebrow">"Auth starter for Leptos"</p>
                    <h1>"Accounts and sessions for Leptos, in code you own."</h1>
                    <p class="lead">
                        "Latchkey is a starter for Leptos apps with sign-up, login, rotating sessions and guarded pages. It works without WebAssembly, and your users' data stays with you."
                    </p>
                    <div class="actions">
                        <FirstAction />
                        <a class="button button--quiet" href="#yours" rel="external">
                            "Make it yours"
                        </a>
                    </div>
                </div>
                {card.run()}
            </section>
            <Journey />
            <DemoAccounts />
            <Compare />
            <Tour />
        </div>
    }
}

/// The primary button: profile, demo or sign-up.
#[component]
fn FirstAction() -> impl IntoView {
    let (href, label) = if use_identity().is_some() {
        (AFTER_LOG_IN, "Go to your profile")
    } else if use_site().demo {
        ("#demo", "Try the demo")
    } else {
        ("/signup", "Create an account")
    };
    view! {
        <a class="button" href=href rel="external">
            {label}
            <Icon name="arrow" />
        </a>
    }
}

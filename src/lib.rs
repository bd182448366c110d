//! Latchkey: accounts, sessions and roles for a Leptos app.
//!
//! The path of a request:
//!
//! ```text
//! cookies -> server/http/router.rs (layers, in order) -> auth/server/identify.rs (origin check, Caller)
//!   GET  page -> auth/guard.rs (Access) -> view -> html, or 302 /login?next=.., or 403
//!   POST /api -> api.rs -> require(Access) -> parse (EmailAddress, NewPassword) -> store.rs -> SQL
//! ```
//!
//! [`auth`] has authentication and sessions. Each folder of [`features`] can be deleted. `server` is the infrastructure on the
//! server, [`ui`] the design system.

// Views are deeply nested types.
#![recursion_limit = "256"]

pub mod app;
pub mod auth;
pub mod brand;
pub mod error;
pub mod features;
#[cfg(feature = "ssr")]
pub mod server;
pub mod ui;

/// Hydrates the page that the server rendered. Called by the page's script after loading.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    use leptos::{prelude::document, wasm_bindgen::JsCast};
    let app = document().get_element_by_id("app").and_then(|app| app.dyn_into().ok());
    let Some(app) = app else {
        return;
    };
    // Leaked: the app lives as long as the page.
    leptos::mount::hydrate_from(app, app::App).forget();
    // For tests, which wait for it, and for styles.
    if let Some(root) = document().document_element() {
        let _ = root.set_attribute("data-hydrated", "");
    }
}

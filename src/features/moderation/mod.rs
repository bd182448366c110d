//! `/moderation`: the newest accounts. For moderators and above.

pub mod api;
pub mod model;
mod pages;
#[cfg(feature = "ssr")]
mod store;

pub use pages::ModerationRoutes;

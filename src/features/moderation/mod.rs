//! `/moderation`: the newest accounts. For moderators and admins.

pub mod api;
pub mod model;
mod pages;
#[cfg(feature = "ssr")]
mod store;

pub use pages::ModerationRoutes;

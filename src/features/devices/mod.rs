//! `/account/devices`: where an account is logged in, and the way to end that.

pub mod api;
pub mod model;
mod pages;
#[cfg(feature = "ssr")]
mod store;

pub use pages::DevicesRoutes;

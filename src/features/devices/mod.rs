//! `/account/devices`: the sessions of an account, and how to end them.

pub mod api;
pub mod model;
mod pages;
#[cfg(feature = "ssr")]
mod store;

pub use pages::DevicesRoutes;

//! `/admin`: the accounts and their roles. For admins.

pub mod api;
pub mod model;
mod pages;
#[cfg(feature = "ssr")]
mod store;

pub use pages::AdminRoutes;

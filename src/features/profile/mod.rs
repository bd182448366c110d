//! `/profile`: the public profile of an account. For its owner.

pub mod api;
pub mod model;
mod pages;
#[cfg(feature = "ssr")]
mod store;

pub use pages::ProfileRoutes;
#[cfg(feature = "ssr")]
pub use store::export;

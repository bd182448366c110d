//! `/profile`: what an account shows of itself. For its owner.

pub mod api;
pub mod model;
mod pages;
#[cfg(feature = "ssr")]
mod store;

pub use pages::ProfileRoutes;

//! `/admin`: all accounts, and what each may do. For admins.

pub mod api;
pub mod model;
mod pages;
#[cfg(feature = "ssr")]
mod store;

pub use pages::AdminRoutes;

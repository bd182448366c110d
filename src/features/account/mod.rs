//! `/account`: the settings of an account: address, password, data export, deletion.

pub mod api;
pub mod model;
mod overview;
mod pages;
#[cfg(feature = "ssr")]
mod store;
mod undo_links;

pub use pages::AccountRoutes;

//! Feature: the settings of an account: address, password, a copy of the data, the way out.

pub mod api;
pub mod model;
mod overview;
mod pages;
#[cfg(feature = "ssr")]
mod store;
mod ways_back;

pub use pages::AccountRoutes;

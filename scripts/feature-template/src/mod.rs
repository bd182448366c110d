//! `/gadgets`: the gizmos of an account, and the forms that add, change and delete them. For their owner.

pub mod api;
pub mod model;
mod pages;
#[cfg(feature = "ssr")]
mod store;

pub use pages::GadgetsRoutes;
#[cfg(feature = "ssr")]
pub use store::export;

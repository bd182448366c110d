//! The state of a page, on server and browser: the identity, loading data, and other tabs of the same browser.
//! Used by the guard, the pages and `app.rs`.

pub mod identity;
mod json;
pub mod loading;
#[cfg(feature = "hydrate")]
pub mod tabs;

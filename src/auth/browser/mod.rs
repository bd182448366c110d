//! What a page knows of its visitor, on both sides: the identity, data on its way, and the other tabs of the browser.
//! Used by the guard, the pages and `app.rs`.

pub mod identity;
pub mod loading;
#[cfg(feature = "hydrate")]
pub mod tabs;

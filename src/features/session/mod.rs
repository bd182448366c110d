//! The live session card of the landing page, with a demo of refresh token reuse.

pub mod api;
pub mod model;
mod pages;

pub use pages::SessionCard;

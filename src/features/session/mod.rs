//! The live view of one's own session that the landing page shows, with a demo of what a stolen token is worth.

pub mod api;
pub mod model;
mod pages;

pub use pages::SessionCard;

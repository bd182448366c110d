//! The commands of the binary except `serve`. Called by `main`.

pub mod greeting;
pub mod import;
pub mod rotate_key;
pub mod setup;

//! The commands of the binary. Called by `main`.

pub mod create_admin;
pub mod greeting;
pub mod import;
pub mod rotate_key;
pub mod setup;
pub mod start;

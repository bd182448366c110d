//! The configuration: `Leptos.toml` and the environment, with defaults and validation. Read once at the start.

pub mod defaults;
pub mod error;
pub mod mail;
pub mod settings;
pub mod validate;

pub use settings::*;

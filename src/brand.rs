//! The product's name, for people and for machines, and the page that its users see first.

/// In titles, in the top bar, the footer and mails.
pub const NAME: &str = "Latchkey";
/// In cookies, metrics and file names: the name of the crate.
pub const SLUG: &str = env!("CARGO_PKG_NAME");
/// Begins the environment variables that override Leptos.toml.
pub const ENV_PREFIX: &str = "LATCHKEY__";
/// The page that users see after a log-in that names no other. The page of `features::profile`.
pub const AFTER_LOG_IN: &str = "/profile";

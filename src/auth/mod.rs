//! The core: who is asking, and may they. Never deleted. This page is its face: features use what stands here.

pub mod api;
mod context;
mod guard;
mod loaded;
pub mod mailed;
pub mod model;
mod new_password;
mod pages;
#[cfg(feature = "ssr")]
pub mod server;
mod step_up;
#[cfg(feature = "hydrate")]
mod tabs;

pub use context::{identity as use_identity, provide_request_state, session_ended, set_status};
pub use guard::{Guarded, may};
pub use loaded::Loaded;
pub use new_password::NewPasswordField;
pub use pages::{LogInRoute, SignUpRoute};
pub use step_up::StepUp;

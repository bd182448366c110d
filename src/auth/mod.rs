//! Authentication and authorization. Every feature depends on it, so it can't be deleted. Features use the items that
//! this file exports.

pub mod api;
pub mod browser;
pub mod email_code;
mod guard;
pub mod model;
mod pages;
#[cfg(feature = "ssr")]
pub mod server;

pub use browser::{
    identity::{identity as use_identity, provide_request_state, session_ended, set_status},
    loading::Loaded,
};
pub use guard::{Guarded, may};
pub use pages::{
    confirm::ConfirmRoute, forgot_password::ForgotRoute, log_in::LogInRoute, magic_link::MagicRoute,
    new_password::NewPasswordField, sign_up::SignUpRoute, step_up::StepUp, verify_reminder::VerifyReminder,
};

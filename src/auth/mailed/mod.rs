//! What is done by a code that came by mail: signing up, verifying an address, logging in, choosing a new password.

pub mod api;
pub mod model;
mod pages;
mod press;
mod reminder;

pub use pages::{ConfirmRoute, ForgotRoute, MagicRoute};
pub use reminder::VerifyReminder;

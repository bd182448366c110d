//! The pages and forms of auth: log-in, sign-up, emailed links, step-up, and the field for a new password.
//! `app.rs` mounts their routes.

pub mod card;
pub mod confirm;
pub mod confirm_copy;
pub mod forgot_password;
pub mod log_in;
pub mod magic_link;
pub mod new_password;
pub mod request_link;
pub mod sign_up;
pub mod step_up;
pub mod verify_reminder;

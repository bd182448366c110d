//! The server side of auth. Features use the functions that this file exports, and the flows.

pub mod caller;
pub mod email_code;
pub mod emails;
pub mod flows;
pub mod identify;
pub mod notices;
pub mod outcome;
pub mod password;
pub mod require;
pub mod session;
pub mod token;
pub mod user_agent;
pub mod users;

pub use caller::Caller;
pub use require::{caller, client, cookies, has_password, is_recent, log_denied, require, require_recent, state};

//! The server's half of the core.

pub mod account;
pub mod caller;
pub mod cookies;
pub mod credentials;
pub mod decision;
pub mod freshness;
pub mod identify;
pub mod issue;
pub mod password;
pub mod require;
pub mod session;
pub mod store;
pub mod strength;
pub mod token;

pub use caller::Caller;
pub use require::{caller, client, require, state};

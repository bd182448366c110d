//! The server's half of the core.

pub mod account;
pub mod caller;
pub mod cookies;
pub mod credentials;
pub mod decision;
pub mod events;
pub mod freshness;
pub mod hear;
pub mod identify;
pub mod issue;
pub mod one_time;
pub mod password;
pub mod require;
pub mod revoke;
pub mod session;
pub mod session_id;
pub mod store;
pub mod strength;
pub mod token;

pub use caller::Caller;
pub use require::{caller, client, require, state};

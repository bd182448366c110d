//! The server's half of the core.

pub mod account;
pub mod agent;
pub mod breach;
pub mod caller;
pub mod change;
pub mod codes;
pub mod confirm;
pub mod cookies;
pub mod credentials;
pub mod decision;
pub mod events;
pub mod freshness;
pub mod hear;
pub mod identify;
pub mod issue;
pub mod letters;
pub mod mailed;
pub mod notices;
pub mod one_time;
pub mod password;
pub mod quality;
pub mod require;
pub mod revoke;
pub mod session;
pub mod session_id;
pub mod standing;
pub mod store;
pub mod stored_hash;
pub mod streams;
pub mod strength;
pub mod token;
pub mod typed;
pub mod verified;
pub mod way_back;

pub use caller::Caller;
pub use require::{caller, client, cookies, has_password, is_recent, log_denied, require, require_recent, state};

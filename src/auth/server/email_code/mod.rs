//! One-time codes by email: create, find, use; SQL.
//! Called by the flows.

pub mod code;
pub mod secret;
pub mod store;

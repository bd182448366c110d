//! The rows of accounts, and what people type about themselves, parsed.
//! Called by the flows. Features never read these rows.

pub mod credentials;
pub mod input;
pub mod owner_store;
pub mod store;

//! Accounts: parsing of credentials, and SQL. Called by the flows; features never read these rows.

pub mod credentials;
pub mod email_address;
pub mod input;
pub mod owner_store;
pub mod store;

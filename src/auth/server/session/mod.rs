//! Sessions: begin, check, refresh, end; the decision table; the cache and its invalidation; events; devices; SQL.
//! Called by the middleware and by the flows.

pub mod cache;
pub mod decision;
pub mod end_store;
pub mod events;
pub mod issue;
pub mod lifecycle;
pub mod listener;
pub mod status;
pub mod store;
pub mod streams;

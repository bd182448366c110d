//! Operations: metrics endpoint, logs, audit trail, rate limits. Used by the whole server.

pub mod audit;
pub mod health;
pub mod logging;
pub mod rate_limit;

//! What an operator watches and bounds: metrics, logs, the audit trail, rate limits.
//! Used by the whole server.

pub mod audit;
pub mod health;
pub mod logging;
pub mod rate_limit;

//! Server-only code of the whole app: configuration, database, HTTP, mail, operations, commands, start and stop.
//!
//! `csrf`, `proxies` and `metrics` are not in `http` or `ops`, because `config` and `db` need them too (decision 16).

pub mod cli;
pub mod config;
pub mod csrf;
pub mod db;
pub mod export;
pub mod fail_point;
mod files;
pub mod http;
pub mod mail;
pub mod metrics;
pub mod ops;
pub mod proxies;
pub mod random;
pub mod relative_time;
pub mod serve;
pub mod state;

//! What the whole app needs on the server: configuration, database, layers, start and stop. Knows of callers only through
//! the face of `auth`.

pub mod cli;
pub mod config;
pub mod csrf;
pub mod db;
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

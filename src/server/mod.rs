//! What the whole app needs on the server: configuration, database, layers, start and stop. Knows of callers only through
//! the face of `auth`.

mod address;
pub mod assets;
pub mod audit;
pub mod config;
mod connection_table;
pub mod connections;
mod cookies_blocked;
pub mod db;
mod document;
mod draft;
pub mod failure;
pub mod fault;
mod files;
pub mod flash;
mod form_post;
mod guarded_stream;
pub mod health;
pub mod import;
mod json_cookie;
pub mod key_rotation;
pub mod mail;
pub mod metrics;
pub mod moment;
pub mod origin;
pub mod proxies;
pub mod random;
pub mod request;
pub mod request_headers;
pub mod respond;
pub mod router;
pub mod security;
pub mod serve;
pub mod setup;
pub mod state;
pub mod telemetry;
pub mod throttle;

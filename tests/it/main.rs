//! Black-box tests: the real server on a real port, one database per test, on the engine in `LATCHKEY_TEST_DB`.

// In a test a panic is the failure's report; clippy's own exception leaves helpers out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::type_complexity)]

mod access;
mod accounts;
mod app;
mod browser;
mod budgets;
mod codes;
mod compression;
mod config_cli;
mod config_safety;
mod connections;
mod cookies;
mod crashes;
mod csrf;
mod devices;
mod events;
mod export;
mod faults;
mod fields;
mod files;
mod forms;
mod headers;
mod import;
mod inbox;
mod injection;
mod jwt;
mod keys;
mod known_browsers;
mod logs;
mod mail;
mod mailbox;
mod metrics;
mod model;
mod no_mail;
mod notices;
mod operations;
mod passwords;
mod policy;
mod processes;
mod recovery;
mod redirects;
mod rotation;
mod secrets;
mod session_cache;
mod settings;
mod smtp;
mod stream;
mod survival;
mod throttles;
mod transport;
mod upgrade;

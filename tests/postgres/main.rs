//! Tests for PostgreSQL only: many nodes that notify each other, and a schema that must equal SQLite's. Needs
//! `LATCHKEY_TEST_DB=postgres`; run it with scripts/with-postgres.

// In a test a panic is the failure's report; clippy's own exception leaves helpers out. The shared harness has more than
// these tests use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, dead_code, unused_macros, unused_imports)]

#[path = "../it/app.rs"]
mod app;
#[path = "../it/browser.rs"]
mod browser;
mod locks;
mod nodes;
mod outage;
mod plans;
mod schema;
#[path = "../it/stream.rs"]
mod stream;
mod tls;

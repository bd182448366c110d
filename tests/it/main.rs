//! Black-box tests: the real server on a real port, a database each, on the engine that `LATCHKEY_TEST_DB` names.

mod access;
mod accounts;
mod app;
mod browser;
mod cookies;
mod csrf;
mod headers;
mod injection;
mod jwt;
mod model;
mod redirects;
mod rotation;
mod throttles;
mod transport;

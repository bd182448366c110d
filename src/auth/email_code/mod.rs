//! One-time codes by email, in the types that server and browser share, and their server functions.
//! Used by the auth pages and by features that send a code.

pub mod api;
pub mod model;

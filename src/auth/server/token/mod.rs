//! The two JWTs, the cookies that carry them, and the keys.
//! Called by `session` and by the middleware.

pub mod browser_key;
pub mod claims;
pub mod cookies;
pub mod derived_key;
pub mod key_ring;
pub mod known_browser;
pub mod session_id;
pub mod signed_cookie;
